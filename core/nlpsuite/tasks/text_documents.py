r"""Rows of running text: documents found in text files, the long ones in pieces, and which files are which split.

Line ends are read as `\n`: a model that has learned `\r\n` would write it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from nlpsuite.errors import UserError
from nlpsuite.tasks.splits import find_splits
from nlpsuite.tasks.task import Row, SplitFiles
from nlpsuite.text.documents import Document, iter_documents
from nlpsuite.text.folder import text_files
from nlpsuite.text.kinds import by_content, by_suffix, role_by_name
from nlpsuite.text.modes import decide_modes
from nlpsuite.text.sources import Source, some

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from nlpsuite.report import Reporter

DocumentsSetting = Literal["auto", "blank", "line", "file"]
TEXT_SUFFIXES = (".txt", ".text")


@dataclass(frozen=True, slots=True)
class TextRow(Row):
    """A document, or a piece of one too long for a row; its input is `text`, and joined, the pieces are the document.

    Attributes:
        document: The number of its document among those read, from 0.
        last: Whether the document ends with it.
    """

    document: int = 0
    last: bool = True


def text_splits(path: Path, suffixes: Sequence[str]) -> SplitFiles:
    """Find train, validation and test text: by names, as for tables; else a folder as a whole is training text.

    Files and folders named for validation or testing are kept out of it.

    Args:
        path: The user's file or folder.
        suffixes: The suffixes that data files have; compression is allowed after each.

    Raises:
        UserError: There is nothing at `path`, or two candidates for one split.
    """
    if not path.is_dir() or any(_named_for_training(entry) for entry in path.iterdir()):
        return find_splits(path, suffixes)
    held: dict[str, list[Path]] = {"valid": [], "test": []}
    for entry in sorted(path.iterdir()):
        role = "train" if entry.name.startswith(".") else role_by_name(entry)
        if role != "train":
            held[role].append(entry)
    for split, found in held.items():
        if len(found) > 1:
            names = " and ".join(f"`{entry.name}`" for entry in found[:3])
            raise UserError(f"{names} are both {split} data", where=path, fix="put them into one folder of that name")
    valid, test = (found[0] if found else None for found in held.values())
    notes = [f"{split}: {found[0].name}" for split, found in held.items() if found]
    beside = " but those" if notes else ""
    return SplitFiles(path, valid, test, (*notes, f"train: all text files in {path.name}{beside}"))


def _named_for_training(entry: Path) -> bool:
    return not {"train", "training"}.isdisjoint(re.split(r"[^a-z]+", entry.name.casefold()))


def data_files(path: Path, report: Reporter) -> list[Path]:
    """Return the files that a split is in: the file itself, or the text files in a folder that no other split is named by.

    Args:
        path: A file or a folder.
        report: Told what is passed over.

    Raises:
        UserError: There is nothing, or no text in the folder.
    """
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise UserError("no such file or folder", where=path, fix="check the path")
    files, skipped = text_files(path)
    roles = {file: _role(file, path) for file in files}
    kept = [file for file in files if roles[file] == "train"] or files
    for reason in sorted({item.reason for item in skipped}):
        report.say(f"skipped, {reason}: {some(str(item.path) for item in skipped if item.reason == reason)}")
    if not kept:
        raise UserError("no text files in this folder", where=path, fix="give .txt or .jsonl files")
    return kept


def _role(file: Path, folder: Path) -> str:
    """Return what a file, or else the folder right below `folder` that it lies in, is named for."""
    own = role_by_name(file)
    below = folder / file.relative_to(folder).parts[0]
    return own if own != "train" or below == file else role_by_name(below)


def document_rows(
    files: Sequence[Path], *, documents: DocumentsSetting, longest: int, report: Reporter, first: int = 0
) -> Iterator[TextRow]:
    """Yield the documents of plain-text files, in order; how they are set apart is found by looking, and said.

    Args:
        files: Text files, compressed or not.
        documents: What separates documents; `auto` finds out.
        longest: The most characters of a row; longer documents are cut where a paragraph, a line or a word ends.
        report: Told what was found.
        first: The number of the first document.

    Raises:
        UserError: A file is empty, damaged or binary, or a document is not UTF-8; with its line.
    """
    sources = [_source(file) for file in files]
    modes = decide_modes(sources, documents)
    for sentence in modes.sentences():
        report.say(sentence.replace("--documents ", "--set task.documents="))
    empty, cut, number = 0, 0, first - 1
    returns: list[str] = []
    for source in sources:
        held: TextRow | None = None
        for document in _with_plain_ends(iter_documents(source, modes.of(source)), returns):
            where = f"{source.name}:{document.line}"
            if not document.decodable:
                fix = "convert the file with `iconv -f windows-1252 -t utf-8`, or take these bytes out"
                raise UserError("a text that is not UTF-8", where=source.name, line=document.line, fix=fix)
            if document.piece == 0:
                if held is not None:
                    yield replace(held, last=True)
                held = None
                if not document.text.strip():
                    empty += 1
                    continue
                number += 1
                cut += len(document.text) > longest
            for row in piece_rows(document.text, number, longest, where):
                if held is not None:
                    yield replace(held, last=False)
                held = row
        if held is not None:
            yield replace(held, last=True)
    _say_cut(cut, longest, report)
    if returns:
        report.say(f"lines that end in \\r\\n are read as ending in \\n: {some(returns)}")
    report.left_out(empty, "empty lines or files", some(source.name for source in sources))


def _with_plain_ends(documents: Iterator[Document], returns: list[str]) -> Iterator[Document]:
    r"""Yield documents with `\n` for `\r\n`; a lone `\r` inside a line is the text's own.

    Args:
        documents: Of one file.
        returns: The file's name is added to it if there was one.
    """
    for document in documents:
        # Between documents, what is left of an end is its first half.
        text = document.text.replace("\r\n", "\n").removesuffix("\r")
        if text != document.text and document.source.name not in returns:
            returns.append(document.source.name)
        yield document._replace(text=text)


def _say_cut(cut: int, longest: int, report: Reporter) -> None:
    if cut:
        each = "document is" if cut == 1 else "documents are"
        report.say(f"{cut:,} {each} longer than {longest:,} characters and cut into rows at ends of paragraphs")


def piece_rows(text: str, document: int, longest: int, where: str) -> Iterator[TextRow]:
    """Yield the rows of one document.

    Args:
        text: The document.
        document: Its number.
        longest: The most characters of a row.
        where: `file:line` where it begins.
    """
    file, colon, begin = where.rpartition(":")
    line, pieces = int(begin), cut_text(text, longest)
    for number, piece in enumerate(pieces, start=1):
        yield TextRow({"text": piece}, None, f"{file}{colon}{line}", document, number == len(pieces))
        line += piece.count("\n")


def cut_text(text: str, longest: int) -> list[str]:
    """Cut a text into pieces of like length, of `longest` characters at most, which joined are the text.

    Each ends, if its latter half has such a place, after a blank line, else after a line, else after a space.
    """
    pieces = []
    start = 0
    while (left := len(text) - start) > longest:
        most = -(-left // -(-left // longest))
        end = cut_place(text, start + max(1, most // 2), min(start + longest, start + most + most // 4))
        pieces.append(text[start:end])
        start = end
    return [*pieces, text[start:]]


def cut_place(text: str, low: int, high: int) -> int:
    """Return the place between `low` and `high` to cut a text at: after a blank line, else a line, else a space, else `high`.

    Of several such places it is the last.
    """
    for separator in ("\n\n", "\n", " "):
        place = text.rfind(separator, low, high)
        if place >= 0:
            return place + len(separator)
    return high


def _source(path: Path) -> Source:
    compression = by_suffix(path)[1]
    try:
        with path.open("rb") as file:
            head = file.read(1 << 12)
    except OSError as error:
        raise UserError(f"cannot be read ({error.strerror})", where=path, fix="check the file") from None
    if not head:
        raise UserError("the file is empty", where=path, fix="give a file with text, or take it out")
    return Source(str(path), path, "text", compression or by_content(head)[1])
