"""Running scores of answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torchmetrics import Metric

from nlpsuite.api import TaskMetrics
from nlpsuite_qa.score import best_scores

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torch import Tensor

    from nlpsuite.api import Row


class _Sums(Metric):
    """Sums of exact match, F1 and rows, of questions with an answer and of those without, float64 [2, 3]."""

    sums: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.set_dtype(torch.float64)
        self.add_state("sums", torch.zeros(2, 3, dtype=torch.float64), dist_reduce_fx="sum")

    def update(self, more: Tensor) -> None:
        self.sums += more.to(self.sums.device)

    def compute(self) -> Tensor:
        return self.sums


class QaMetrics(TaskMetrics):
    """`exact_match` and `f1`, from 0 to 1, over all rows, each against its best right answer.

    Where some rows have no answer, also `HasAns_exact`, `HasAns_f1`, `NoAns_exact` and `NoAns_f1`: the same over each kind.
    """

    def __init__(self) -> None:
        self._sums = _Sums()

    def update(self, rows: Sequence[Row], predictions: Sequence[Mapping[str, Any]]) -> None:
        """Count rows, each with its right answers as target, and the predictions for them."""
        more = torch.zeros(2, 3, dtype=torch.float64)
        for row, prediction in zip(rows, predictions, strict=True):
            scores = best_scores(prediction["answer"], (text for text, _ in row.target))
            more[int(not row.target)] += torch.tensor([*scores, 1.0], dtype=torch.float64)
        self._sums.update(more)

    def compute(self) -> dict[str, float]:
        """Return the scores, over the rows of all processes."""
        has, without = self._sums.compute().tolist()
        count = has[2] + without[2]
        scores = {"exact_match": (has[0] + without[0]) / count, "f1": (has[1] + without[1]) / count}
        if not without[2]:
            return scores
        parts = {"NoAns": without} | ({"HasAns": has} if has[2] else {})
        for name, (exact, f1, of_kind) in sorted(parts.items()):
            scores |= {f"{name}_exact": exact / of_kind, f"{name}_f1": f1 / of_kind}
        return scores
