"""Words of a text with their exact places, and how words that were split go back together.

A word is a run of letters and digits, a single mark of punctuation, or a single character of a script that writes no
spaces. What a reader takes for one character, such as a letter with its marks, stays in one word.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Literal, get_args

from nlpsuite.tasks.char_spans import extends, goes_on

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

Splitting = Literal["fine", "words", "characters"]
SPLITTINGS: tuple[str, ...] = get_args(Splitting)

# Scripts written without spaces: Thai, Lao, Myanmar, Khmer; kana; Chinese characters of all planes. Hangul has spaces.
_UNSPACED = (
    (0x0E00, 0x0EFF),
    (0x1000, 0x109F),
    (0x1780, 0x17FF),
    (0x3005, 0x3007),
    (0x3031, 0x30FF),
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF),
    (0x20000, 0x3FFFF),
)
_JOINS_WORDS = "-'’.,/&_@:·"
_NO_SPACE_BEFORE = frozenset(",.;:!?%)]}»”’…、。，；：！？）】》")
_NO_SPACE_AFTER = frozenset("([{«“‘$£€¿¡（【《")
_CLITIC = re.compile(r"(?:['’](?:s|m|d|ll|re|ve)|n['’]t)", re.IGNORECASE)


@lru_cache(maxsize=1 << 16)
def _kind(character: str) -> str:
    """Return `a` (letter or digit), `c` (stands alone), `s` (space) or `p`; of what goes with a character before it, `p`."""
    if character.isspace():
        return "s"
    if extends(character):
        return "p"
    return "c" if _in_unspaced(character) else "a" if unicodedata.category(character)[0] in "LN" else "p"


def _in_unspaced(character: str) -> bool:
    code = ord(character)
    return any(low <= code <= high for low, high in _UNSPACED)


def is_unspaced(character: str) -> bool:
    """Tell whether a character, not a mark on one, is of a script written without spaces, such as Chinese."""
    return _in_unspaced(character) and unicodedata.category(character)[0] != "M" and not character.isspace()


def split_words(
    text: str, splitting: Splitting = "fine", cuts: Mapping[str, Collection[int]] | None = None
) -> list[tuple[int, int]]:
    """Return the places (start, end) of a text's words, in order; only white space is between them.

    Args:
        text: Any text.
        splitting: `fine` as the module says; `words` keeps what treebanks keep together (`U.S.`, `well-known`, `1,000`) and
            sets `'s` apart; `characters` makes each character a word.
        cuts: Words that are cut further, each with the places inside it where.
    """
    spans = list(_runs(text, characters=splitting == "characters"))
    if splitting == "words":
        spans = _joined(text, spans)
    return [part for span in spans for part in _cut(text, span, cuts)] if cuts else spans


def _runs(text: str, *, characters: bool) -> Iterable[tuple[int, int]]:
    start, before = 0, "s"
    for place, character in enumerate(text):
        # Most texts are quickly read by this: nothing before U+0300 goes on but a line feed.
        if character >= "\u0300" and before != "s" and goes_on(text, place):
            continue
        kind = _kind(character)
        if not (kind == before == "a" and not characters):
            if before != "s":
                yield start, place
            start = place
        before = kind
    if before != "s":
        yield start, len(text)


def _joined(text: str, spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Put runs together around a mark that has letters or digits right before and after it."""
    joined: list[tuple[int, int]] = []
    place = 0
    while place < len(spans):
        start, end = spans[place]
        place += 1
        if _kind(text[start]) == "a":
            while place + 1 < len(spans) and _joins(text, end, spans[place], spans[place + 1]):
                end = spans[place + 1][1]
                place += 2
            if (
                _is_abbreviation(text[start:end])
                and place < len(spans)
                and text[slice(*spans[place])] == text[end : end + 1] == "."
            ):
                end = spans[place][1]
                place += 1
        elif place < len(spans) and spans[place][0] == end and _CLITIC.fullmatch(text, start, spans[place][1]):
            end = spans[place][1]
            place += 1
        joined.append((start, end))
    return joined


def _is_abbreviation(word: str) -> bool:
    return re.fullmatch(r"(?:[^\W\d_]\.)+[^\W\d_]", word) is not None or (len(word) == 1 and word.isupper())


def _joins(text: str, end: int, mark: tuple[int, int], after: tuple[int, int]) -> bool:
    touching = mark[0] == end and mark[1] == after[0] and text[mark[0] : mark[1]] in _JOINS_WORDS
    return touching and _kind(text[after[0]]) == "a" and not _CLITIC.fullmatch(text, mark[0], after[1])


def _cut(text: str, span: tuple[int, int], cuts: Mapping[str, Collection[int]]) -> list[tuple[int, int]]:
    start, end = span
    inside = cuts.get(text[start:end])
    if not inside:
        return [span]
    marks = [start, *(start + place for place in sorted(inside)), end]
    return list(pairwise(marks))


def spaces_before(words: Sequence[str]) -> list[bool]:
    """Tell before which words a space is usual, for words that a file gives one by one.

    A backbone has read natural text: no space before a comma, none between Chinese characters.
    """
    spaces: list[bool] = []
    before = ""
    quoted = False
    for word in words:
        space = bool(before) and word not in _NO_SPACE_BEFORE and before not in _NO_SPACE_AFTER
        if before and word and is_unspaced(before[-1]) and is_unspaced(word[0]):
            space = False
        if _CLITIC.fullmatch(word):
            space = False
        if before == '"' and quoted:
            space = False
        if word == '"':
            space = space and not quoted
            quoted = not quoted
        spaces.append(space)
        before = word
    return spaces
