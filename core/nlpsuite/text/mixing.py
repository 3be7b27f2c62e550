"""Seeded 64-bit hashes of documents, for choices that hang on content and seed alone."""

from __future__ import annotations

from hashlib import blake2b

_MASK = (1 << 64) - 1
_GOLDEN = 0x9E3779B97F4A7C15
KEYS = 1 << 64


def key_of(data: bytes) -> int:
    """Hash bytes to a key below 2**64 (BLAKE2b)."""
    return int.from_bytes(blake2b(data, digest_size=8).digest(), "little")


class Mixer:
    """Turns keys into other keys, evenly spread below 2**64; different seeds and streams give independent ones.

    The finaliser of SplitMix64 (Steele, Lea and Flood 2014), applied once to seed and stream and once to the key.

    Args:
        seed: Any integer.
        stream: Tells the uses of one seed apart.
    """

    __slots__ = ("_salt", "seed")

    def __init__(self, seed: int, stream: int):
        self.seed = seed
        self._salt = _finalise((seed * 2 + 1) * _GOLDEN + stream * 0xD1B54A32D192ED03)

    def __call__(self, key: int) -> int:
        """Give the other key."""
        return _finalise(key ^ self._salt)


def _finalise(x: int) -> int:
    x = (x + _GOLDEN) & _MASK
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & _MASK
    return x ^ (x >> 31)
