"""Rows from folders named after labels, such as `pos/` and `neg/`, with one text a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nlpsuite.errors import UserError
from nlpsuite.tasks.lines import file_lines
from nlpsuite.tasks.tables import data_suffix
from nlpsuite.tasks.task import Row

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from nlpsuite.report import Reporter

UNLABELLED = ("unsup", "unlabeled", "unlabelled")
"""Names of folders of texts without a label, as the Large Movie Review Dataset has one."""


def folder_rows(folder: Path, report: Reporter, *, need_label: bool) -> Iterator[Row]:
    """Yield the texts of the `.txt` files in folders named after labels, by label and file name.

    Line ends at the end of a file are not part of its text.

    Args:
        folder: Where the folders are.
        report: Told what was found, and what was not used.
        need_label: If not, texts may also lie in the folder itself, and be empty.

    Raises:
        UserError: There are no such files, or one is empty or not text.
    """
    found = _labelled_files(folder, need_label=need_label)
    if not found:
        advice = "make a folder for each label with .txt files in it, such as pos/ and neg/"
        what = "no folders of .txt files named after labels" if need_label else "no .txt files"
        raise UserError(what, where=folder, fix=advice if need_label else "give .txt files")
    labels = sorted({label for label in found.values() if label is not None})
    files = "1 .txt file" if len(found) == 1 else f"{len(found)} .txt files"
    report.say(f"{folder}: {files}" + (f" in folders {', '.join(labels)}" if labels else ""))
    left = [file for file in folder.rglob("*") if file.is_file() and file not in found]
    if left:
        files = "1 file" if len(left) == 1 else f"{len(left)} files"
        report.warn(f"{folder}: {files} not used (unlabelled, or not .txt), such as {min(left)}")
    for file, label in found.items():
        # An empty file is refused by who reads its lines.
        empty = not need_label and not file.stat().st_size
        text = "" if empty else "".join(file_lines(file)).rstrip("\r\n")
        if need_label and not text.strip():
            raise UserError("an empty text", where=file, line=1, fix="give it a text or take the file out")
        yield Row({"text": text}, label, f"{file}:1")


def _labelled_files(folder: Path, *, need_label: bool) -> dict[Path, str | None]:
    found: dict[Path, str | None] = {} if need_label else dict.fromkeys(_texts(folder.iterdir()))
    for entry in sorted(folder.iterdir()):
        unlabelled = entry.name.startswith(".") or (need_label and entry.name.casefold() in UNLABELLED)
        if entry.is_dir() and not unlabelled:
            found.update(dict.fromkeys(_texts(entry.rglob("*")), entry.name))
    return found


def _texts(entries: Iterable[Path]) -> list[Path]:
    return sorted(entry for entry in entries if data_suffix(entry) == ".txt" and entry.is_file())
