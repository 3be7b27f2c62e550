from __future__ import annotations

import pytest
import torch

from nlpsuite.backbone.evening import even_out, no_sizes
from nlpsuite.backbone.orthogonal import orthogonalise


def updates(rows: int, columns: int, seed: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    # Rows (or columns) of very different sizes, as gradients have them.
    uneven = torch.logspace(-2, 0, max(rows, columns))
    drawn = torch.randn(3, rows, columns, generator=generator)
    return orthogonalise(drawn * (uneven[:, None] if rows >= columns else uneven), 6)


@pytest.mark.parametrize(("rows", "columns", "across"), [(12, 4, -1), (4, 12, -2), (6, 6, -1)])
def test_neurons_get_updates_of_one_size_and_the_whole_keeps_its_own(rows, columns, across):
    sizes = [no_sizes(torch.empty(rows, columns)) for _ in range(3)]
    given = updates(rows, columns, 1)
    found = even_out(given, sizes)
    of_neurons = found.norm(dim=across)
    torch.testing.assert_close(of_neurons, of_neurons.mean(-1, keepdim=True).expand_as(of_neurons), rtol=1e-4, atol=0)
    torch.testing.assert_close(found.norm(dim=(-2, -1)), given.norm(dim=(-2, -1)))
    # Directions stay.
    cosine = torch.nn.functional.cosine_similarity(found, given, dim=across)
    torch.testing.assert_close(cosine, torch.ones_like(cosine), rtol=1e-4, atol=0)


def test_sizes_are_of_many_steps():
    sizes = [no_sizes(torch.empty(12, 4)) for _ in range(3)]
    for seed in range(40):
        even_out(updates(12, 4, seed), sizes)
    before = [size.clone() for size in sizes]
    quiet = updates(12, 4, 99)
    quiet[:, 0] = 0.0
    found = even_out(quiet, sizes)
    assert not found[:, 0].any()
    for size, old in zip(sizes, before, strict=True):
        assert float(size[0]) == pytest.approx(0.95 * float(old[0]))


def test_a_matrix_without_gradient_stays_without():
    sizes = [no_sizes(torch.empty(12, 4))]
    assert not even_out(torch.zeros(1, 12, 4), sizes).any()
    assert even_out(updates(12, 4, 1)[:1], sizes).isfinite().all()
