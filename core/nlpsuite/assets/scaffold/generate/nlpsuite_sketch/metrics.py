"""The scores: how well the right text was foretold, and the share of texts that are exactly right."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from nlpsuite.api import RunningSums, TaskMetrics

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from nlpsuite.api import Row


class SketchMetrics(TaskMetrics):
    """Running scores of predictions `{"sentence": text, "nats": loss, "tokens": count}`: sums alone, so that they add up."""

    def __init__(self) -> None:
        self._sums = RunningSums(["rows", "exact", "nats", "tokens"])

    def update(self, rows: Sequence[Row], predictions: Sequence[Mapping[str, Any]]) -> None:
        """Count rows, each with a text as target, and their predictions."""
        for row, prediction in zip(rows, predictions, strict=True):
            exact = prediction["sentence"] == row.target.strip()
            self._sums.update(
                {"rows": 1, "exact": exact, "nats": prediction.get("nats", 0.0), "tokens": prediction.get("tokens", 0)}
            )

    def compute(self) -> dict[str, float]:
        """Return the scores over the rows of all processes; without a token foretold there is no perplexity."""
        sums = self._sums.compute()
        scores = {"exact_match": sums["exact"] / max(1.0, sums["rows"])}
        if sums["tokens"]:
            scores["perplexity"] = math.exp(sums["nats"] / sums["tokens"])
        return scores
