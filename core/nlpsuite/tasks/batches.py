"""Windows into batches: by a budget of tokens, windows of similar length together, in an order that seed and epoch decide."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from nlpsuite.tasks.task import Batch

if TYPE_CHECKING:
    from collections.abc import Sequence

    import torch

    from nlpsuite.tasks.task import Window

POOL_BATCHES = 100
"""Batches whose windows are sorted by length together; more would pad less and mix less."""


def collate(windows: Sequence[Window], pad_id: int) -> Batch:
    """Put windows side by side, padded to the longest of them."""
    import torch

    longest = max(len(window.ids) for window in windows)
    ids_BT = np.full((len(windows), longest), pad_id, np.int64)
    length_B = np.array([len(window.ids) for window in windows])
    for row, window in zip(ids_BT, windows, strict=True):
        row[: len(window.ids)] = window.ids
    weight_B = torch.tensor([window.weight for window in windows], dtype=torch.float32)
    real_BT = torch.from_numpy(np.arange(longest) < length_B[:, None])
    return Batch(torch.from_numpy(ids_BT), real_BT, weight_B, windows)


def move(batch: Batch, device: torch.device) -> Batch:
    """Return the batch with its tensors on `device`."""
    return replace(
        batch,
        ids_BT=batch.ids_BT.to(device),
        real_BT=batch.real_BT.to(device),
        weight_B=batch.weight_B.to(device),
    )


def cut(order: Sequence[int], lengths: Sequence[int], batch_tokens: int) -> list[list[int]]:
    """Cut an order into batches whose number of windows times the longest of them is at most `batch_tokens`.

    Args:
        order: Indices into `lengths`, sorted by length for little padding.
        lengths: Tokens of each window.
        batch_tokens: The budget; a window that is longer makes a batch of its own.
    """
    batches: list[list[int]] = []
    current: list[int] = []
    longest = 0
    for index in order:
        longest = max(longest, lengths[index])
        if current and (len(current) + 1) * longest > batch_tokens:
            batches.append(current)
            current, longest = [], lengths[index]
        current.append(index)
    return [*batches, current] if current else batches


def padding_share(batches: Sequence[Sequence[int]], lengths: Sequence[int]) -> float:
    """Return the share of padded positions in all positions of the batches."""
    positions = sum(len(batch) * max(lengths[index] for index in batch) for batch in batches)
    real = sum(lengths[index] for batch in batches for index in batch)
    return 1.0 - real / positions if positions else 0.0


class BatchOrder:
    """Which windows form batch `n` of training: a pure function of the seed and `n`, epoch after epoch.

    Each epoch shuffles the windows, sorts pools of them by length, cuts the pools into batches and shuffles the batches.

    Args:
        lengths: Tokens of each window; at least one window.
        batch_tokens: The budget of a batch.
        seed: Decides the order.
    """

    def __init__(self, lengths: Sequence[int], batch_tokens: int, seed: int):
        self._lengths, self._batch_tokens, self._seed = lengths, batch_tokens, seed
        mean = sum(lengths) / len(lengths)
        self._pool = max(1, round(POOL_BATCHES * batch_tokens / max(mean, 1.0)))
        # The number of the first batch of each epoch; epochs differ a little in how many batches they need.
        self._starts = [0]
        self._latest: tuple[int, list[list[int]]] = (-1, [])

    def epoch(self, number: int) -> list[list[int]]:
        """Return the batches of one epoch; each window is in one of them."""
        if self._latest[0] != number:
            self._latest = (number, self._make(number))
        return self._latest[1]

    def batch(self, number: int) -> list[int]:
        """Return batch `number`, counted over all epochs."""
        epoch = self.epoch_of(number)
        return self.epoch(epoch)[number - self._starts[epoch]]

    def epoch_of(self, number: int) -> int:
        """Return the epoch that batch `number` is in, from 0."""
        while self._starts[-1] <= number:
            self._starts.append(self._starts[-1] + len(self.epoch(len(self._starts) - 1)))
        return int(np.searchsorted(self._starts, number, side="right")) - 1

    def first(self, epoch: int) -> int:
        """Return the number of the first batch of an epoch: the batches in all epochs before it."""
        while len(self._starts) <= epoch:
            self.epoch_of(self._starts[-1])
        return self._starts[epoch]

    def _make(self, number: int) -> list[list[int]]:
        chance = np.random.default_rng((self._seed, number))
        order = chance.permutation(len(self._lengths))
        lengths = np.asarray(self._lengths)
        batches: list[list[int]] = []
        for start in range(0, len(order), self._pool):
            pool = order[start : start + self._pool]
            by_length = pool[np.argsort(lengths[pool], kind="stable")]
            batches += cut(by_length.tolist(), self._lengths, self._batch_tokens)
        return [batches[place] for place in chance.permutation(len(batches))]
