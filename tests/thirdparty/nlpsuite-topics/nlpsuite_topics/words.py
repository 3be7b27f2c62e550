"""The words of a text, and those that set a cluster of texts apart from the others."""

from __future__ import annotations

from collections import Counter
from math import log
from typing import TYPE_CHECKING

from nlpsuite.api import is_unspaced, split_words

if TYPE_CHECKING:
    from collections.abc import Sequence

SHORTEST = 3
COMMONEST = 0.4
"""Words of more than this share of the texts tell nothing."""


def words_of(text: str) -> list[str]:
    """Return the words of a text that may name a topic: in lower case, without the shortest; of Chinese, pairs of characters."""
    words: list[str] = []
    before = (-1, "")
    for start, end in split_words(text):
        word = text[start:end].lower()
        if is_unspaced(word[0]) and word.isalpha():
            if before[0] == start:
                words.append(before[1] + word)
            before = (end, word)
        elif word.isalpha() and len(word) >= SHORTEST:
            words.append(word)
    return words


def naming_words(texts: Sequence[Sequence[str]], topics: Sequence[int], n_topics: int, number: int) -> list[list[str]]:
    """Return the words that set each topic apart: their share in it times how rare they are in all (Grootendorst 2022, c-TF-IDF).

    Args:
        texts: The words of each text.
        topics: The topic of each.
        n_topics: How many topics there are.
        number: How many words for each.
    """
    documents = Counter(word for words in texts for word in set(words))
    allowed = {word for word, count in documents.items() if 1 < count <= max(2.0, COMMONEST * len(texts))}
    counts: list[Counter[str]] = [Counter() for _ in range(n_topics)]
    for words, topic in zip(texts, topics, strict=True):
        counts[topic].update(word for word in words if word in allowed)
    everywhere = sum(counts, Counter())
    mean = everywhere.total() / max(1, n_topics)
    named = []
    for inside in counts:
        total = max(1, inside.total())
        weight = {word: count / total * log(1 + mean / everywhere[word]) for word, count in inside.items()}
        named.append(sorted(weight, key=lambda word: (-weight[word], word))[:number])
    return named
