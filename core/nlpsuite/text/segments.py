"""Cutting a stream of bytes at blank lines or line ends, a block at a time, with bounded memory."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

CUT_AT = 16_000_000
_LONGEST_SPACE = 1 << 20

_SPACE = rb"[ \t\r\f\v]*"
_SPACES = re.compile(_SPACE)
_BLANK_LINES = re.compile(rb"(?:" + _SPACE + rb"\n)*")
_SEPARATOR = re.compile(rb"\n" + _SPACE + rb"\n")


class Segment(NamedTuple):
    """What lies between two separators, or a piece of it.

    Attributes:
        line: The line it begins on, from 1.
        data: Its bytes.
        piece: 0, or 1, 2, ... for the further pieces of a segment too long to be held whole.
        last: Whether no further piece of it follows.
    """

    line: int
    data: bytes
    piece: int
    last: bool


def segments(
    blocks: Iterable[bytes], mode: Literal["blank", "line", "file"], cut_at: int = CUT_AT
) -> Iterator[Segment]:
    r"""Cut a stream into segments; the result does not depend on where the blocks end.

    `blank`: between lines of nothing but ASCII white space; no segment is blank. `line`: at each `\n`, a `\r` before it
    left out; empty lines are segments. `file`: the whole stream. Only `\n` ends a line: not U+2028, U+0085, `\v`, `\f`
    or a lone `\r`.

    Args:
        blocks: The stream, cut anywhere.
        mode: Where to cut.
        cut_at: The most bytes in one piece, at least 8.
    """
    held = _Held(cut_at)
    if mode == "blank":
        return _blank(blocks, held)
    return _lines(blocks, held) if mode == "line" else _whole(blocks, held)


def split_long(data: bytes, cut_at: int) -> list[bytes]:
    """Split UTF-8 bytes into pieces of at most `cut_at` bytes.

    A piece ends after a line, or else a space, where its latter half has one. Joined, the pieces are `data`; no
    character is cut in two.
    """
    pieces = []
    start = 0
    while len(data) - start > cut_at:
        end = _cut(data, start, start + cut_at)
        pieces.append(data[start:end])
        start = end
    return [*pieces, data[start:]]


def _cut(data: bytes, start: int, end: int) -> int:
    middle = (start + end) // 2
    for separator in (b"\n", b" "):
        place = data.rfind(separator, middle, end)
        if place >= 0:
            return place + 1
    for place in range(end, end - 4, -1):
        if data[place] & 0xC0 != 0x80:
            return place
    return end


class _Held:
    """The segment being read: gives pieces off when it gets too long."""

    def __init__(self, cut_at: int):
        self.line = 1
        self.cut_at = cut_at
        self._parts: list[bytes] = []
        self._size = 0
        self._piece = 0

    def add(self, data: bytes) -> Iterator[Segment]:
        self._parts.append(data)
        self._size += len(data)
        if self._size > self.cut_at:
            *full, rest = split_long(b"".join(self._parts), self.cut_at)
            self._parts, self._size = [rest], len(rest)
            for data in full:
                yield self._give(data, last=False)
                self._piece += 1

    def end(self) -> Segment:
        data = b"".join(self._parts)
        segment = self._give(data, last=True)
        self._parts, self._size, self._piece = [], 0, 0
        return segment

    @property
    def is_empty(self) -> bool:
        return not (self._size or self._piece)

    def _give(self, data: bytes, *, last: bool) -> Segment:
        segment = Segment(self.line, data, self._piece, last)
        self.line += data.count(b"\n")
        return segment


def _whole(blocks: Iterable[bytes], held: _Held) -> Iterator[Segment]:
    for block in blocks:
        yield from held.add(block)
    yield held.end()


def _lines(blocks: Iterable[bytes], held: _Held) -> Iterator[Segment]:
    for block in blocks:
        rows = block.split(b"\n")
        for row in rows[:-1]:
            if len(row) <= held.cut_at and held.is_empty:
                yield Segment(held.line, row[:-1] if row.endswith(b"\r") else row, 0, True)
            else:
                yield from held.add(row)
                yield _without_return(held.end())
            held.line += 1
        yield from held.add(rows[-1])
    if not held.is_empty:
        yield _without_return(held.end())


def _without_return(segment: Segment) -> Segment:
    return segment._replace(data=segment.data[:-1]) if segment.data.endswith(b"\r") else segment


def _blank(blocks: Iterable[bytes], held: _Held) -> Iterator[Segment]:
    # `rest` is what the next block decides on: white space that may turn out to be part of a blank line.
    rest, inside = b"", False
    for block in blocks:
        data, start = rest + block, 0
        while True:
            if not inside:
                start = _skip_blank_lines(data, start, held)
                if _only_space(data, start):
                    rest = data[start:]
                    break
                inside = True
            separator = _SEPARATOR.search(data, start)
            if separator is None:
                end = _undecided(data, start)
                yield from held.add(data[start:end])
                rest = data[end:]
                break
            yield from held.add(data[start : separator.start()])
            yield held.end()
            held.line += 1
            inside, start = False, separator.start() + 1
    if inside:
        yield held.end()


def _skip_blank_lines(data: bytes, start: int, held: _Held) -> int:
    end = _BLANK_LINES.match(data, start).end()  # type: ignore[union-attr]
    held.line += data.count(b"\n", start, end)
    return end


def _undecided(data: bytes, start: int) -> int:
    """Find where the last line end stands that only white space follows; else the end of the data."""
    newline = data.rfind(b"\n", start)
    return newline if newline >= 0 and _only_space(data, newline + 1) else len(data)


def _only_space(data: bytes, start: int) -> bool:
    """Tell whether only white space follows, and not more of it than fits in memory."""
    return len(data) - start <= _LONGEST_SPACE and _SPACES.fullmatch(data, start) is not None
