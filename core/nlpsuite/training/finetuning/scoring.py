"""Scores of a split, and the predictions behind them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from nlpsuite.inference.predictor import POOL_ROWS, predict_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from nlpsuite.tasks.task import Row, ScoreTable
    from nlpsuite.training.finetuning.prepare import Prepared


@dataclass(frozen=True, slots=True)
class Scored:
    """A split with its predictions.

    Attributes:
        rows: The rows.
        predictions: One for each row.
        metrics: Scores without a split's prefix; empty where rows have no targets.
        tables: Scores that are no single number.
        notes: What a reader must know to compare them.
    """

    rows: Sequence[Row]
    predictions: Sequence[dict[str, Any]]
    metrics: dict[str, float]
    tables: Sequence[ScoreTable] = ()
    notes: Mapping[str, str] = field(default_factory=dict)


def score_rows(
    prepared: Prepared,
    rows: Sequence[Row],
    *,
    labelled: bool = True,
    brief: bool = False,
    between: Callable[[], None] = lambda: None,
) -> Scored:
    """Predict rows with the weights as they are now, and score them.

    Args:
        prepared: Task, head, backbone.
        rows: The rows.
        labelled: Whether they have targets to score against.
        brief: Whether the task may leave out what is costly and its monitor does not need.
        between: Called now and then; may raise to stop.
    """
    predictions: list[dict[str, Any]] = []
    predicted = predict_rows(
        prepared.task, prepared.head, prepared.backbone, rows, prepared.tokenizer.pad_id, brief=brief
    )
    for number, (_, prediction) in enumerate(predicted):
        if number % POOL_ROWS == 0:
            between()
        predictions.append(prediction)
    if not labelled:
        return Scored(rows, predictions, {})
    metrics = prepared.task.make_metrics()
    metrics.update(rows, predictions)
    return Scored(rows, predictions, metrics.compute(), metrics.tables(), metrics.notes())
