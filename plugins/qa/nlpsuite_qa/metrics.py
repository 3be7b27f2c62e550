"""Running scores of answers."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from nlpsuite.api import RunningSums, TaskMetrics
from nlpsuite_qa.score import best_scores

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from nlpsuite.api import Row

_KINDS = ("HasAns", "NoAns")
_SUMS = ("exact", "f1", "count")


class QaMetrics(TaskMetrics):
    """`exact_match` and `f1`, from 0 to 1, over all rows, each against its best right answer.

    Where some rows have no answer, also `HasAns_exact`, `HasAns_f1`, `NoAns_exact` and `NoAns_f1`: the same over each kind.
    """

    def __init__(self) -> None:
        self._sums = RunningSums([f"{kind}_{name}" for kind in _KINDS for name in _SUMS])

    def update(self, rows: Sequence[Row], predictions: Sequence[Mapping[str, Any]]) -> None:
        """Count rows, each with its right answers as target, and the predictions for them."""
        more: defaultdict[str, float] = defaultdict(float)
        for row, prediction in zip(rows, predictions, strict=True):
            kind = _KINDS[not row.target]
            scores = (*best_scores(prediction["answer"], (text for text, _ in row.target)), 1.0)
            for name, score in zip(_SUMS, scores, strict=True):
                more[f"{kind}_{name}"] += score
        self._sums.update(more)

    def compute(self) -> dict[str, float]:
        """Return the scores, over the rows of all processes."""
        sums = self._sums.compute()
        has, without = ([sums[f"{kind}_{name}"] for name in _SUMS] for kind in _KINDS)
        count = has[2] + without[2]
        scores = {"exact_match": (has[0] + without[0]) / count, "f1": (has[1] + without[1]) / count}
        if not without[2]:
            return scores
        parts = {"NoAns": without} | ({"HasAns": has} if has[2] else {})
        for name, (exact, f1, of_kind) in sorted(parts.items()):
            scores |= {f"{name}_exact": exact / of_kind, f"{name}_f1": f1 / of_kind}
        return scores
