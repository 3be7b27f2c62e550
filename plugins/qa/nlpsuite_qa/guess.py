"""The simplest honest guess: a sliding window over the context, as in the baseline of Rajpurkar et al. 2016."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from nlpsuite.api import split_words
from nlpsuite_qa.words import know_word

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nlpsuite_qa.rarity import Rarity
    from nlpsuite_qa.words import Word

_REACH = 10
_MOST_WORDS = 5


def guess_answer(question: str, context: str, rarity: Rarity) -> str:
    """Return the run of names or numbers, not in the question, with most of the question's rare words around it.

    After the sliding window of Richardson et al. 2013, which scores a place by the inverse counts of the question's words
    around it. Where a context has no such run, single words stand in for it.

    Args:
        question: The question.
        context: Where the answer stands.
        rarity: How rare words are.
    """
    asked = {know_word(word).key for word in re.findall(r"\w+", question)}
    spans = split_words(context)
    words = [know_word(context[start:end]) for start, end in spans]
    sums = [0.0]
    for word in words:
        sums.append(sums[-1] + (rarity.of(word.key) if word.key in asked else 0.0))
    best, answer = -1.0, ""
    for first, last in _candidates(words, asked) or [(index, index + 1) for index in range(len(words))]:
        score = sums[min(len(words), last + _REACH)] - sums[max(0, first - _REACH)]
        if score > best:
            best, answer = score, context[spans[first][0] : spans[last - 1][1]]
    return answer


def _candidates(words: Sequence[Word], asked: set[str]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    begun: int | None = None
    for index, word in enumerate([*words, None]):
        named = word is not None and (word.shape[0] or word.shape[2]) and word.key not in asked
        if named and begun is None:
            begun = index
        elif begun is not None and (not named or index - begun == _MOST_WORDS):
            found.append((begun, index))
            begun = index if named else None
    return found
