"""What a fine-tuning run ends with: its figures, its predictions, and its model, written whole."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nlpsuite.files import replacing
from nlpsuite.inference.evaluate_rows import table_record
from nlpsuite.inference.predict import prediction_record

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from nlpsuite.tasks.task import ScoreTable
    from nlpsuite.training.finetuning.scoring import Scored
    from nlpsuite.training.runfolder import RunFolder


@dataclass(frozen=True, slots=True, kw_only=True)
class FinetuneResult:
    """The figures of a finished run.

    Attributes:
        run: The run's folder.
        task: The task's name.
        metrics: Scores of the saved model, as `val/accuracy`, `test/accuracy` ...
        baseline: Scores of the simplest honest guess, under the same names.
        seconds: Of the whole run, reading and writing included.
        tokens_per_second: Training speed.
        epochs: Passes over the training rows.
        steps: Optimiser steps.
        bad_steps: Those of them that changed nothing, because their numbers had gone bad.
        best_step: The step of the weights that were kept.
        stopped_early: Whether patience ended training.
        rows: Used, by split, and `left_out` of those that were read: file, what they are, and how many.
        parameters: Of backbone and head.
        predictions: Which rows `predictions.jsonl` holds: `val` or `test`.
        tables: By split, scores that are no single number.
        notes: By split, what a reader must know to compare the scores.
    """

    run: Path
    task: str
    metrics: dict[str, float]
    baseline: dict[str, float]
    seconds: float
    tokens_per_second: float
    epochs: float
    steps: int
    bad_steps: int
    best_step: int
    stopped_early: bool
    rows: dict[str, Any]
    parameters: int
    predictions: str
    tables: Mapping[str, Sequence[ScoreTable]]
    notes: Mapping[str, Mapping[str, str]]

    @property
    def model(self) -> Path:
        """Where the finished model lies."""
        return self.run / "model"

    def figures(self) -> dict[str, Any]:
        """Return what `metrics.json` holds."""
        return {
            "task": self.task,
            **self.metrics,
            "baseline": self.baseline,
            "seconds": round(self.seconds, 2),
            "tokens_per_second": round(self.tokens_per_second, 1),
            "epochs": round(self.epochs, 3),
            "steps": self.steps,
            **({"bad_steps": self.bad_steps} if self.bad_steps else {}),
            "best_step": self.best_step,
            "stopped_early": self.stopped_early,
            "rows": self.rows,
            "parameters": self.parameters,
            "predictions": self.predictions,
            "tables": {split: [table_record(each) for each in tables] for split, tables in self.tables.items()},
            "notes": {split: dict(notes) for split, notes in self.notes.items()},
        }


def write_predictions(run: RunFolder, scored: Scored) -> None:
    """Write `predictions.jsonl`: inputs, target and prediction of each row, in order."""
    with replacing(run.path / "predictions.jsonl") as temporary, temporary.open("w", encoding="utf-8") as file:
        for row, prediction in zip(scored.rows, scored.predictions, strict=True):
            line = prediction_record(row, prediction, with_target=True)
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
