"""A sample in bounded memory that does not depend on the order of what it is drawn from."""

from __future__ import annotations

import heapq
from typing import Generic, TypeVar

from nlpsuite.text.mixing import KEYS

T = TypeVar("T")


class Lowest(Generic[T]):
    """Keeps the items of the lowest keys, in order of key, up to the first that would exceed `max_bytes` in all.

    With keys that are hashes this is a uniform sample. What is kept is the same for every order in which items are
    pushed.

    Args:
        max_bytes: The most bytes of all items kept.
        below: Items with keys from here on are not kept.
    """

    def __init__(self, max_bytes: int, below: int = KEYS):
        self.max_bytes, self.below = max_bytes, below
        self.n_bytes = 0
        # The entry with the highest key is at the front; the running number keeps items from being compared.
        self._heap: list[tuple[int, int, int, T]] = []
        self._pushed = 0

    def __len__(self) -> int:
        return len(self._heap)

    def push(self, key: int, n_bytes: int, item: T) -> None:
        """Offer an item."""
        if key >= self.below:
            return
        self._pushed += 1
        heapq.heappush(self._heap, (-key, self._pushed, n_bytes, item))
        self.n_bytes += n_bytes
        while self.n_bytes > self.max_bytes:
            self.drop_highest()

    def drop_highest(self) -> None:
        """Let the item with the highest key go, and refuse such keys from now on: else the order would matter."""
        key, _, n_bytes, _ = heapq.heappop(self._heap)
        self.below = -key
        self.n_bytes -= n_bytes

    def items(self) -> list[T]:
        """The items kept, in the order in which they were pushed."""
        return [item for _, _, _, item in sorted(self._heap, key=lambda entry: entry[1])]
