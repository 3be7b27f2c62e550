"""The counted start of an embedding: like company makes like vectors, and chance comes from the seed alone."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from nlpsuite.training.pretraining import counts
from nlpsuite.training.pretraining.counts import STD, counted_embedding

VOCAB, WIDTH = 40, 16
ANIMALS, STONES = range(10, 20), range(20, 30)


def text(sentences: int = 4_000, seed: int = 0) -> np.ndarray:
    """Sentences `2 animal 4 3` and `5 stone 6 3`: which animal or stone is chance."""
    generator = np.random.default_rng(seed)
    rows = [
        [2, generator.choice(ANIMALS), 4, 3] if generator.random() < 0.5 else [5, generator.choice(STONES), 6, 3]
        for _ in range(sentences)
    ]
    return np.array(rows, dtype=np.uint16).reshape(-1)


def alike(embedding: torch.Tensor, some: range, others: range) -> float:
    unit = embedding / embedding.norm(dim=1, keepdim=True)
    return float((unit[list(some)] @ unit[list(others)].T).mean())


def test_tokens_in_like_company_are_alike_and_others_are_not():
    found = counted_embedding(text(), VOCAB, WIDTH, seed=1)
    assert alike(found, ANIMALS, ANIMALS) > 0.8
    assert alike(found, STONES, STONES) > 0.8
    assert alike(found, ANIMALS, STONES) < 0.2


def test_rows_are_as_long_as_random_ones_and_tokens_that_are_not_met_stay_random():
    found = counted_embedding(text(), VOCAB, WIDTH, seed=1)
    random = torch.randn(VOCAB, WIDTH, generator=torch.Generator().manual_seed(1)) * STD
    met = [2, 3, 4, 5, 6, *ANIMALS, *STONES]
    assert found[met].norm(dim=1).tolist() == pytest.approx([STD * WIDTH**0.5] * len(met), rel=1e-5)
    others = [token for token in range(VOCAB) if token not in met]
    assert torch.equal(found[others], random[others])


def test_the_seed_decides_and_a_turn_of_the_singular_vectors_does_not(monkeypatch):
    first = counted_embedding(text(), VOCAB, WIDTH, seed=1)
    assert torch.equal(first, counted_embedding(text(), VOCAB, WIDTH, seed=1))
    assert not torch.equal(first, counted_embedding(text(), VOCAB, WIDTH, seed=2))
    plain = counts._halved_singular_vectors
    turn = torch.linalg.qr(torch.randn(WIDTH, WIDTH, generator=torch.Generator().manual_seed(5)))[0]
    monkeypatch.setattr(counts, "_halved_singular_vectors", lambda *arguments: plain(*arguments) @ turn)
    assert torch.allclose(first, counted_embedding(text(), VOCAB, WIDTH, seed=1), atol=1e-5)


def test_singular_vectors_are_those_of_an_exact_decomposition():
    matrix = torch.randn(30, 50, generator=torch.Generator().manual_seed(0)) @ torch.diag(0.8 ** torch.arange(50.0))
    found = counts._halved_singular_vectors(matrix, 8, torch.Generator().manual_seed(1))
    left, values, _ = torch.linalg.svd(matrix)
    exact = left[:, :8] * values[:8].sqrt()
    assert torch.allclose(found @ found.T, exact @ exact.T, atol=1e-3)


def test_information_is_that_of_the_definition_with_smoothed_neighbours():
    table = torch.tensor([[8.0, 0.0], [2.0, 6.0]])
    found = table.clone()
    counts._to_information(found)
    smoothed = np.array([10.0, 6.0]) ** counts.SMOOTHING
    smoothed /= smoothed.sum()
    expected = np.log(8 / 8 / smoothed[0]) * 8 / 9
    assert float(found[0, 0]) == pytest.approx(expected, rel=1e-5)
    assert float(found[0, 1]) == 0.0
    assert float(found[1, 0]) == 0.0  # met less often than chance has it
    assert float(found[1, 1]) == pytest.approx(np.log(6 / 8 / smoothed[1]) * 6 / 7, rel=1e-5)


def test_a_large_text_is_read_in_stretches_from_all_over_it(monkeypatch):
    monkeypatch.setattr(counts, "STRETCH", 10)
    monkeypatch.setattr(counts, "MOST_TOKENS", 30)
    read = counts._stretches(np.arange(95, dtype=np.uint16))
    assert [stretch[0] for stretch in read] == [0, 40, 90]
    assert [len(stretch) for stretch in read] == [10, 10, 5]
    assert len(counts._stretches(np.arange(25, dtype=np.uint16))) == 3


@pytest.mark.parametrize("tokens", [[], [3], [3, 4], [3] * 50])
def test_hardly_any_text_gives_finite_rows(tokens):
    found = counted_embedding(np.array(tokens, dtype=np.uint16), VOCAB, WIDTH, seed=1)
    assert found.shape == (VOCAB, WIDTH)
    assert bool(found.isfinite().all())


def test_a_large_vocabulary_is_told_by_fewer_neighbours(monkeypatch):
    monkeypatch.setattr(counts, "MOST_CELLS", VOCAB * len(counts.OFFSETS) * 3)
    matrix = counts._association([text().astype(np.int64)], VOCAB)
    assert matrix.shape == (VOCAB, len(counts.OFFSETS) * 3)
