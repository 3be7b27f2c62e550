"""The scores: precision, recall and F1 of whole parts, and the share of words with the right tag."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nlpsuite.api import RunningSums, TaskMetrics

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from nlpsuite.api import Row

from nlpsuite_sketch.data import SCHEME, spans_of


class SketchMetrics(TaskMetrics):
    """Running scores of predictions `{"tags": [...], ...}`: sums alone, so that processes can add theirs up."""

    def __init__(self) -> None:
        self._sums = RunningSums(["right", "said", "true", "words", "right_words"])

    def update(self, rows: Sequence[Row], predictions: Sequence[Mapping[str, Any]]) -> None:
        """Count rows, each with tags as target, and their predictions."""
        for row, prediction in zip(rows, predictions, strict=True):
            true, said = set(spans_of(row)), set(SCHEME.spans(prediction["tags"]))
            self._sums.update(
                {
                    "right": len(true & said),
                    "said": len(said),
                    "true": len(true),
                    "words": len(row.target),
                    "right_words": sum(one == other for one, other in zip(row.target, prediction["tags"], strict=True)),
                }
            )

    def compute(self) -> dict[str, float]:
        """Return the scores over the rows of all processes."""
        sums = self._sums.compute()
        precision = sums["right"] / sums["said"] if sums["said"] else 0.0
        recall = sums["right"] / sums["true"] if sums["true"] else 0.0
        total = sums["said"] + sums["true"]
        return {
            "span_precision": precision,
            "span_recall": recall,
            "span_f1": 2 * sums["right"] / total if total else 0.0,
            "accuracy": sums["right_words"] / sums["words"] if sums["words"] else 0.0,
        }
