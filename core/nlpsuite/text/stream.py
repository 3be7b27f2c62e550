"""The bytes of a source as UTF-8: decompressed, UTF-16 and UTF-32 converted, the byte-order mark left out."""

from __future__ import annotations

import bz2
import codecs
import gzip
import lzma
import zlib
from typing import IO, TYPE_CHECKING, BinaryIO, cast

import zstandard

from nlpsuite.errors import UserError
from nlpsuite.text.encoding import check_is_text, check_is_utf8

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from nlpsuite.text.sources import Source

BLOCK = 1 << 20
# Small, since one block of a .zst file is decompressed in one go, to many times its size.
_ZST_BLOCK = 1 << 16
# The mark of UTF-32 begins with that of UTF-16, so it is looked for first.
_MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
# What no UTF-8 text holds: stands for an incomplete last character, so that its document counts as undecodable.
_UNDECODABLE = b"\xff"


def utf8_blocks(source: Source, on_read: Callable[[int], None] | None = None) -> Iterator[bytes]:
    """Stream a text or JSON Lines source as blocks of about 1 MB of what is UTF-8, but for undecodable parts.

    A block may end anywhere, also inside a character.

    Args:
        source: What to read.
        on_read: Called after each block with the number of stored (compressed) bytes read so far.

    Raises:
        UserError: The source cannot be read or decompressed, is binary, or is in another encoding.
    """
    try:
        with source.path.open("rb") as file:
            for block in _as_utf8(_decompressed(file, source), source.name):
                yield block
                if on_read is not None:
                    on_read(file.tell())
    except (EOFError, zlib.error, lzma.LZMAError, zstandard.ZstdError, gzip.BadGzipFile) as error:
        raise UserError(
            f"damaged .{source.compression} file ({error})", where=source.name, fix="make or copy it anew"
        ) from None
    except OSError as error:
        # bz2 says that a file is damaged with an OSError without a number.
        what = f"cannot be read ({error.strerror})" if error.errno else f"damaged .{source.compression} file ({error})"
        raise UserError(what, where=source.name, fix="check the file") from None


def head_of(source: Source, n_bytes: int) -> tuple[bytes, bool]:
    """Read the first `n_bytes` or less of a source, and tell whether that is all of it.

    Raises:
        UserError: As `utf8_blocks`.
    """
    blocks: list[bytes] = []
    size = 0
    stream = utf8_blocks(source)
    for block in stream:
        blocks.append(block)
        size += len(block)
        if size > n_bytes:
            break
    return b"".join(blocks)[:n_bytes], size <= n_bytes


def _as_utf8(blocks: Iterator[bytes], name: str) -> Iterator[bytes]:
    head, whole = _gather(blocks)
    encoding = next((code for mark, code in _MARKS.items() if head.startswith(mark)), None)
    if encoding is not None:
        blocks = _converted(_with_first(head, blocks), encoding, name)
        head, whole = _gather(blocks)
    head = head.removeprefix(codecs.BOM_UTF8)
    check_is_text(head, name)
    if encoding is None:
        check_is_utf8(head, name, whole=whole)
    yield head
    yield from blocks


def _gather(blocks: Iterator[bytes]) -> tuple[bytes, bool]:
    """Read the first block or so, and tell whether it was all."""
    parts: list[bytes] = []
    size = 0
    for block in blocks:
        parts.append(block)
        size += len(block)
        if size >= BLOCK:
            return b"".join(parts), False
    return b"".join(parts), True


def _with_first(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


def _converted(blocks: Iterator[bytes], encoding: str, name: str) -> Iterator[bytes]:
    """Convert to UTF-8; a lone surrogate becomes bytes that are not, so that its document is undecodable."""
    decoder = codecs.getincrementaldecoder(encoding)("surrogatepass")
    try:
        for block in blocks:
            yield decoder.decode(block).encode("utf-8", "surrogatepass")
    except UnicodeDecodeError as error:
        raise UserError(f"damaged {encoding} text ({error.reason})", where=name, fix="convert it to UTF-8") from None
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        yield _UNDECODABLE


def _decompressed(file: BinaryIO, source: Source) -> Iterator[bytes]:
    if source.compression == "zst":
        return _zst(file)
    stream: IO[bytes] = file
    if source.compression == "gz":
        stream = cast("IO[bytes]", gzip.GzipFile(fileobj=file))
    elif source.compression == "xz":
        stream = lzma.LZMAFile(file)  # noqa: SIM115
    elif source.compression == "bz2":
        stream = bz2.BZ2File(file)
    return iter(lambda: stream.read(BLOCK), b"")


def _zst(file: BinaryIO) -> Iterator[bytes]:
    """Decompress all frames of a .zst file; unlike the library's own reader, notice where the file was cut short."""
    frame = zstandard.ZstdDecompressor().decompressobj()
    inside = False
    while data := file.read(_ZST_BLOCK):
        while data:
            text = frame.decompress(data)
            if text:
                yield text
            inside = not frame.eof
            data = b""
            if frame.eof:
                data = frame.unused_data
                frame = zstandard.ZstdDecompressor().decompressobj()
    if inside:
        raise EOFError("the file ends before its end marker")
