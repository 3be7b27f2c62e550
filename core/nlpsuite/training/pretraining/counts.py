"""An embedding to start from: tokens that stand in like company get like vectors, before the first step.

A run of minutes trains on a few percent of the text, but all of it has been tokenised. Which token stands beside which is
counted in a few seconds, and the counts' largest singular vectors are what training would find out about single tokens
first. Sources: Levy and Goldberg 2014, "Neural Word Embedding as Implicit Matrix Factorization" (positive pointwise mutual
information, halved singular values); Halko et al. 2011 (the random range finder).

Letters: V vocabulary, K counted neighbours, D width of the embedding.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

OFFSETS = (-2, -1, 1, 2)
"""Which neighbours are counted, each place for itself."""
MOST_TOKENS = 20_000_000
STRETCH = 4_000_000
"""Tokens are read in stretches of this many, evenly over the text."""
MOST_CELLS = 1 << 25
"""Counts held at once: 128 MB in float32. The larger the vocabulary, the fewer neighbours are told apart."""
SMOOTHING = 0.75
"""Exponent on how often a neighbour is met anywhere, which keeps rare ones from telling too much."""
SPARE, POWER_ITERATIONS = 32, 2
STD = 0.02
"""As of a random start."""


def counted_embedding(tokens: NDArray[np.unsignedinteger], vocab_size: int, width: int, seed: int) -> Tensor:
    """Return an embedding (V, D) from which tokens stand beside which; every row is as long as a random one on average.

    A token that is not met gets a random row. Turned so that it is as near to the random embedding of `seed` as can be:
    singular vectors are known up to a turn only.

    Args:
        tokens: All tokens of the text, one document after another.
        vocab_size: V.
        width: D.
        seed: Decides the random embedding.
    """
    generator = torch.Generator().manual_seed(seed)
    random = torch.randn(vocab_size, width, generator=generator) * STD
    if len(tokens) < 2:
        return random
    matrix_VN = _association(_stretches(tokens), vocab_size)
    vectors_VD = _halved_singular_vectors(matrix_VN, width, generator)
    met = matrix_VN.any(dim=1)
    vectors_VD -= vectors_VD[met].mean(0) if bool(met.any()) else 0.0
    left, _, right = torch.linalg.svd(vectors_VD.T @ random)
    turned = vectors_VD @ (left @ right)
    lengths = turned.norm(dim=1, keepdim=True)
    met &= lengths[:, 0] > 0.0
    random[met] = turned[met] / lengths[met] * (STD * width**0.5)
    return random


def _stretches(tokens: NDArray[np.unsignedinteger]) -> list[NDArray[np.unsignedinteger]]:
    """Return at most so many tokens, in stretches taken evenly from the text, where they are: nothing is copied."""
    number = -(-len(tokens) // STRETCH)
    chosen = np.unique(np.linspace(0, number - 1, min(number, MOST_TOKENS // STRETCH)).astype(int))
    return [np.asarray(tokens[at * STRETCH : (at + 1) * STRETCH]) for at in chosen]


def _association(stretches: list[NDArray[np.unsignedinteger]], vocab_size: int) -> Tensor:
    """Return the positive pointwise mutual information of tokens and their most frequent neighbours, (V, offsets * K)."""
    frequency = sum((np.bincount(ids, minlength=vocab_size) for ids in stretches), np.zeros(vocab_size, np.int64))
    neighbours = min(int((frequency > 0).sum()), max(1, MOST_CELLS // (vocab_size * len(OFFSETS))))
    # Cells are few enough for small whole numbers, which take half of the memory.
    column = np.full(vocab_size, -1, dtype=np.int32)
    column[np.argsort(-frequency, kind="stable")[:neighbours]] = np.arange(neighbours, dtype=np.int32)
    matrix = torch.empty(vocab_size, len(OFFSETS) * neighbours)
    for place, offset in enumerate(OFFSETS):
        counts = np.zeros(vocab_size * neighbours, dtype=np.float32)
        for ids in stretches:
            here, there = (ids[:-offset], ids[offset:]) if offset > 0 else (ids[-offset:], ids[:offset])
            columns = column[there]
            known = columns >= 0
            cells = here[known].astype(np.int32)
            cells *= neighbours
            cells += columns[known]
            counts += np.bincount(cells, minlength=len(counts))
        block = matrix[:, place * neighbours : (place + 1) * neighbours]
        block.copy_(torch.from_numpy(counts).view(vocab_size, neighbours))
        _to_information(block)
    return matrix


def _to_information(counts_VK: Tensor) -> None:
    """Turn counts into positive pointwise mutual information, in place; what was met once counts half."""
    reliability = counts_VK / (counts_VK + 1.0)
    rows = counts_VK.sum(1, keepdim=True).clamp_(min=1.0)
    columns = counts_VK.sum(0, keepdim=True).clamp_(min=1e-9).pow_(SMOOTHING)
    counts_VK.div_(rows).div_(columns / columns.sum()).clamp_(min=1.0).log_().mul_(reliability)


def _halved_singular_vectors(matrix_VN: Tensor, width: int, generator: torch.Generator) -> Tensor:
    """Return the left singular vectors of the largest singular values, each times the root of its value, (V, D)."""
    rank = min(width + SPARE, *matrix_VN.shape)
    basis = matrix_VN @ torch.randn(matrix_VN.shape[1], rank, generator=generator)
    for _ in range(POWER_ITERATIONS):
        basis = matrix_VN @ (matrix_VN.T @ torch.linalg.qr(basis)[0])
    basis = torch.linalg.qr(basis)[0]
    small = basis.T @ matrix_VN
    squares, vectors = torch.linalg.eigh(small @ small.T)
    kept = min(width, rank)
    # Ascending; the square of a singular value to the fourth root is the root of the value.
    roots = squares[-kept:].clamp(min=0.0) ** 0.25
    found = torch.zeros(matrix_VN.shape[0], width)
    found[:, :kept] = basis @ (vectors[:, -kept:] * roots)
    return found
