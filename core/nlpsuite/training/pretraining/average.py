"""The mean of the weights over the tail of a run: what noisy steps wander about.

Source: Izmailov et al. 2018, "Averaging Weights Leads to Wider Optima and Better Generalization"; here over the last share
of one run, while the rate falls.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from nlpsuite.training.pretraining.divided import gathered, like

if TYPE_CHECKING:
    from torch import nn


class TailAverage:
    """A running mean of a network's parameters, with every step counting the same.

    Args:
        network: Whose parameters.
        share: Share of the run, at its end, to average over; 0 averages nothing.
    """

    def __init__(self, network: nn.Module, share: float):
        self._network, self._share = network, share
        self._count = 0
        self._means: list[torch.Tensor] = []

    @torch.no_grad()
    def update(self, progress: float) -> None:
        """Count the weights in, if the run has come to its tail."""
        if progress < 1.0 - self._share or not self._share:
            return
        weights = [p.detach() for p in self._network.parameters()]
        self._count += 1
        if not self._means:
            self._means = [weight.clone() for weight in weights]
            return
        torch._foreach_lerp_(self._means, weights, 1.0 / self._count)

    @torch.no_grad()
    def use(self) -> None:
        """Put the mean in place of the weights, if there is one; the run is over then."""
        for parameter, mean in zip(self._network.parameters(), self._means, strict=False):
            parameter.copy_(mean)
        self._means, self._count = [], 0

    def state(self) -> dict[str, Any]:
        """Return what resume needs, whole; where the network is divided, all processes must call it."""
        return {"count": self._count, "means": [gathered(mean) for mean in self._means]}

    def load(self, state: dict[str, Any]) -> None:
        """Take back what `state` gave."""
        pairs = zip(state["means"], self._network.parameters(), strict=False)
        self._count, self._means = state["count"], [like(mean, parameter.detach()) for mean, parameter in pairs]
