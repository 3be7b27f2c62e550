"""Scores of a split, and the predictions behind them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch.distributed as dist

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
    """Predict rows with the weights as they are now, and score them; processes that train together share the rows.

    Args:
        prepared: Task, head, backbone.
        rows: The rows.
        labelled: Whether they have targets to score against.
        brief: Whether the task may leave out what is costly and its monitor does not need.
        between: Called now and then; may raise to stop.
    """
    rank, world = _place_among_processes()
    own = rows[rank::world]
    mine: list[dict[str, Any]] = []
    predicted = predict_rows(
        prepared.task, prepared.head, prepared.backbone, own, prepared.tokenizer.pad_id, brief=brief
    )
    for number, (_, prediction) in enumerate(predicted):
        if number % POOL_ROWS == 0:
            between()
        mine.append(prediction)
    predictions = _joined(mine, len(rows), world)
    if not labelled:
        return Scored(rows, predictions, {})
    metrics = prepared.task.make_metrics()
    # Each row counts once: the processes add up what each of them has counted.
    metrics.update(own, mine)
    return Scored(rows, predictions, metrics.compute(), metrics.tables(), metrics.notes())


def _place_among_processes() -> tuple[int, int]:
    """Return this process's number, and how many train together."""
    if not (dist.is_available() and dist.is_initialized()):
        return 0, 1
    return dist.get_rank(), dist.get_world_size()


def _joined(mine: list[dict[str, Any]], count: int, world: int) -> list[dict[str, Any]]:
    """Return the predictions of all rows, of which each process has every `world`-th."""
    if world == 1:
        return mine
    parts: list[Any] = [None] * world
    dist.all_gather_object(parts, mine)
    return [parts[place % world][place // world] for place in range(count)]
