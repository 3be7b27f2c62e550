"""Keys and values of the tokens already read, so that generating a token costs one position, not the whole row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch import Tensor

    from nlpsuite.backbone.config import BackboneConfig


class KeyValueCache:
    """Preallocated keys and values of every layer. K key heads, S positions, C head width.

    Args:
        config: The network's shape.
        rows: Texts that are continued side by side.
        positions: The most tokens of one. Memory is taken for all of them at once, so no more than may be needed.
        dtype: Of keys and values.
        device: Where they live.

    Attributes:
        length: Positions filled so far.
    """

    def __init__(self, config: BackboneConfig, rows: int, positions: int, dtype: torch.dtype, device: torch.device):
        shape = (config.n_layers, rows, config.n_kv_heads, positions, config.head_dim)
        self._keys = torch.zeros(shape, dtype=dtype, device=device)
        self._values = torch.zeros(shape, dtype=dtype, device=device)
        self.length = 0

    def of_layer(self, layer: int) -> LayerCache:
        """Return the keys and values of one layer, to be read and extended."""
        return LayerCache(self._keys[layer], self._values[layer], self.length)

    def advance(self, positions: int) -> None:
        """Count positions as filled, after every layer has stored them."""
        self.length += positions

    def select(self, rows_N: Tensor) -> None:
        """Keep these rows, in this order; a row may be taken several times, or not at all.

        Args:
            rows_N: int64 indices of rows.
        """
        self._keys, self._values = (self._selected(each, rows_N) for each in (self._keys, self._values))

    def _selected(self, stored: Tensor, rows_N: Tensor) -> Tensor:
        layers, _, heads, positions, width = stored.shape
        found = stored.new_empty(layers, len(rows_N), heads, positions, width)
        # What is not filled yet is not copied: a cache has room for far more than that at first.
        found[:, :, :, : self.length] = stored[:, :, :, : self.length].index_select(1, rows_N)
        return found

    def reorder(self, rows_B: Tensor, start: int) -> None:
        """Put rows in another order, from one position on; for rows that have what comes before in common.

        Args:
            rows_B: int64, the row whose content each row takes over.
            start: The first position where rows differ.
        """
        for stored in (self._keys, self._values):
            part = stored[:, :, :, start : self.length]
            part.copy_(part.index_select(1, rows_B))


@dataclass(frozen=True, slots=True)
class LayerCache:
    """Keys and values of one layer during one forward pass.

    Attributes:
        keys_BKSC: Room for all positions.
        values_BKSC: Room for all positions.
        length: Positions filled before this pass.
    """

    keys_BKSC: Tensor
    values_BKSC: Tensor
    length: int

    def extend(self, k_BKTC: Tensor, v_BKTC: Tensor) -> tuple[Tensor, Tensor]:
        """Store the new positions and return all keys and values so far, (B, K, S, C) each."""
        end = self.length + k_BKTC.shape[2]
        if end > self.keys_BKSC.shape[2]:
            raise ValueError(f"the cache holds {self.keys_BKSC.shape[2]} positions, {end} are needed")
        self.keys_BKSC[:, :, self.length : end] = k_BKTC
        self.values_BKSC[:, :, self.length : end] = v_BKTC
        return self.keys_BKSC[:, :, :end], self.values_BKSC[:, :, :end]
