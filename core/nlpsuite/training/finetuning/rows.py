"""The rows of a run: which file is which split, what is held out where one is missing, and whether the splits overlap."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nlpsuite.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from nlpsuite.report import Reporter
    from nlpsuite.tasks.task import Row, Task


@dataclass(frozen=True, slots=True)
class TaskRows:
    """Rows by split.

    Attributes:
        train: To learn from.
        valid: To choose the best weights by; never empty.
        test: To score or predict at the end, perhaps none; never used to choose anything.
        test_labelled: Whether the test rows have targets.
    """

    train: list[Row]
    valid: list[Row]
    test: list[Row]
    test_labelled: bool


def read_rows(
    task: Task, source: Path, *, limit: int | None, valid_share: float, seed: int, report: Reporter
) -> TaskRows:
    """Read all splits, hold rows out where the data has none, and let the task learn its labels and check them.

    Args:
        task: Not fitted yet; fitted afterwards.
        source: The user's file or folder.
        limit: The most training rows, drawn from all of them; None: all.
        valid_share: Share of rows to hold out for a missing split.
        seed: Decides which.
        report: Told what was found.

    Raises:
        UserError: A split is not there or not as it should be, with file and line.
    """
    files = task.splits(source)
    for note in files.notes:
        report.say(note)
    if files.train is None:
        raise UserError("no training data", where=source, fix="name a file train, for example train.tsv")
    train, read = draw_rows(task.read(files.train, "train"), limit, seed)
    report.left_out(read - len(train), f"rows beyond --limit {limit}", str(files.train))
    test, labelled = ([], False) if files.test is None else _read_test(task, files.test)
    if files.valid is not None:
        valid = list(task.read(files.valid, "valid"))
    else:
        if files.test is None:
            report.say("no test rows are given, so training rows are held out for it:")
            train, test = task.hold_out(train, valid_share, seed, report)
            labelled = True
        report.say("no validation rows are given, so training rows are held out for it:")
        train, valid = task.hold_out(train, valid_share, seed, report)
    if not valid:
        raise UserError("no validation rows", where=files.valid, fix="give some, or leave the file out")
    task.fit(train)
    task.check(valid)
    if labelled:
        task.check(test)
    _warn_of_overlap(train, {"validation": valid, "test": test}, report)
    return TaskRows(train, valid, test, labelled)


def draw_rows(rows: Iterable[Row], limit: int | None, seed: int) -> tuple[list[Row], int]:
    """Return all rows, or `limit` of them, each with the same chance, in their order; and how many there are.

    For files sorted by label, say.
    """
    if limit is None:
        every = list(rows)
        return every, len(every)
    draw = random.Random(seed)
    kept: list[tuple[int, Row]] = []
    number = -1
    for number, row in enumerate(rows):
        if number < limit:
            kept.append((number, row))
        elif (place := draw.randrange(number + 1)) < limit:
            kept[place] = (number, row)
    return [row for _, row in sorted(kept, key=lambda pair: pair[0])], number + 1


def _read_test(task: Task, path: Path) -> tuple[list[Row], bool]:
    """Read test rows with or without targets; rows with targets are read as strictly as training rows."""
    if not task.own_targets:
        rows = []
        for row in task.read(path, "predict"):
            if row.target is not None:
                break
            rows.append(row)
        else:
            return rows, False
    # Where only some have a target, the reader says which has none.
    return list(task.read(path, "test")), True


def row_key(row: Row) -> str:
    """Return what two rows with the same inputs have in common, whatever `id` their file gives them."""
    return repr(sorted((name, value) for name, value in row.inputs.items() if name != "id"))


def _warn_of_overlap(train: Sequence[Row], others: dict[str, list[Row]], report: Reporter) -> None:
    seen = {row_key(row) for row in train}
    for name, rows in others.items():
        count = sum(row_key(row) in seen for row in rows)
        if count:
            report.warn(f"{count} of {len(rows)} {name} rows have the same input as a training row, so scores flatter")
    chosen_by = {row_key(row) for row in others["validation"]}
    count = sum(row_key(row) in chosen_by for row in others["test"])
    if count:
        report.warn(f"{count} of {len(others['test'])} test rows have the same input as a validation row")
