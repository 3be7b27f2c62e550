"""The most that matrix products can give on this machine at this moment, for shapes as a network of nano's size has them."""

from __future__ import annotations

import torch

from nlpsuite.backbone.machine import per_second

SHAPES = ((1024, 256, 768), (1024, 768, 256), (1024, 256, 8192), (512, 512, 512), (1024, 1024, 1024))
"""Rows, inner width, columns."""
SECONDS = 0.5


def matrix_ceiling() -> float:
    """Return the fastest float32 product of these shapes, in floating point operations a second."""
    device = torch.device("cpu")
    best = 0.0
    for rows, inner, columns in SHAPES:
        a, b, out = torch.randn(rows, inner), torch.randn(inner, columns), torch.empty(rows, columns)

        def product(a: torch.Tensor = a, b: torch.Tensor = b, out: torch.Tensor = out) -> None:
            torch.mm(a, b, out=out)

        best = max(best, 2.0 * rows * inner * columns * per_second(product, device, SECONDS))
    return best
