"""Class scores from n-grams alone: a linear model over TF-IDF, kept as tensors so that it is saved with the head.

Letters in names: B bags, F features, C classes, N features in all bags.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nlpsuite.tasks.ngrams import NgramBag


class NgramScores(nn.Module):
    """Linear scores of bags of n-grams, each weighted by TF-IDF and scaled to length 1.

    All tensors are buffers: they are fitted before training (`ngram_fit`) and then stay as they are.

    Args:
        n_features: F; n-grams of other keys count for nothing.
        n_classes: C.

    Attributes:
        keys_F: int64, the keys of the known n-grams, ascending.
        idf_F: Their inverse document frequencies.
        weight_FC: Weights, each multiplied with the n-gram's idf already.
        bias_C: Scores of a bag without known n-grams.
    """

    keys_F: Tensor
    idf_F: Tensor
    weight_FC: Tensor
    bias_C: Tensor

    def __init__(self, n_features: int, n_classes: int):
        super().__init__()
        self.register_buffer("keys_F", torch.zeros(n_features, dtype=torch.int64))
        self.register_buffer("idf_F", torch.zeros(n_features))
        self.register_buffer("weight_FC", torch.zeros(n_features, n_classes))
        self.register_buffer("bias_C", torch.zeros(n_classes))

    def forward(self, bags: Sequence[NgramBag]) -> Tensor:
        """Return the scores of the bags, float32 [B, C]."""
        if not len(self.keys_F):
            return self.bias_C.expand(len(bags), -1)
        keys_N = torch.from_numpy(np.concatenate([bag.keys for bag in bags])).to(self.keys_F.device)
        count_N = torch.from_numpy(np.concatenate([bag.counts for bag in bags])).to(self.keys_F.device)
        place_N = torch.searchsorted(self.keys_F, keys_N).clamp_(max=len(self.keys_F) - 1)
        count_N = torch.where(self.keys_F[place_N] == keys_N, count_N, 0)
        lengths = torch.tensor([0, *(len(bag.keys) for bag in bags)], device=place_N.device)
        starts_B = lengths.cumsum(0)[:-1]
        scores_BC = bag_sums(place_N, starts_B, count_N, self.weight_FC)
        square_B1 = bag_sums(place_N, starts_B, count_N.square(), self.idf_F.square().unsqueeze(1))
        return self.bias_C + scores_BC / square_B1.clamp(min=1e-12).sqrt()


def bag_sums(place_N: Tensor, starts_B: Tensor, value_N: Tensor, table_FC: Tensor) -> Tensor:
    """Return for each bag the sum of rows of a table, each times its value, [B, C].

    Args:
        place_N: int64, which row each element of each bag is, bag after bag.
        starts_B: Where each bag begins in `place_N`.
        value_N: What each row is multiplied by.
        table_FC: The table.
    """
    sums_BC: Tensor = nn.functional.embedding_bag(
        place_N, table_FC, starts_B, mode="sum", per_sample_weights=value_N.to(table_FC.dtype)
    )
    return sums_BC
