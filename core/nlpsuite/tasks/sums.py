"""Sums by name that processes add up together: the statistics that scores of a whole corpus are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torchmetrics import Metric

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torch import Tensor


class RunningSums(Metric):
    """Sums in float64, so that counts stay exact; parts of a corpus may be added in any order, on any process.

    Args:
        names: What is summed.
    """

    full_state_update = False
    sums: Tensor

    def __init__(self, names: Sequence[str]):
        super().__init__()
        self._names = tuple(names)
        self.add_state("sums", default=torch.zeros(len(self._names), dtype=torch.float64), dist_reduce_fx="sum")
        self.to(exchange_device())

    def update(self, values: Mapping[str, float]) -> None:
        """Add to the sums; what is not named stays as it is."""
        added = [float(values.get(name, 0.0)) for name in self._names]
        self.sums += torch.tensor(added, dtype=torch.float64, device=self.sums.device)

    def compute(self) -> dict[str, float]:
        """Return the sums by name, over all processes."""
        return dict(zip(self._names, self.sums.tolist(), strict=True))


def exchange_device() -> torch.device:
    """Return where sums must lie: on the GPU where processes can exchange nothing else."""
    distributed = torch.distributed
    if distributed.is_available() and distributed.is_initialized() and distributed.get_backend() == "nccl":
        return torch.device("cuda", torch.cuda.current_device())
    return torch.device("cpu")
