"""Text to evaluate, just as it is: cut into documents as pretraining does, but nothing cleaned, held out or mixed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from nlpsuite.text.documents import iter_documents
from nlpsuite.text.folder import text_files
from nlpsuite.text.modes import decide_modes
from nlpsuite.text.sources import Sources, find_sources, some

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nlpsuite.report import Progress, Reporter
    from nlpsuite.text.documents import Document
    from nlpsuite.text.sources import Source

_CUT_AT = 1_000_000


@dataclass(frozen=True, slots=True)
class Piece:
    """A document, or a piece of a long one.

    Attributes:
        text: Its text.
        first: Whether the document begins with it.
        last: Whether nothing of the document follows.
        cut: Whether the document is not read to its end, because of a limit.
    """

    text: str
    first: bool
    last: bool
    cut: bool = False


class TextToRead:
    """The text that `--data` names, streamed in pieces.

    Args:
        data: A file, a folder, a glob, or `-` for standard input.
        documents: What separates documents in plain text; `auto` finds out by looking.
        field: The field of a record that holds its text.
        limit_bytes: Read this many bytes of text, the first ones; None: all.
        report: Told how the text is read, and what of it cannot be.

    Attributes:
        stored_bytes: Size of the files on disk.
        documents: Documents read so far.

    Raises:
        UserError: There is no text, or it is binary, damaged or in another encoding.
    """

    def __init__(
        self,
        data: str,
        *,
        documents: Literal["auto", "blank", "line", "file"] = "auto",
        field: str = "text",
        limit_bytes: int | None = None,
        report: Reporter,
    ):
        self._found, self._field, self._report = _sources(data, report), field, report
        # Roles decide what is trained on; here all text counts, whatever its file is called.
        self._sources: tuple[Source, ...] = self._found.read + self._found.test
        self._modes = decide_modes(self._sources, documents)
        self._left = limit_bytes
        self.stored_bytes = sum(source.path.stat().st_size for source in self._sources)
        self.documents = 0
        if len(self._sources) > 1:
            report.say(f"text: {some(source.name for source in self._sources)}")
        for line in self._modes.sentences():
            report.say(line)

    def pieces(self, progress: Progress) -> Iterator[Piece]:
        """Stream the text once, telling how many of `stored_bytes` are read; at the end tell what was left out.

        Raises:
            UserError: As above, where it shows only further on.
        """
        n_empty = n_replaced = 0
        for document, last in _with_last(self._raw(progress)):
            if not document.text:
                n_empty += 1
                continue
            n_replaced += not document.decodable
            piece = self._within_limit(document, last)
            self.documents += piece.first
            yield piece
            if self._left == 0:
                break
        if self._left == 0:
            self._report.say("the text is read up to --limit-bytes")
        if n_empty:
            self._report.say(f"{n_empty:,} empty documents hold nothing to predict and are passed over")
        if n_replaced:
            self._report.warn(f"{n_replaced:,} documents are not UTF-8 in part; what is not counts as U+FFFD")

    def _within_limit(self, document: Document, last: bool) -> Piece:
        if self._left is None:
            return Piece(document.text, document.piece == 0, last)
        data = document.text.encode()
        if len(data) <= self._left:
            self._left -= len(data)
            ended = last or self._left == 0
            return Piece(document.text, document.piece == 0, ended, cut=ended and not last)
        # What is left of a character that the limit cuts is not read.
        text = data[: self._left].decode(errors="ignore")
        self._left = 0
        return Piece(text, document.piece == 0, True, cut=True)

    def _raw(self, progress: Progress) -> Iterator[Document]:
        done = 0
        for source in self._sources:
            documents = iter_documents(
                source,
                self._modes.of(source),
                self._field,
                cut_at=_CUT_AT,
                on_read=lambda n, base=done: progress.update(float(base + n)),  # type: ignore[misc]
            )
            yield from documents
            done += source.path.stat().st_size


def _sources(data: str, report: Reporter) -> Sources:
    path = Path(data).expanduser()
    if not path.is_dir():
        return find_sources([data])
    files, skipped = text_files(path)
    for line in Sources((), skipped=tuple(skipped)).sentences():
        report.say(line)
    return find_sources([str(file) for file in files] or [data])


def _with_last(documents: Iterator[Document]) -> Iterator[tuple[Document, bool]]:
    """Add to each document, or piece of one, whether no further piece of it follows."""
    held: Document | None = None
    for document in documents:
        if held is not None:
            yield held, document.piece == 0
        held = document
    if held is not None:
        yield held, True
