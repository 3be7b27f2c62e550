"""Score a fine-tuned model on labelled rows, with its task's own metrics and the simplest guess beside them."""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from nlpsuite.errors import UserError
from nlpsuite.inference.predict import POOL_ROWS, prediction_record
from nlpsuite.inference.predictor import predict_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from nlpsuite.inference.artifact import TaskModel
    from nlpsuite.report import Reporter
    from nlpsuite.tasks.task import ScoreTable, Task


@dataclass(frozen=True, slots=True)
class RowsScore:
    """Scores on labelled rows.

    Attributes:
        metrics: By the task's names.
        baseline: The simplest honest guess by what the model keeps of its training rows, under the same names; empty where
            that is too little to guess by.
        rows: Rows scored.
        seconds: Time to predict them.
        tables: Scores that are no single number.
        notes: What a reader must know to compare the scores.
    """

    metrics: dict[str, float]
    baseline: dict[str, float]
    rows: int
    seconds: float
    tables: Sequence[ScoreTable] = ()
    notes: Mapping[str, str] = field(default_factory=dict)


def table_record(table: ScoreTable) -> dict[str, Any]:
    """Return a table of scores as JSON values."""
    return {"title": table.title, "columns": list(table.columns), "rows": [list(row) for row in table.rows]}


def file_to_score(task: Task, data: Path, report: Reporter) -> Path:
    """Return the labelled file or folder that `--data` means; of a folder with splits, its test or validation data.

    Raises:
        UserError: There is nothing there, or only training data.
    """
    if data.is_file():
        return data
    splits = task.splits(data)
    if splits.train == data:
        return data
    chosen = splits.test or splits.valid
    if chosen is None:
        fix = f"name the file to score itself, such as {splits.train}"
        raise UserError("this folder holds no test or validation data", where=data, fix=fix)
    report.say(f"{data}: scoring {chosen.name}, the {'test' if splits.test else 'validation'} data")
    return chosen


def evaluate_rows(
    model: TaskModel,
    source: Path,
    *,
    batch_tokens: int,
    limit: int | None = None,
    write: Callable[[dict[str, Any]], object] | None = None,
    report: Reporter,
) -> RowsScore:
    """Predict labelled rows and score the predictions.

    Args:
        model: What predicts, in eval mode, on its device.
        source: The labelled file or folder.
        batch_tokens: Tokens computed at once, padding included.
        limit: Score this many rows, the first ones; None: all.
        write: Given the record of each row: inputs, target and prediction.
        report: Told how far it is.

    Raises:
        UserError: A row is not as it should be, or has a label that the model does not know.
    """
    rows = list(itertools.islice(model.task.read(source, "test"), limit))
    if not rows:
        raise UserError("no rows to score", where=source, fix="give a file with labelled rows")
    model.task.check(rows)
    metrics = model.task.make_metrics()
    begun = time.perf_counter()
    predictions = predict_rows(
        model.task, model.head, model.backbone, rows, model.tokenizer.pad_id, batch_tokens=batch_tokens, pool=POOL_ROWS
    )
    done = 0
    with report.progress("scoring", float(len(rows)), "rows") as progress:
        while some := list(itertools.islice(predictions, POOL_ROWS)):
            metrics.update([row for row, _ in some], [prediction for _, prediction in some])
            if write is not None:
                for row, prediction in some:
                    write(prediction_record(row, prediction, with_target=True))
            done += len(some)
            progress.update(float(done))
    seconds = time.perf_counter() - begun
    baseline = model.task.baseline((), rows)
    return RowsScore(metrics.compute(), baseline, len(rows), seconds, metrics.tables(), metrics.notes())
