"""Lines from a pipe as they come, and whether the next one is there already, so that answers need not wait for it."""

from __future__ import annotations

import codecs
import os
import select
from typing import TYPE_CHECKING

from nlpsuite.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator

_BLOCK = 1 << 16


class LiveLines:
    r"""The lines of a pipe, a terminal or a file, decoded from UTF-8, each with its `\n`; the last may lack one.

    Args:
        descriptor: The open file's descriptor; it is not closed.
        name: What it is called in messages.

    Raises:
        UserError: While iterating: a line is not UTF-8, or the input is binary.
    """

    def __init__(self, descriptor: int, name: str):
        self._descriptor, self.name = descriptor, name
        self._lines: list[bytes] = []
        self._rest: list[bytes] = []
        self._ended = False

    def __iter__(self) -> Iterator[str]:
        number = 0
        while self._fill():
            number += 1
            data = self._lines.pop()
            yield self._decoded(data.removeprefix(codecs.BOM_UTF8) if number == 1 else data, number)

    def ready(self) -> bool:
        """Whether the next line, or the end, comes without waiting; where the system cannot tell, it says no."""
        while not self._lines and not self._ended:
            try:
                waiting, _, _ = select.select([self._descriptor], [], [], 0)
            except (OSError, ValueError):
                return False
            if not waiting:
                return False
            self._read()
        return True

    def _fill(self) -> bool:
        while not self._lines and not self._ended:
            self._read()
        return bool(self._lines)

    def _read(self) -> None:
        block = os.read(self._descriptor, _BLOCK)
        first, newline, rest = block.partition(b"\n")
        self._rest.append(first)
        if not block:
            self._ended = True
        if not newline and block:
            return
        line = b"".join(self._rest) + newline
        *lines, last = rest.split(b"\n")
        self._rest = [last]
        # The next line is the last in the list, where taking it costs nothing.
        self._lines = [each + b"\n" for each in reversed(lines)] + ([line] if line else [])

    def _decoded(self, data: bytes, number: int) -> str:
        if b"\0" in data:
            what = "a NUL byte: binary input, or UTF-16"
            raise UserError(
                what, where=self.name, line=number, fix="give UTF-8 text, or convert it with `iconv -t UTF-8`"
            )
        try:
            return data.decode()
        except UnicodeDecodeError as error:
            what = f"byte 0x{data[error.start]:02x} is not UTF-8; perhaps the text is Latin-1 or Windows-1252"
            fix = "convert it with `iconv -f WINDOWS-1252 -t UTF-8`"
            raise UserError(what, where=self.name, line=number, fix=fix) from None
