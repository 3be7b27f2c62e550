"""The scores: those of triples, which leave out what has no relation, and accuracy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nlpsuite.api import RunningSums, TaskMetrics

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from nlpsuite.api import Row


class RelationMetrics(TaskMetrics):
    """`triple_precision`, `triple_recall` and `triple_f1` over all relations but `none` (as TACRED is scored), and `accuracy`.

    Args:
        none: The relation that is none.
    """

    def __init__(self, none: str):
        self._none = none
        self._sums = RunningSums(["rows", "right", "said", "true", "right_triples"])

    def update(self, rows: Sequence[Row], predictions: Sequence[Mapping[str, Any]]) -> None:
        """Count rows, each with a relation as target, and their predictions."""
        for row, prediction in zip(rows, predictions, strict=True):
            said, true = prediction["relation"], row.target
            self._sums.update(
                {
                    "rows": 1,
                    "right": said == true,
                    "said": said != self._none,
                    "true": true != self._none,
                    "right_triples": said == true != self._none,
                }
            )

    def compute(self) -> dict[str, float]:
        """Return the scores over the rows of all processes."""
        sums = self._sums.compute()
        right, total = sums["right_triples"], sums["said"] + sums["true"]
        return {
            "accuracy": sums["right"] / max(1.0, sums["rows"]),
            "triple_precision": right / sums["said"] if sums["said"] else 0.0,
            "triple_recall": right / sums["true"] if sums["true"] else 0.0,
            "triple_f1": 2 * right / total if total else 0.0,
        }
