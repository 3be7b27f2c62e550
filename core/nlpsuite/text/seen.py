"""A compact set of 64-bit keys that tells which keys are new: what exact duplicates are found with.

Memory: a key takes one slot of 8 bytes, and tables double when three quarters full, so that a key takes 11 to 21 bytes;
a Python set of digests would take about 100. There are 16 tables, by the high bits of the key, so that doubling one
adds a 32nd of the whole for a moment, not a half. At 2**27 slots (1 GiB, 100 million keys) the tables grow no more;
keys that come later are looked up but not remembered. 10 GB of text has 100 million documents when they are 100 bytes
long.

Two different documents among n have the same 64-bit key with probability below n**2 / 2**65: 3e-8 for a million, 3e-4
for 100 million.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

MAX_SLOTS = 1 << 27
_TABLE_BITS = 4
_FIRST_SLOTS = 1 << 10


class SeenKeys:
    """The set of keys seen so far.

    Args:
        max_slots: The most slots of all tables, of 8 bytes each; a power of two, at least 2**14.
    """

    def __init__(self, max_slots: int = MAX_SLOTS):
        self._tables = [_Table(max_slots >> _TABLE_BITS) for _ in range(1 << _TABLE_BITS)]

    def __len__(self) -> int:
        return sum(table.used for table in self._tables)

    @property
    def n_bytes(self) -> int:
        """The memory of the tables."""
        return sum(table.slots.nbytes for table in self._tables)

    def add(self, keys: NDArray[np.uint64]) -> tuple[NDArray[np.bool_], int]:
        """Add keys, and tell which are new.

        Args:
            keys: (N,), evenly spread, as hashes are.

        Returns:
            (N,) True where neither an earlier call nor an earlier place of this one has the key; and how many of
            those could not be remembered.
        """
        # Zero marks a free slot.
        keys = np.where(keys == 0, np.uint64(1), keys)
        distinct, first = np.unique(keys, return_index=True)
        is_new = np.zeros(len(distinct), dtype=np.bool_)
        n_forgotten = 0
        # The keys are sorted, so those of one table lie together.
        tops = np.arange(1, 1 << _TABLE_BITS, dtype=np.uint64) << np.uint64(64 - _TABLE_BITS)
        bounds = [0, *np.searchsorted(distinct, tops).tolist(), len(distinct)]
        for table, start, end in zip(self._tables, bounds[:-1], bounds[1:], strict=True):
            if start < end:
                is_new[start:end], forgotten = table.add(distinct[start:end])
                n_forgotten += forgotten
        result = np.zeros(len(keys), dtype=np.bool_)
        result[first] = is_new
        return result, n_forgotten


class _Table:
    """One open-addressing hash table with linear probing; works on many distinct keys at a time."""

    def __init__(self, max_slots: int):
        self.slots = np.zeros(_FIRST_SLOTS, dtype=np.uint64)
        self.used = 0
        self._max_slots = max_slots

    def add(self, keys: NDArray[np.uint64]) -> tuple[NDArray[np.bool_], int]:
        while 4 * (self.used + len(keys)) > 3 * len(self.slots) and 2 * len(self.slots) <= self._max_slots:
            self._double()
        room = 3 * len(self.slots) // 4 - self.used
        if room >= len(keys):
            is_new = self._probe(keys, write=True)
            self.used += int(is_new.sum())
            return is_new, 0
        is_new = self._probe(keys, write=False)
        remembered = keys[is_new][: max(room, 0)]
        self._probe(remembered, write=True)
        self.used += len(remembered)
        return is_new, int(is_new.sum()) - len(remembered)

    def _double(self) -> None:
        old = self.slots
        self.slots = np.zeros(2 * len(old), dtype=np.uint64)
        self._probe(old[old != 0], write=True)

    def _probe(self, keys: NDArray[np.uint64], *, write: bool) -> NDArray[np.bool_]:
        """Follow every key's chain of slots to its end, all a step at a time; tell which keys were not there."""
        is_new = np.zeros(len(keys), dtype=np.bool_)
        mask = np.uint64(len(self.slots) - 1)
        pending = np.arange(len(keys))
        places = (keys & mask).astype(np.int64)
        while pending.size:
            wanted = keys[pending]
            held = self.slots[places]
            free = held == 0
            if write:
                # Where several keys want one free slot, the last gets it and the others go on.
                self.slots[places[free]] = wanted[free]
                settled = self.slots[places] == wanted
                is_new[pending[free & settled]] = True
            else:
                settled = free | (held == wanted)
                is_new[pending[free]] = True
            pending = pending[~settled]
            places = (places[~settled] + 1) & int(mask)
        return is_new
