"""How much the scores of the backbone and those of n-grams count in a prediction, found on validation rows.

In training both count fully. What the backbone has learned in a short run may be worth less than that, and what n-grams say of
rows much like the training rows is too sure of itself; two factors, fitted to validation rows, mend both, and the
probabilities with them (for one kind of score alone it is temperature scaling, Guo et al. 2017).

Letters in names: R rows, C classes.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

LEVEL_SPREAD, RATIO_SPREAD = 1.0, 0.5
"""Standard deviations, before any row is seen, of the logarithms of what both factors share and of what sets them apart;
they keep few rows from deciding too much."""


def fit_mix(pooled_RC: Tensor, ngrams_RC: Tensor, target_RC: Tensor, *, several: bool) -> tuple[float, float]:
    """Return the factors of the backbone's and the n-grams' logits, both above 0.

    They minimise the cross-entropy of the rows and their own distance from 1.

    Args:
        pooled_RC: The backbone's logits.
        ngrams_RC: The n-grams' logits.
        target_RC: 1 where the row has the class.
        several: Whether a row may have several classes, or none.
    """
    pooled_RC, ngrams_RC, target_RC = pooled_RC.double(), ngrams_RC.double(), target_RC.double()
    logs = torch.zeros(2, dtype=torch.float64, requires_grad=True)
    spread = torch.tensor([LEVEL_SPREAD, RATIO_SPREAD], dtype=torch.float64)
    solver = torch.optim.LBFGS([logs], max_iter=100, line_search_fn="strong_wolfe")

    def objective() -> Tensor:
        solver.zero_grad()
        logits_RC = (logs[0] + logs[1]).exp() * pooled_RC + (logs[0] - logs[1]).exp() * ngrams_RC
        if several:
            loss = torch.nn.functional.binary_cross_entropy_with_logits(logits_RC, target_RC, reduction="sum")
        else:
            loss = -(target_RC * logits_RC.log_softmax(1)).sum()
        loss = (loss + (logs / spread).square().sum() / 2) / max(1, len(target_RC))
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    solver.step(objective)  # type: ignore[no-untyped-call]
    level, ratio = logs.tolist()
    return math.exp(level + ratio), math.exp(level - ratio)


def logits_of(probabilities: Sequence[Sequence[float]], *, several: bool) -> Tensor:
    """Return logits that give the probabilities, float64 [R, C]; of one label a row, up to a constant for each row.

    Args:
        probabilities: Of each class, for each row.
        several: Whether each is a probability by itself.
    """
    floor = 1e-12
    p_RC = torch.tensor(probabilities, dtype=torch.float64).clamp(floor, 1 - floor if several else 1)
    return p_RC.logit() if several else p_RC.log()
