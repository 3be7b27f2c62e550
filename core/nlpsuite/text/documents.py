"""Cutting sources into documents: blank-line separated, one a line, one a file, or one a JSON or Parquet record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from nlpsuite.text.records import jsonl_texts, parquet_texts
from nlpsuite.text.segments import CUT_AT, segments, split_long
from nlpsuite.text.stream import utf8_blocks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from nlpsuite.text.sources import Source

DocumentMode = Literal["blank", "line", "file", "record"]


class Document(NamedTuple):
    """A document, or one piece of a document too long to be held whole.

    Attributes:
        text: Its text; where `decodable` is False, with U+FFFD for what could not be decoded.
        source: The source it came from.
        line: The line it begins on, from 1 (of a Parquet file, the row).
        n_bytes: The length in UTF-8 bytes of the text as read, without the separators between documents.
        piece: 0 for a whole document or its first piece, 1, 2, ... for the pieces that follow.
        decodable: Whether its bytes are UTF-8.
        key: A 64-bit hash of its text, set by cleaning; equal texts have equal keys.
    """

    text: str
    source: Source
    line: int
    n_bytes: int
    piece: int = 0
    decodable: bool = True
    key: int = 0


def iter_documents(
    source: Source,
    mode: DocumentMode,
    field: str = "text",
    *,
    cut_at: int = CUT_AT,
    on_read: Callable[[int], None] | None = None,
) -> Iterator[Document]:
    r"""Stream the documents of a source.

    The inner newlines of a document are kept. Blank lines (nothing but ASCII white space) never are a document of
    `blank` mode; an empty line is an empty document of `line` mode. Only `\n`, with or without `\r` before it, ends a
    line. A document longer than `cut_at` bytes comes in several pieces, cut after a line or a space, which together are
    the document.

    Args:
        source: What to read.
        mode: How a text source is cut; JSON Lines and Parquet have one document a record whatever is said here.
        field: The field, or column, of a record that holds its text.
        cut_at: The most bytes in one piece; memory stays within a few times this.
        on_read: Called now and then with the number of stored bytes read from the source so far.

    Raises:
        UserError: The source is binary, is not UTF-8, is damaged, or holds a record without that field of text.
    """
    texts: Iterator[tuple[int, str | bytes]]
    if source.kind == "parquet":
        texts = parquet_texts(source, field, on_read)
    elif source.kind == "jsonl":
        texts = jsonl_texts(source, field, utf8_blocks(source, on_read))
    else:
        cut = "file" if mode == "record" else mode
        for segment in segments(utf8_blocks(source, on_read), cut, cut_at):
            yield _from_bytes(source, segment.line, segment.data, segment.piece)
        return
    for line, text in texts:
        yield from _from_record(source, line, text, cut_at)


def _from_bytes(source: Source, line: int, data: bytes, piece: int) -> Document:
    try:
        return Document(data.decode(), source, line, len(data), piece)
    except UnicodeDecodeError:
        return Document(data.decode(errors="replace"), source, line, len(data), piece, decodable=False)


def _from_record(source: Source, line: int, text: str | bytes, cut_at: int) -> Iterator[Document]:
    if isinstance(text, bytes):
        yield _from_bytes(source, line, text, 0)
        return
    try:
        data = text.encode()
    except UnicodeEncodeError:
        data = text.encode(errors="surrogatepass")
    if len(data) <= cut_at:
        yield _from_bytes(source, line, data, 0)
        return
    for piece, part in enumerate(split_long(data, cut_at)):
        yield _from_bytes(source, line, part, piece)
