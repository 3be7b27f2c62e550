"""Telling UTF-8 text from binary files and from other encodings, by the beginning of a file."""

from __future__ import annotations

import codecs

from nlpsuite.errors import UserError

# Control characters that text does not hold. Tab, line ends, form feed and escape (terminal colours) may occur.
_CONTROL = bytes(byte for byte in (*range(9), *range(14, 32), 127) if byte != 27)
_STRAY = 3
_HIGH = bytes(range(128, 256))
_C1 = bytes(range(0x80, 0xA0))
_CJK = range(0x4E00, 0xA000)


def check_is_text(head: bytes, name: str) -> None:
    """Refuse a binary file: one where more than 2 % of the beginning are control characters, and more than a stray few.

    Args:
        head: The beginning of the file.
        name: The file, for the message.

    Raises:
        UserError: The file is binary, or UTF-16 without a byte-order mark.
    """
    n_control = len(head) - len(head.translate(None, _CONTROL))
    if n_control <= max(_STRAY, len(head) // 50):
        return
    if head.count(0) * 3 > len(head):
        raise UserError(
            "many NUL bytes: UTF-16 without a byte-order mark, or a binary file",
            where=name,
            fix=f"if it is text: iconv -f utf-16le -t utf-8 {name}",
        )
    raise UserError("a binary file, not text", where=name, fix="give plain text, JSON Lines or Parquet")


def check_is_utf8(head: bytes, name: str, *, whole: bool) -> None:
    """Refuse text in another encoding; single undecodable lines in a text that else is UTF-8 pass.

    Args:
        head: The beginning of the file, a byte-order mark left out.
        name: The file, for the message.
        whole: Whether this is all of the file, not only its beginning.

    Raises:
        UserError: More than half of the lines that are not ASCII, and more than a quarter of all lines, are not UTF-8. The
            message has the first of them and the likely encoding.
    """
    if head.isascii() or _decodes(head, "utf-8", whole=whole):
        return
    lines = head.split(b"\n")
    if not whole and len(lines) > 1:
        lines.pop()
    suspects = [number for number, line in enumerate(lines, start=1) if not line.isascii()]
    bad = [number for number in suspects if not _decodes(lines[number - 1], "utf-8", whole=whole or len(lines) > 1)]
    if 2 * len(bad) > len(suspects) and 4 * len(bad) > len(lines):
        label, code = _likely_encoding(head, whole=whole)
        raise UserError(
            f"not UTF-8, {label}", where=name, line=bad[0], fix=f"convert it: iconv -f {code} -t utf-8 {name} > new"
        )


def _decodes(data: bytes, encoding: str, *, whole: bool) -> bool:
    try:
        codecs.getincrementaldecoder(encoding)().decode(data, final=whole)
    except UnicodeDecodeError:
        return False
    return True


def _likely_encoding(head: bytes, *, whole: bool) -> tuple[str, str]:
    """Name the likely encoding in words, and as iconv calls it."""
    n_high = len(head) - len(head.translate(None, _HIGH))
    if n_high * 10 <= len(head) * 3:
        if len(head) == len(head.translate(None, _C1)):
            return "looks like Latin-1", "latin1"
        return "looks like Windows-1252", "windows-1252"
    if _decodes(head, "gb18030", whole=whole):
        letters = [char for char in head.decode("gb18030", "ignore") if not char.isascii()]
        if 2 * sum(ord(char) in _CJK for char in letters) > len(letters):
            return "looks like GB 18030 (GBK)", "gb18030"
    return "in another encoding, or a binary file", "ENCODING"
