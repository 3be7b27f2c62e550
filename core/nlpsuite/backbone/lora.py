"""Low-rank adapters (Hu et al. 2021): train a small correction to each matrix of the blocks, and merge it in at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nlpsuite.backbone.model import Backbone

M = TypeVar("M", bound=nn.Module)

TARGETS = ("q", "k", "v", "o", "gate", "up", "down")
"""The linear layers of a block that get an adapter."""


class LoRALinear(nn.Module):
    """A frozen linear layer plus `alpha / rank` times a product of two thin matrices.

    I inputs, O outputs, R rank.

    Args:
        base: The layer; its weights are frozen.
        rank: R.
        alpha: The adapter's scale.
        generator: Draws the first matrix; the second begins at zero, so that the sum begins as the layer itself.
    """

    def __init__(self, base: nn.Linear, rank: int, alpha: float, generator: torch.Generator):
        super().__init__()
        self.base = base.requires_grad_(False)
        self.scale = alpha / rank
        weight = base.weight
        first_RI = torch.randn(rank, base.in_features, generator=generator) * base.in_features**-0.5
        self.first_RI = nn.Parameter(first_RI.to(weight.device, weight.dtype))
        self.second_OR = nn.Parameter(torch.zeros(base.out_features, rank, device=weight.device, dtype=weight.dtype))

    def forward(self, x: Tensor) -> Tensor:
        """Return the layer's output with the adapter's added."""
        out: Tensor = self.base(x) + self.scale * ((x @ self.first_RI.T) @ self.second_OR.T)
        return out

    @torch.no_grad()
    def merged(self) -> nn.Linear:
        """Return the plain layer with the adapter added to its weight."""
        add_product(self.base.weight, self.first_RI, self.second_OR, self.scale)
        return self.base.requires_grad_(True)


@torch.no_grad()
def add_product(weight_OI: Tensor, first_RI: Tensor, second_OR: Tensor, scale: float) -> None:
    """Add an adapter to a weight, in place: where it is trained and where it is read, in the very same way."""
    weight_OI.add_(scale * (second_OR.to(weight_OI) @ first_RI.to(weight_OI)))


def add_adapters(backbone: Backbone, *, rank: int, alpha: float, seed: int) -> None:
    """Freeze the backbone and put an adapter on each matrix of its blocks, in place."""
    backbone.requires_grad_(False)
    generator = torch.Generator().manual_seed(seed)
    for parent, name, layer in list(_layers(backbone, nn.Linear)):
        if name in TARGETS:
            setattr(parent, name, LoRALinear(layer, rank, alpha, generator))


def merge_adapters(backbone: Backbone) -> None:
    """Take the adapters away again, in place, with what they learned added to the weights."""
    for parent, name, layer in list(_layers(backbone, LoRALinear)):
        setattr(parent, name, layer.merged())
    backbone.requires_grad_(True)


def _layers(backbone: Backbone, kind: type[M]) -> Iterator[tuple[nn.Module, str, M]]:
    for parent in backbone.blocks.modules():
        for name, layer in parent.named_children():
            if isinstance(layer, kind):
                yield parent, name, layer
