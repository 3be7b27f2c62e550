"""Spans of characters in a user's text: trimmed, never inside what a reader takes for one character, found again."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_JOINER = "\u200d"


def trim_span(text: str, start: int, end: int) -> tuple[int, int]:
    """Return the span without the white space at its ends; an empty span at `start` where it holds nothing else.

    Args:
        text: The text.
        start: The first character.
        end: The one after the last.
    """
    part = text[start:end]
    inner = part.strip()
    if not inner:
        return start, start
    start += len(part) - len(part.lstrip())
    return start, start + len(inner)


def whole_characters(text: str, start: int, end: int) -> tuple[int, int]:
    """Return the smallest span around a span that cuts no combining mark, emoji sequence or flag from what it belongs to.

    It goes by the rules of Unicode's extended grapheme clusters that need no table beside Python's own: marks, variation
    selectors, skin tones, joined emoji, pairs of regional indicators, and a carriage return with its line feed.

    Args:
        text: The text.
        start: The first character.
        end: The one after the last; an empty span stays as it is.
    """
    if start >= end:
        return start, end
    while start > 0 and _joined(text, start):
        start -= 1
    while end < len(text) and _joined(text, end):
        end += 1
    return start, end


def occurrences(text: str, part: str) -> Iterator[int]:
    """Yield where `part`, which is not empty, begins in the text, overlapping places too, in order."""
    place = text.find(part)
    while place >= 0:
        yield place
        place = text.find(part, place + 1)


def _joined(text: str, place: int) -> bool:
    """Tell whether the character at `place` belongs together with the one before it."""
    before, here = text[place - 1], text[place]
    if here < "\u0300" and before < "\u0300":
        return before == "\r" and here == "\n"
    if before in "\r\n" or here in "\r\n":
        return False
    if here == _JOINER or _extends(here):
        return True
    if before == _JOINER:
        return unicodedata.category(here) == "So"
    if _is_indicator(here) and _is_indicator(before):
        run = place
        while run > 0 and _is_indicator(text[run - 1]):
            run -= 1
        return (place - run) % 2 == 1
    return False


def _extends(character: str) -> bool:
    # Skin tones are symbols of their own, and tags make up the flags of regions.
    wide = "\U0001f3fb" <= character <= "\U0001f3ff" or "\U000e0020" <= character <= "\U000e007f"
    return wide or character == "\u200c" or unicodedata.category(character) in ("Mn", "Me", "Mc")


def _is_indicator(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"
