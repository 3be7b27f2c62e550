"""Character spans of pieces: from the bytes each piece stands for, or from where each begins."""

from __future__ import annotations

from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence


def spans_of_bytes(n_bytes: Sequence[int], text: str) -> list[tuple[int, int]]:
    """Return the characters that each piece stands for or is a part of.

    Args:
        n_bytes: The UTF-8 bytes of each piece, above zero; together those of the text.
        text: The text.
    """
    if text.isascii():
        marks = [0, *accumulate(n_bytes)]
        return list(pairwise(marks))
    ends = np.cumsum(n_bytes, dtype=np.int64)
    begins = ends - np.asarray(n_bytes, np.int64)
    # A byte of the form 10xxxxxx goes on with a character; every other byte begins one.
    character_of_byte = np.cumsum((np.frombuffer(text.encode(), np.uint8) & 0xC0) != 0x80) - 1
    first, last = character_of_byte[begins], character_of_byte[ends - 1]
    return list(zip(first.tolist(), (last + 1).tolist(), strict=True))


def spans_of_begins(begins: Sequence[int], length: int) -> list[tuple[int, int]]:
    """Return spans that cover a text: each goes on to the next place where a piece begins.

    Args:
        begins: The character at which each piece begins, never falling; equal ones share their span.
        length: The characters of the text.
    """
    spans: list[tuple[int, int]] = []
    end = length
    for begin in reversed(begins):
        # What normalisation took away before the first piece belongs to that piece.
        start = 0 if begin == begins[0] else begin
        if spans and start < spans[-1][0]:
            end = spans[-1][0]
        spans.append((start, end))
    return spans[::-1]


def spans_without_gaps(spans: Sequence[tuple[int, int]], length: int) -> list[tuple[int, int]]:
    """Return spans that cover a text: what lies before the first belongs to that, all else to the one before it.

    Args:
        spans: The characters of each piece; those of pieces that are parts of one character are equal, and stay so.
        length: The characters of the text.
    """
    begins = list(accumulate((begin for begin, _ in spans), max))
    ends = list(accumulate((max(begin, end) for begin, (_, end) in zip(begins, spans, strict=True)), max))
    covering: list[tuple[int, int]] = []
    until, after = length, (length, length)
    for begin, end in zip(reversed(begins), reversed(ends), strict=True):
        if covering and (begin, end) != after:
            until = covering[-1][0]
        after = begin, end
        covering.append((0 if begin == begins[0] else begin, max(end, until)))
    return covering[::-1]
