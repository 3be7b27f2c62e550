"""How rare a word is: from the share of training contexts that hold it, hashed, so that there is no vocabulary to keep."""

from __future__ import annotations

import base64
import zlib
from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from nlpsuite.api import split_words
from nlpsuite_qa.words import know_word

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

BUCKETS = 1 << 14


class Rarity:
    """Inverse document frequency (Spärck Jones 1972), scaled to 0 for a word in every context and 1 for one in none.

    Args:
        levels: uint8, for each bucket the rarity in steps of 1 / 255.
    """

    def __init__(self, levels: NDArray[np.uint8]):
        self._levels = levels
        self.of = lru_cache(maxsize=1 << 17)(self._of)

    @classmethod
    def from_contexts(cls, contexts: Iterable[str]) -> Rarity:
        """Count in how many of the contexts each word is."""
        counts: Counter[str] = Counter()
        total = 0
        for text in contexts:
            total += 1
            counts.update({know_word(text[start:end]).key for start, end in split_words(text)})
        in_bucket = np.zeros(BUCKETS)
        for word, count in counts.items():
            # Words that share a bucket are nearly all rare; the commonest of them decides.
            bucket = _bucket(word)
            in_bucket[bucket] = max(in_bucket[bucket], count)
        rarity = np.log((total + 1) / (in_bucket + 1)) / np.log(total + 1) if total else np.ones(BUCKETS)
        return cls(np.round(255 * rarity).astype(np.uint8))

    def to_state(self) -> str:
        """Return it as text for JSON."""
        return base64.b85encode(zlib.compress(self._levels.tobytes(), 9)).decode()

    @classmethod
    def from_state(cls, state: str) -> Rarity:
        """Take back what `to_state` returned.

        Raises:
            ValueError: It is damaged.
        """
        try:
            levels = np.frombuffer(zlib.decompress(base64.b85decode(state)), np.uint8)
        except zlib.error as error:
            raise ValueError(f"rarities: {error}") from None
        if len(levels) != BUCKETS:
            raise ValueError("rarities are not of the right number")
        return cls(levels)

    def _of(self, key: str) -> float:
        """Return the rarity of a word, as `Word.key` spells it, 0 to 1."""
        return float(self._levels[_bucket(key)]) / 255


def _bucket(key: str) -> int:
    return zlib.crc32(key.encode(errors="surrogatepass")) % BUCKETS
