from __future__ import annotations

import pytest
import torch

from nlpsuite.backbone.muon import NEWTON_SCHULZ
from nlpsuite.backbone.orthogonal import QUINTIC, _on_itself, _on_square, orthogonalise


def matrices(rows: int, columns: int, number: int = 3, seed: int = 0) -> torch.Tensor:
    return torch.randn(number, rows, columns, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("shape", [(16, 64), (64, 16), (40, 30), (256, 768), (1, 7)])
@pytest.mark.parametrize("scale", [1e-12, 1e-4, 1.0, 1e4])
def test_singular_values_come_near_one(shape, scale):
    values = torch.linalg.svdvals(orthogonalise(matrices(*shape) * scale, 5))
    assert values.min() > 0.6
    assert values.max() < 1.3


def with_values(values: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """A square matrix of these singular values, and its singular vectors."""
    generator = torch.Generator().manual_seed(0)
    size = len(values)
    left, _ = torch.linalg.qr(torch.randn(size, size, generator=generator))
    right, _ = torch.linalg.qr(torch.randn(size, size, generator=generator))
    return left @ values.diag() @ right.T, left, right


def test_singular_vectors_stay():
    matrix, left, right = with_values(torch.linspace(1.0, 5.0, 24))
    turned = left.T @ orthogonalise(matrix[None], NEWTON_SCHULZ)[0] @ right
    assert (turned - turned.diag().diag()).abs().max() < 1e-4
    assert turned.diag().min() > 0.6


def by_the_book(x: torch.Tensor, steps: int) -> torch.Tensor:
    """Jordan's iteration: divided by the norm, and on the matrix itself."""
    a, b, c = QUINTIC
    x = x / x.norm()
    for _ in range(steps):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x


@pytest.mark.parametrize("decades", [2.0, 2.5, 3.0])
def test_small_singular_values_are_lifted_further_than_by_as_many_iterations_by_the_book(decades):
    matrix, _, _ = with_values(torch.logspace(0, -decades, 64))
    ours = torch.linalg.svdvals(orthogonalise(matrix[None], 4))
    theirs = torch.linalg.svdvals(by_the_book(matrix, 4))
    assert ours.min() > 1.1 * theirs.min()
    assert ours.max() < 1.3


@pytest.mark.parametrize("steps", [1, 3, 5])
def test_iterating_on_the_square_is_iterating_on_the_matrix(steps):
    x = matrices(24, 72)
    x = x / x.norm(dim=(-2, -1), keepdim=True)
    gram = x @ x.mT
    torch.testing.assert_close(_on_square(x, gram, steps), _on_itself(x, gram, steps), atol=2e-4, rtol=1e-3)


def test_each_matrix_is_treated_by_itself():
    batch = matrices(12, 20)
    together = orthogonalise(batch, NEWTON_SCHULZ)
    for one, expected in zip(batch, together, strict=True):
        torch.testing.assert_close(orthogonalise(one[None], NEWTON_SCHULZ)[0], expected, atol=1e-5, rtol=1e-4)
    transposed = orthogonalise(batch.mT, NEWTON_SCHULZ)
    torch.testing.assert_close(transposed, together.mT, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("steps", [1, 4])
def test_zero_stays_zero(steps):
    assert not orthogonalise(torch.zeros(1, 5, 9), steps).any()


def test_bfloat16_has_digits_enough_to_iterate_on_the_matrix_itself():
    x = matrices(16, 64).bfloat16()
    x = x / x.norm(dim=(-2, -1), keepdim=True)
    values = torch.linalg.svdvals(_on_itself(x, x @ x.mT, 5).float())
    assert values.min() > 0.6
    assert values.max() < 1.3


@pytest.mark.parametrize("shape", [(128, 384), (384, 128), (96, 96)])
def test_autocast_changes_nothing(shape):
    # Singular values that fall steeply, as those of a running gradient do.
    left, right = (torch.linalg.qr(each)[0] for each in matrices(max(shape), min(shape), 2))
    values = torch.arange(1, min(shape) + 1) ** -3.0
    matrix = (
        (left * values) @ right[: min(shape)] if shape[0] >= shape[1] else right[: min(shape)].T @ (left * values).T
    )
    with torch.autocast("cpu", torch.bfloat16):
        mixed = orthogonalise(matrix[None], NEWTON_SCHULZ)
    torch.testing.assert_close(mixed, orthogonalise(matrix[None], NEWTON_SCHULZ), rtol=0, atol=0)
