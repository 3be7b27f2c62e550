"""Fits the n-gram scores to the training rows, and says what it gives each of these rows without having seen it.

The model is logistic regression on TF-IDF, solved to its optimum before training: convex, so there is no rate or order to
choose. It knows the training rows nearly by heart, and a network trained beside such scores would learn nothing from
them. So in training each row has the scores of a model that was fitted without the row's fifth of the data, as in stacked
generalisation (Wolpert 1992); they err as often as on new rows.

Letters in names: R rows, F features, C classes, N features in all rows.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from nlpsuite.tasks.ngram_scores import NgramScores, bag_sums

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nlpsuite.tasks.ngrams import NgramBag

FOLDS = 5
STRENGTH = 8.0
"""Inverse of the regularisation, scikit-learn's `C`: the larger, the closer the fit."""
MOST_FEATURES, MOST_WEIGHTS, MOST_ENTRIES = 500_000, 8_000_000, 10_000_000
"""Bounds on F, on F times C, and on N; rows over the last are scored but not fitted to."""
ITERATIONS = 80
LINKS = 3
"""The rarest n-grams of a row by which it joins other rows."""
LARGEST_GROUP = 200
"""A group of like rows holds at most one row in so many."""
_MANY_ROWS = 5_000


@dataclass(frozen=True, slots=True)
class NgramFit:
    """What was fitted.

    Attributes:
        scores: Fitted to all rows.
        held_out_RC: float32, the scores of each row by a model that did not see it.
    """

    scores: NgramScores
    held_out_RC: Tensor


def fit_ngrams(bags: Sequence[NgramBag], target_RC: Tensor, weight_RC: Tensor, *, several: bool) -> NgramFit:
    """Fit n-gram scores to training rows.

    Args:
        bags: The n-grams of each row.
        target_RC: float32, 1 where the row has the class.
        weight_RC: float32, how much each row counts, [R, 1], or for each class, [R, C].
        several: Whether a row may have several classes, or none.
    """
    keys_F, frequency_F = _vocabulary(bags, target_RC.shape[1])
    idf_F = np.log((1 + len(bags)) / (1 + frequency_F)) + 1
    matrix = _Matrix(bags, keys_F, idf_F)
    fold_R = torch.from_numpy(_groups(bags, keys_F, frequency_F))
    share = min(1.0, MOST_ENTRIES / max(1, len(matrix.value_N)))
    # Rows beyond the bound belong to no fold: the model that is fitted to all others has not seen them.
    fold_R = torch.where(fold_R // FOLDS % 1000 < 1000 * share, fold_R % FOLDS, FOLDS)
    held_out_RC = torch.zeros_like(target_RC)
    start = torch.zeros(len(keys_F) + 1, target_RC.shape[1])
    for fold in range(FOLDS + 1):
        fitted_R1 = ((fold_R != fold) & (fold_R < FOLDS)).unsqueeze(1)
        solution = _solve(matrix, target_RC, weight_RC * fitted_R1, start, several)
        start = solution.clone()
        held_out_RC[fold_R == fold] = (matrix.times(solution[:-1]) + solution[-1])[fold_R == fold]
    scores = NgramScores(len(keys_F), target_RC.shape[1])
    scores.keys_F.copy_(torch.from_numpy(keys_F))
    scores.idf_F.copy_(torch.from_numpy(idf_F))
    scores.weight_FC.copy_(solution[:-1] * scores.idf_F.unsqueeze(1))
    scores.bias_C.copy_(solution[-1])
    return NgramFit(scores, held_out_RC)


def _vocabulary(bags: Sequence[NgramBag], n_classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the keys that are kept, ascending, and the rows that have each: of many rows those of two at least, if any."""
    keys, frequency = np.unique(np.concatenate([bag.keys for bag in bags]), return_counts=True)
    kept = frequency >= (2 if len(bags) >= _MANY_ROWS else 1)
    if not kept.any():
        kept[:] = True
    most = min(MOST_FEATURES, MOST_WEIGHTS // n_classes)
    if kept.sum() > most:
        commonest = np.argsort(-frequency, kind="stable")[:most]
        kept = np.zeros_like(kept)
        kept[commonest] = True
    return keys[kept], frequency[kept]


def _groups(bags: Sequence[NgramBag], keys_F: np.ndarray, frequency_F: np.ndarray) -> np.ndarray:
    """Return a number for each row that rows much like it have too, such as phrases of one sentence or duplicates.

    Duplicates are one group; each row joins the groups that have its rarest n-grams, as long as a group remains a small
    share of all rows.
    """
    rank_F = np.where(frequency_F > 1, frequency_F, np.iinfo(np.int64).max)
    parent, size = list(range(len(bags))), [1] * len(bags)
    most = max(2, len(bags) // LARGEST_GROUP)

    def root(row: int) -> int:
        while parent[row] != row:
            parent[row] = parent[parent[row]]
            row = parent[row]
        return row

    first: dict[int, int] = {}
    same: dict[bytes, int] = {}
    for row, bag in enumerate(bags):
        parent[row] = same.setdefault(bag.keys.tobytes(), row)
        size[parent[row]] += parent[row] != row
    for row, bag in enumerate(bags):
        if same[bag.keys.tobytes()] != row:
            continue
        place = np.searchsorted(keys_F, bag.keys).clip(max=len(keys_F) - 1)
        known = place[keys_F[place] == bag.keys]
        for feature in known[np.argsort(rank_F[known], kind="stable")[:LINKS]].tolist():
            one, other = root(row), root(first.setdefault(feature, row))
            if one != other and size[one] + size[other] <= most:
                parent[other] = one
                size[one] += size[other]
    return np.array([zlib.crc32(bags[root(row)].keys.tobytes()) for row in range(len(bags))])


class _Matrix:
    """Rows of TF-IDF, sparse, each of length 1; multiplied from either side."""

    def __init__(self, bags: Sequence[NgramBag], keys_F: np.ndarray, idf_F: np.ndarray):
        row_N = np.repeat(np.arange(len(bags)), [len(bag.keys) for bag in bags])
        keys_N = np.concatenate([bag.keys for bag in bags])
        place_N = np.searchsorted(keys_F, keys_N).clip(max=len(keys_F) - 1)
        known_N = keys_F[place_N] == keys_N
        row_N, place_N = row_N[known_N], place_N[known_N]
        value_N = np.concatenate([bag.counts for bag in bags])[known_N] * idf_F[place_N]
        norm_R = np.sqrt(np.bincount(row_N, value_N**2, len(bags)))
        self.value_N = torch.from_numpy((value_N / norm_R[row_N]).astype(np.float32))
        self._place_N = torch.from_numpy(place_N)
        self._starts_R = torch.from_numpy(np.searchsorted(row_N, np.arange(len(bags))))
        by_feature = np.argsort(place_N, kind="stable")
        self._row_N = torch.from_numpy(row_N[by_feature])
        self._starts_F = torch.from_numpy(np.searchsorted(place_N[by_feature], np.arange(len(keys_F))))
        self._by_feature = self.value_N[torch.from_numpy(by_feature)]

    def times(self, weight_FC: Tensor) -> Tensor:
        """Return the product with weights, [R, C]."""
        return bag_sums(self._place_N, self._starts_R, self.value_N, weight_FC)

    def transposed_times(self, error_RC: Tensor) -> Tensor:
        """Return the product of the transpose with errors, [F, C]."""
        return bag_sums(self._row_N, self._starts_F, self._by_feature, error_RC)


def _solve(matrix: _Matrix, target_RC: Tensor, weight_RC: Tensor, start: Tensor, several: bool) -> Tensor:
    """Return the best weights, and below them the bias, [F + 1, C]."""
    solution = torch.nn.Parameter(start.clone())
    sum_1C = weight_RC.sum(0, keepdim=True)
    weight_RC = weight_RC / sum_1C.clamp(min=1e-9)
    decay_1C = 1 / (STRENGTH * sum_1C.clamp(min=1.0))
    solver = torch.optim.LBFGS(
        [solution],
        max_iter=ITERATIONS,
        history_size=10,
        tolerance_grad=1e-6,
        tolerance_change=1e-8,
        line_search_fn="strong_wolfe",
    )

    @torch.no_grad()
    def objective() -> Tensor:
        logits_RC = matrix.times(solution[:-1]) + solution[-1]
        if several:
            losses = torch.nn.functional.binary_cross_entropy_with_logits(logits_RC, target_RC, reduction="none")
            error_RC = logits_RC.sigmoid() - target_RC
        else:
            losses = -(target_RC * logits_RC.log_softmax(1))
            error_RC = logits_RC.softmax(1) - target_RC
        error_RC = error_RC * weight_RC
        solution.grad = torch.cat((matrix.transposed_times(error_RC), error_RC.sum(0, keepdim=True)))
        solution.grad[:-1] += decay_1C * solution[:-1]
        return (losses * weight_RC).sum() + (decay_1C / 2 * solution[:-1].square()).sum()

    solver.step(objective)  # type: ignore[no-untyped-call]
    return solution.detach()
