"""Training batches by number, so that a resumed run goes on at the very batch where it stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch.utils.data import Dataset

from nlpsuite.tasks.batches import BatchOrder, collate
from nlpsuite.tasks.task import Batch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nlpsuite.tasks.task import Window

_NEVER_ENDING = 1 << 40


class TrainBatches(Dataset[Batch]):
    """One device's micro-batches from number `first` on, epoch after epoch.

    Args:
        windows: The training windows.
        order: Which of them form which batch.
        pad_id: The tokenizer's padding.
        first: This device's first micro-batch, counted from the start of training.
        rank: This device.
        world: Devices.
    """

    def __init__(
        self,
        windows: Sequence[Window],
        order: BatchOrder,
        pad_id: int,
        *,
        first: int = 0,
        rank: int = 0,
        world: int = 1,
    ):
        self._windows, self._order, self._pad_id = windows, order, pad_id
        self._first, self._rank, self._world = first, rank, world

    def __len__(self) -> int:
        return _NEVER_ENDING

    def __getitem__(self, index: int) -> Batch:
        number = (self._first + index) * self._world + self._rank
        return collate([self._windows[place] for place in self._order.batch(number)], self._pad_id)
