"""Checks of reading: no row vanishes, and a wrong one is refused where it stands."""

from __future__ import annotations

import csv
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from nlpsuite.errors import UserError
from nlpsuite.tasks.lines import file_lines
from nlpsuite.tasks.tables import read_table
from nlpsuite.tasks.task import strings_in
from nlpsuite.testing.check import Check, CheckFailed, DoesNotApply, expect
from nlpsuite.testing.subject import Subject  # noqa: TC001

if TYPE_CHECKING:
    from nlpsuite.tasks.task import Split, Task

BAD = "bad-*"
COUNTED = (".jsonl", ".csv", ".tsv")
"""Files whose rows can be counted without knowing the task."""


def _rows_read(subject: Subject) -> None:
    task = subject.new_task()
    files = task.splits(subject.given)
    for split, source in (("train", files.train or subject.given), ("valid", files.valid), ("test", files.test)):
        if source is not None:
            _read_all(task, source, split)  # type: ignore[arg-type]


def _read_all(task: Task, source: Path, split: Split) -> None:
    rows = list(task.read(source, split))
    expect(bool(rows), f"no row is read from {source}")
    for number, row in enumerate(rows, 1):
        expect(bool(row.inputs), f"row {number} of {source} has no inputs")
        placed = str(row.where).startswith(str(source.parent))
        expect(placed, f"row {number} of {source} does not say where it is from: {row.where!r}")
    places = [row.where for row in rows]
    expect(len(set(places)) == len(places), f"several rows of {source} say that they are from the same place")
    if source.suffix in COUNTED:
        # The first row of a table may be its header.
        few = _count(source) - (source.suffix != ".jsonl")
        expect(len(rows) >= few, f"{len(rows)} rows are read from {source}, which has {few}")


def _count(source: Path) -> int:
    """Return how many rows a file has, whatever they mean."""
    lines = list(file_lines(source))
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
        named = str(error.where) in inside and error.line is not None
        expect(named, f"{file.name} is refused without its file and line: `{error}`")
        last = _last(Path(str(error.where)))
        shown = " or ".join(str(line) for line in sorted(last))
        found = f"{file.name} is refused at line {error.line}"
        expect(error.line in last, f"{found}, and it is its last row, at line {shown}, that is wrong")
        return
    raise CheckFailed(f"{file.name} is read without a word, though its last row is wrong")


def _last(file: Path) -> set[int]:
    """Return where the last row of a file is: its last line, or where it begins, or in a JSON array its number."""
    places = {max(number for number, line in enumerate(file_lines(file), start=1) if line.strip())}
    with suppress(UserError):
        places.add(list(read_table(file, known=()))[-1].line)
    return places


def _labels_by_name(subject: Subject) -> None:
    targets = [row.target for row in subject.rows]
    if not all(isinstance(target, str) for target in targets) or len(set(targets)) > len(targets) / 2:
        raise DoesNotApply("targets are no names of labels")
    held = set(strings_in(subject.task.state()))
    missing = sorted(set(targets) - held)
    expect(not missing, f"labels are not kept by name: `state` lacks {', '.join(missing[:5])}")


CHECKS = (
    Check("rows_read", "every row of the examples is read, with its place", _rows_read),
    Check("bad_rows", "a wrong row is refused with its file and line", _bad_rows_refused),
    Check("labels", "labels are kept by name", _labels_by_name),
)
