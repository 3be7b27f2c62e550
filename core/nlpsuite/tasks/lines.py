r"""Lines of a data file, decompressed and decoded; unlike text to pretrain on, none may be undecodable.

Only `\n` ends a line, so that a `\r\n` can be told from a lone `\r` inside a text; each line keeps its end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nlpsuite.errors import UserError
from nlpsuite.text.kinds import by_content
from nlpsuite.text.sources import Source
from nlpsuite.text.stream import utf8_blocks

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

_NOT_TEXT = {
    b"PK\x03\x04": "a zip archive or an Excel workbook",
    b"PAR1": "a Parquet file",
    b"%PDF": "a PDF",
    b"\xd0\xcf\x11\xe0": "an old Excel or Word file",
}


def file_lines(path: Path) -> Iterator[str]:
    r"""Yield the lines of a text file, each with its `\n`; the last may lack one.

    The text is UTF-8, or UTF-16 or UTF-32 with a byte-order mark; the file may be compressed, whatever its name.

    Raises:
        UserError: The file is missing, empty, damaged, binary, or in another encoding.
    """
    try:
        with path.open("rb") as file:
            head = file.read(1 << 12)
    except FileNotFoundError:
        raise UserError("no such file", where=path, fix="check the path") from None
    except OSError as error:
        what = f"cannot be read ({error.strerror})"
        raise UserError(what, where=path, fix="check that it is a readable file") from None
    for magic, kind in _NOT_TEXT.items():
        if head.startswith(magic):
            raise UserError(f"not text but {kind}", where=path, fix="export it as CSV, TSV or JSON Lines in UTF-8")
    number = 0
    for number, line in enumerate(_split(utf8_blocks(Source(str(path), path, "text", by_content(head)[1]))), start=1):
        yield _decoded(line, path, number)
    if not number:
        raise UserError("the file is empty", where=path, fix="give a file with rows")


def _split(blocks: Iterable[bytes]) -> Iterator[bytes]:
    parts: list[bytes] = []
    for block in blocks:
        *lines, rest = block.split(b"\n")
        for line in lines:
            yield b"".join((*parts, line, b"\n"))
            parts.clear()
        parts.append(rest)
    if last := b"".join(parts):
        yield last


def _decoded(line: bytes, path: Path, number: int) -> str:
    if b"\0" in line:
        fix = "take it out; if this is UTF-16 without a byte-order mark, convert it with `iconv -f utf-16le -t utf-8`"
        raise UserError("a NUL byte: not a text file", where=path, line=number, fix=fix)
    try:
        return line.decode()
    except UnicodeDecodeError as error:
        what = f"byte 0x{line[error.start]:02x} is not UTF-8; Latin-1 or Windows-1252 perhaps"
        fix = "convert the file with `iconv -f windows-1252 -t utf-8`"
        raise UserError(what, where=path, line=number, fix=fix) from None
