"""The nearest semi-orthogonal matrix, by Newton-Schulz iterations: matrix products alone.

Each iteration multiplies X by a polynomial of X X^T. All of them together are a polynomial of X X^T times X, so for a wide
matrix they can be done on that small square matrix, and X be multiplied once at the end: 640 million operations in place of
940 for 256 x 768 and four iterations. That needs the digits of float32, for a small singular value is a tiny one when
squared; in bf16, on a GPU, where products cost next to nothing, the iterations are done on X itself.

X X^T also tells a better bound of the largest singular value than the norm of X, which lifts the small ones further from
the start.
"""

from __future__ import annotations

import torch
from torch import Tensor

QUINTIC = (3.4445, -4.7750, 2.0315)
"""Coefficients that push singular values towards one fastest (Jordan 2024, https://kellerjordan.github.io/posts/muon/)."""
TINY = 1e-14
WIDE = 2
"""From so many times as wide as high on, iterating on the square matrix takes fewer operations."""


def orthogonalise(matrices_NRC: Tensor, steps: int) -> Tensor:
    """Return matrices with the same singular vectors and singular values near one.

    Args:
        matrices_NRC: N matrices of R rows and C columns.
        steps: Newton-Schulz iterations.
    """
    tall = matrices_NRC.shape[-2] > matrices_NRC.shape[-1]
    x = matrices_NRC.mT if tall else matrices_NRC  # X X^T is then the smaller of the two
    # The optimiser steps where a network in mixed precision computes, and there autocast would choose formats of its own:
    # norms in float32, and so all that is divided by them, but products in bf16.
    with torch.autocast(x.device.type, enabled=False):
        x = x.bfloat16() if x.is_cuda else x.float()
        # Scaled twice: squares of small numbers would vanish.
        x = x / (x.norm(dim=(-2, -1), keepdim=True) + TINY**0.5)
        gram = x @ x.mT
        bound = gram.norm(dim=(-2, -1), keepdim=True) + TINY  # the square of the largest singular value, at the most
        x, gram = x * bound.rsqrt(), gram / bound
        on_square = x.dtype == torch.float32 and x.shape[-1] >= WIDE * x.shape[-2]
        x = _on_square(x, gram, steps) if on_square else _on_itself(x, gram, steps)
    return (x.mT if tall else x).to(matrices_NRC.dtype)


def _on_itself(x: Tensor, gram: Tensor, steps: int) -> Tensor:
    a, b, c = QUINTIC
    for step in range(steps):
        if step:
            gram = x @ x.mT
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x


def _on_square(x: Tensor, gram: Tensor, steps: int) -> Tensor:
    a, b, c = QUINTIC
    left = torch.eye(gram.shape[-1], dtype=x.dtype, device=x.device)
    for step in range(steps):
        factor = torch.baddbmm(gram, gram, gram, beta=b, alpha=c)
        factor.diagonal(dim1=-2, dim2=-1).add_(a)
        left = factor @ left if step else factor
        if step + 1 < steps:
            gram = factor @ gram @ factor
    return left @ x
