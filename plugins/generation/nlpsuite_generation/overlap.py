"""Words shared between texts: ROUGE against a reference, and how much a text repeats itself, in any language.

A word is a run of letters, digits and their marks, case folded; of scripts without spaces between words (Han, kana), each
character is one. Nothing is stemmed.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_ALONE = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f]")


def words_of(text: str) -> list[str]:
    """Return the words of a text, in order."""
    words: list[str] = []
    current: list[str] = []
    for character in unicodedata.normalize("NFC", text).casefold():
        if _ALONE.match(character) and character.isalnum():
            words += ["".join(current)] if current else []
            words.append(character)
            current = []
        elif character.isalnum() or (current and unicodedata.category(character).startswith("M")):
            current.append(character)
        elif current:
            words.append("".join(current))
            current = []
    return [*words, "".join(current)] if current else words


def ngrams(words: Sequence[str], n: int) -> list[tuple[str, ...]]:
    """Return the runs of `n` words."""
    return [tuple(words[at : at + n]) for at in range(len(words) - n + 1)]


@dataclass(frozen=True, slots=True)
class Rouge:
    """F1 of what a text shares with its reference (Lin 2004), 0 to 1.

    Attributes:
        one: Of words.
        two: Of pairs of words.
        longest: Of the longest common subsequence of words.
    """

    one: float
    two: float
    longest: float


def rouge(text: str, reference: str) -> Rouge:
    """Compare a text with its reference. Where neither has words (or pairs), that is no agreement: 0."""
    said, true = words_of(text), words_of(reference)
    common = _f1(longest_common(said, true), len(said), len(true))
    return Rouge(_rouge_n(said, true, 1), _rouge_n(said, true, 2), common)


def _rouge_n(said: Sequence[str], true: Sequence[str], n: int) -> float:
    ours, theirs = ngrams(said, n), ngrams(true, n)
    return _f1((Counter(ours) & Counter(theirs)).total(), len(ours), len(theirs))


def _f1(shared: int, ours: int, theirs: int) -> float:
    return 2 * shared / (ours + theirs) if shared else 0.0


def longest_common(first: Sequence[str], second: Sequence[str]) -> int:
    """Return the length of the longest common subsequence, with a bit for each place (Hyyrö 2004)."""
    places: dict[str, int] = {}
    for at, word in enumerate(first):
        places[word] = places.get(word, 0) | 1 << at
    full = (1 << len(first)) - 1
    row = full
    for word in second:
        matched = row & places.get(word, 0)
        row = (row + matched | row - matched) & full
    return len(first) - row.bit_count()


def distinct(words: Sequence[str], n: int) -> float | None:
    """Return the share of a text's runs of `n` words that are different ones; None if it has no such run."""
    runs = ngrams(words, n)
    return len(set(runs)) / len(runs) if runs else None


def repetition(words: Sequence[str], n: int = 4) -> float | None:
    """Return the share of a text's runs of `n` words that stood in it before; None if it has no such run."""
    share = distinct(words, n)
    return None if share is None else 1.0 - share
