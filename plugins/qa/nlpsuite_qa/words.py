"""What can be told of a word by itself, its stem and its shape; and which sentence it is in."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

N_SHAPES = 6
"""Values in `Word.shape`."""
_ENDINGS = ".!?。！？…"


class Word(NamedTuple):
    """What is known of a word wherever it stands.

    Attributes:
        key: The word without regard to case.
        stem: What it shares with other forms of the same word, roughly: its first letters.
        shape: Of 0 or 1 each: capital first, all capitals, has a digit, looks like a year, all digits, no letter or digit.
    """

    key: str
    stem: str
    shape: tuple[int, ...]


@lru_cache(maxsize=1 << 17)
def know_word(word: str) -> Word:
    """Return what is known of a word."""
    key = word.lower()
    stem = key if len(key) < 5 else key[:4] if len(key) == 5 else key[:5]
    digits = word.isdigit()
    year = digits and len(word) == 4 and word[0] in "12"
    shape = (
        word[0].isupper(),
        len(word) > 1 and word.isupper(),
        any(character.isdigit() for character in word),
        year,
        digits,
        not any(character.isalnum() for character in word),
    )
    return Word(key, stem, tuple(int(each) for each in shape))


def sentence_numbers(text: str, spans: Sequence[tuple[int, int]]) -> list[int]:
    """Return the number of the sentence that each word is in, from 0.

    A sentence ends with a full stop or the like that white space follows, with no small letter after it, and at a line break.
    """
    numbers: list[int] = []
    current = 0
    last = len(spans) - 1
    for index, (start, end) in enumerate(spans):
        numbers.append(current)
        if index == last:
            break
        after = spans[index + 1][0]
        mark = text[start] in _ENDINGS and end - start == 1
        ends = mark and (text[start] in "。！？" or (after > end and not text[after].islower()))
        if ends or (after > end and "\n" in text[end:after]):
            current += 1
    return numbers
