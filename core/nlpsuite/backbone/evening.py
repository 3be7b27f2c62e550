"""Updates of one size for all neurons of a matrix, as NorMuon makes them (Li et al. 2025, https://arxiv.org/abs/2510.05491).

A tall matrix made orthogonal has columns of one length and rows of any: some neurons learn by large steps, others hardly
at all. So each row is divided by the running root mean square of its own updates. Of a wide matrix it is the columns.
The size of the update as a whole stays as it was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

MEMORY = 0.95
"""Decay of the running mean square."""
TINY = 1e-12


def no_sizes(weight: Tensor) -> Tensor:
    """Return the running mean squares of a matrix (R, C) before its first update: (R, 1), or (1, C) where it is wide."""
    rows, columns = weight.shape
    shape = (rows, 1) if rows >= columns else (1, columns)
    return torch.zeros(shape, dtype=torch.float32, device=weight.device)


def even_out(updates_NRC: Tensor, sizes: Sequence[Tensor]) -> Tensor:
    """Return updates whose neurons are of one size over time; extends the running mean squares in place.

    Args:
        updates_NRC: Updates of N matrices of one shape, orthogonal.
        sizes: For each its running mean squares, as of `no_sizes`.
    """
    across = -1 if updates_NRC.shape[-2] >= updates_NRC.shape[-1] else -2
    running = torch.stack(list(sizes)).lerp_(updates_NRC.float().square().mean(across, keepdim=True), 1.0 - MEMORY)
    for size, new in zip(sizes, running, strict=True):
        size.copy_(new)
    # No correction for the zeros it began with: it would be one factor for all neurons, and their sum's size is restored.
    evened = updates_NRC * (running + TINY).rsqrt()
    whole = (-2, -1)
    scale: Tensor = updates_NRC.norm(dim=whole, keepdim=True) / (evened.norm(dim=whole, keepdim=True) + TINY)
    return evened * scale
