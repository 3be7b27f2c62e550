"""Characters of a user's text: what a reader takes for one, and spans that are trimmed, never cut one, and are found again."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING

from nlpsuite.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_JOINER = "\u200d"
_INDICATORS = ("\U0001f1e6", "\U0001f1ff")
# What Unicode's table has as extending beside marks, and Python has no name for.
_EXTENDING = (
    (0x200C, 0x200D),  # the non-joiner and the joiner
    (0x1F3FB, 0x1F3FF),  # skin tones
    (0xE0020, 0xE007F),  # tags, which make up the flags of regions
    (0x1160, 0x11FF),  # vowels and finals of decomposed Hangul, as macOS writes file names
    (0xD7B0, 0xD7FF),
    (0x0E33, 0x0E33),  # sara am of Thai and of Lao
    (0x0EB3, 0x0EB3),
    (0xFF9E, 0xFF9F),  # sound marks of halfwidth kana
)


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
    """Return the smallest span around a span that cuts nothing from the character that it belongs to, as `goes_on` has it.

    Args:
        text: The text.
        start: The first character.
        end: The one after the last; an empty span stays as it is.
    """
    if start >= end:
        return start, end
    while start > 0 and goes_on(text, start):
        start -= 1
    while end < len(text) and goes_on(text, end):
        end += 1
    return start, end


def occurrences(text: str, part: str) -> Iterator[int]:
    """Yield where `part`, which is not empty, begins in the text, overlapping places too, in order."""
    place = text.find(part)
    while place >= 0:
        yield place
        place = text.find(part, place + 1)


def goes_on(text: str, place: int) -> bool:
    """Tell whether what stands at a place is, for a reader, of one character with what stands before it.

    It goes by the rules of Unicode's extended grapheme clusters that need no table beside Python's own: marks, variation
    selectors, skin tones, joined emoji, pairs of regional indicators, decomposed Hangul, joined consonants of Indic scripts,
    and a carriage return with its line feed.

    Args:
        text: The text.
        place: From 1.
    """
    before, here = text[place - 1], text[place]
    if here < "\u0300":
        return before == "\r" and here == "\n"
    if extends(here):
        return before not in "\r\n"
    if before == _JOINER:
        return _is_joined(text, place)
    if here < _INDICATORS[0] or not (_is_indicator(here) and _is_indicator(before)):
        return False
    run = place
    while run > 0 and _is_indicator(text[run - 1]):
        run -= 1
    return (place - run) % 2 == 1


@lru_cache(maxsize=1 << 16)
def extends(character: str) -> bool:
    """Tell whether a character always belongs to the one before it: a mark, a joiner, a vowel of decomposed Hangul."""
    code = ord(character)
    return unicodedata.category(character)[0] == "M" or any(low <= code <= high for low, high in _EXTENDING)


def _is_joined(text: str, place: int) -> bool:
    """Tell whether a joiner binds what follows it: the next picture, or a consonant after one whose vowel is taken away."""
    category = unicodedata.category(text[place])
    # Arrows are pictures too, though most of them are mathematical symbols: a head that nods is a face and an arrow.
    if category == "So" or (category == "Sm" and "\u2190" <= text[place] <= "\u2bff"):
        return True
    # 9 is the class of viramas. After a letter a joiner only shapes it, as in Arabic.
    return category[0] == "L" and place > 1 and unicodedata.combining(text[place - 2]) == 9


def _is_indicator(character: str) -> bool:
    return _INDICATORS[0] <= character <= _INDICATORS[1]


def refuse_half_characters(text: str, where: str | Path, line: int | None = None, name: str = "") -> None:
    """Refuse a text that no encoding can write, as JSON's escapes can make one.

    Args:
        text: The text.
        where: Its file.
        line: Its line.
        name: The field that it is in, for the message.

    Raises:
        UserError: It holds half a surrogate pair.
    """
    try:
        text.encode()
    except UnicodeEncodeError as error:
        place = f" in the {name}" if name else ""
        what = f"half a surrogate pair{place}, \\u{ord(text[error.start]):x}, which stands for no character"
        raise UserError(what, where=where, line=line, fix="take it out") from None
