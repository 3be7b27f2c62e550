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
    from collections.abc import Iterable, Sequence

    from torch import Tensor


def hash_features(features: Iterable[str], buckets: int) -> list[int]:
    """Return the bucket of each feature, 0 to `buckets` - 1: the same on every machine and in every process."""
    return [zlib.crc32(feature.encode(errors="surrogatepass")) % buckets for feature in features]


class HashedLinear(nn.Module):
    """A linear layer over hashed sparse features: the sum of one row of weights for each feature, times its value.

    The weights begin at zero, so that the layer adds nothing before it has learned. `scale` multiplies both output and
    learning rate: rare features are seen in few steps and must move further in each than the weights of a dense layer.

    Args:
        buckets: Rows of weights.
        n_outputs: Columns.
        scale: What the sums are multiplied by.
    """

    def __init__(self, buckets: int, n_outputs: int, scale: float = 10.0):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(buckets, n_outputs))
        self.scale = scale

    @property
    def buckets(self) -> int:
        """Rows of weights."""
        return self.weight.shape[0]

    def forward(self, bags: Sequence[Sequence[int]], values: Sequence[Sequence[float]] | None = None) -> Tensor:
        """Return the weighted sums of the features of each bag, [bags, n_outputs].

        Args:
            bags: Bucket indices; a bag may be empty.
            values: The value of each feature; 1 where not given.
        """
        device = self.weight.device
        flat = torch.tensor([index for bag in bags for index in bag], dtype=torch.int64, device=device)
        lengths = torch.tensor([0, *(len(bag) for bag in bags)], dtype=torch.int64, device=device)
        offsets = lengths.cumsum(0)[:-1]
        weights = None
        if values is not None:
            numbers = [value for each in values for value in each]
            weights = torch.tensor(numbers, dtype=self.weight.dtype, device=device)
        summed: Tensor = nn.functional.embedding_bag(flat, self.weight, offsets, mode="sum", per_sample_weights=weights)
        return self.scale * summed
