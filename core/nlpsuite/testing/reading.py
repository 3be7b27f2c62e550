"""Checks of reading: no row vanishes, and a wrong one is refused where it stands."""

from __future__ import annotations

import csv
from pathlib import Path

from nlpsuite.errors import UserError
from nlpsuite.testing.check import Check, CheckFailed, expect
from nlpsuite.testing.subject import Subject  # noqa: TC001

BAD = "bad-*"
COUNTED = (".jsonl", ".csv", ".tsv")
"""Files whose rows can be counted without knowing the task."""


def _rows_read(subject: Subject) -> None:
    task = subject.new_task()
    rows = list(task.read(subject.source, "train"))
    expect(bool(rows), f"no row is read from {subject.source}")
    for number, row in enumerate(rows, 1):
        expect(bool(row.inputs), f"row {number} has no inputs")
        expect(
            str(row.where).startswith(str(subject.source.parent)),
            f"row {number} does not say where it is from: {row.where!r}",
        )
    places = [row.where for row in rows]
    expect(len(set(places)) == len(places), "several rows say that they are from the same place")
    if subject.source.suffix in COUNTED:
        # The first row of a table may be its header.
        few = _count(subject.source) - (subject.source.suffix != ".jsonl")
        expect(len(rows) >= few, f"{len(rows)} rows are read from {subject.source}, which has {few}")


def _count(source: Path) -> int:
    """Return how many rows a file has, whatever they mean."""
    lines = source.read_text(encoding="utf-8").splitlines(keepends=True)
    if source.suffix == ".jsonl":
        return sum(bool(line.strip()) for line in lines)
    rows = csv.reader(lines, delimiter="," if source.suffix == ".csv" else "\t")
    return sum(any(cell.strip() for cell in row) for row in rows)


def _bad_rows_refused(subject: Subject) -> None:
    files = sorted(subject.cases.glob(BAD)) if subject.cases.is_dir() else []
    expect(
        bool(files),
        f"there are none: add {subject.cases}/{BAD}, each as your task reads it, with sound rows and a last one that is wrong",
    )
    for file in files:
        _refuse(subject, file)


def _refuse(subject: Subject, file: Path) -> None:
    try:
        rows = list(subject.new_task().read(file, "train"))
        # Some faults show only beside what training has taught, such as a label that it does not know.
        subject.task.check(rows)
    except UserError as error:
        inside = [str(file)] if file.is_file() else [str(each) for each in sorted(file.iterdir())]
        found = f"{error.where}:{error.line}" if error.line is not None else str(error.where)
        named = str(error.where) in inside and error.line is not None
        expect(named, f"{file.name} is refused without its file and line: `{error}`")
        last = len(Path(str(error.where)).read_text(encoding="utf-8").rstrip().splitlines())
        expect(error.line == last, f"{file.name} is refused at {found}, and it is its last line, {last}, that is wrong")
        return
    raise CheckFailed(f"{file.name} is read without a word, though its last row is wrong")


def _labels_by_name(subject: Subject) -> None:
    targets = [row.target for row in subject.rows]
    if not all(isinstance(target, str) for target in targets) or len(set(targets)) > len(targets) / 2:
        # Texts to be written, tags, spans: no label is one string.
        return
    held = repr(subject.task.state())
    missing = sorted({target for target in targets if target not in held})
    expect(not missing, f"labels are not kept by name: `state` lacks {', '.join(missing[:5])}")


CHECKS = (
    Check("rows_read", "every row of the examples is read, with its place", _rows_read),
    Check("bad_rows", "a wrong row is refused with its file and line", _bad_rows_refused),
    Check("labels", "labels are kept by name", _labels_by_name),
)
