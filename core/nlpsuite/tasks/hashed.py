"""Hashed sparse features beside the backbone's states: cheap, exact memory of surface forms, which small backbones lack.

A feature is any string (`w=paris`, `suffix=ing`, `2gram=not good`). Its bucket is a hash, so that there is no vocabulary
to build or ship (Weinberger et al. 2009, "Feature Hashing for Large Scale Multitask Learning").
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import torch
from torch import nn

if TYPE_CHECKING:
    from collections.abc import Iterable

    from torch import Tensor


def hash_features(features: Iterable[str], buckets: int) -> list[int]:
    """Return the bucket of each feature, 0 to `buckets` - 1: the same on every machine and in every process."""
    return [zlib.crc32(feature.encode(errors="surrogatepass")) % buckets for feature in features]


NO_FEATURE = 0
"""The bucket that stands for nothing, for items with fewer features than others."""


class HashedLinear(nn.Module):
    """A linear layer over hashed sparse features: the sum of one row of weights for each feature.

    The weights begin at zero, so that the layer adds nothing before it has learned; that of `NO_FEATURE` stays zero. `scale`
    multiplies both output and learning rate: rare features are seen in few steps and must move further in each than the
    weights of a dense layer. In training features are hidden by chance, so that others learn to do without them.

    Letters in names: N items, F features of an item, O outputs.

    Args:
        buckets: Rows of weights.
        n_outputs: O.
        scale: What the sums are multiplied by.
        dropout: Share of features that are hidden in training.
    """

    def __init__(self, buckets: int, n_outputs: int, scale: float = 10.0, dropout: float = 0.0):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(buckets, n_outputs))
        self.scale, self.dropout = scale, dropout

    def forward(self, buckets_NF: Tensor) -> Tensor:
        """Return the sums, [N, O].

        Args:
            buckets_NF: int32 or int64, the bucket of each feature, from 1; `NO_FEATURE` where an item has no more.
        """
        if self.training and self.dropout:
            hidden_NF = torch.rand(buckets_NF.shape, device=buckets_NF.device) < self.dropout
            buckets_NF = buckets_NF.masked_fill(hidden_NF, NO_FEATURE)
        summed: Tensor = nn.functional.embedding_bag(buckets_NF, self.weight, mode="sum", padding_idx=NO_FEATURE)
        return self.scale * summed
