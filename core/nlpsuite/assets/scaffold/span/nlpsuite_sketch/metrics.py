"""The scores: the share of answers found exactly, and how much of the characters is shared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nlpsuite.api import RunningSums, TaskMetrics

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from nlpsuite.api import Row


class SketchMetrics(TaskMetrics):
    """Running scores of predictions `{"answer": text, ...}`: sums alone, so that processes can add theirs up."""

    def __init__(self) -> None:
        self._sums = RunningSums(["rows", "exact", "inside"])

    def update(self, rows: Sequence[Row], predictions: Sequence[Mapping[str, Any]]) -> None:
        """Count rows, each with an answer as target, and their predictions."""
        for row, prediction in zip(rows, predictions, strict=True):
            true, said = row.target.strip(), prediction["answer"]
            inside = bool(said) and (said in true or true in said)
            self._sums.update({"rows": 1, "exact": said == true, "inside": inside})

    def compute(self) -> dict[str, float]:
        """Return the scores over the rows of all processes."""
        sums = self._sums.compute()
        rows = max(1.0, sums["rows"])
        return {"exact_match": sums["exact"] / rows, "overlap": sums["inside"] / rows}
