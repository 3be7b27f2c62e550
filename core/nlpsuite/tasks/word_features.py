"""Hashed features of words and their neighbours: what a conventional tagger looks at, as fixed columns of bucket numbers.

Spelling, shape, prefixes and suffixes of a word, the words beside it, and pairs and triples of them. The properties of a
word are hashed once and kept; what depends on neighbours is mixed from their hashes with array arithmetic.

Letters in names: N words, P properties, F features, C characters.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import numpy as np

from nlpsuite.tasks.hashed import NO_FEATURE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_AFFIX = 4
_PROPERTIES = ("word", "lower", "shape", "short", "digits", *(f"{side}{n}" for n in range(1, 5) for side in "<>"))
_WORD, _LOWER, _SHAPE, _SHORT, _DIGITS = range(5)
_PREFIXES = tuple(range(5, 13, 2))
_SUFFIXES = tuple(range(6, 13, 2))
_REACH = 2
"""Words on either side that features look at."""

# Each feature is made of properties of words at offsets from its own.
TEMPLATES: tuple[tuple[tuple[int, int], ...], ...] = (
    *(((0, each),) for each in range(len(_PROPERTIES))),
    *(((offset, _LOWER),) for offset in (-2, -1, 1, 2)),
    *(((offset, _SHORT),) for offset in (-2, -1, 1, 2)),
    *(((offset, _SUFFIXES[2]),) for offset in (-1, 1)),
    ((-1, _LOWER), (0, _LOWER)),
    ((0, _LOWER), (1, _LOWER)),
    ((-2, _LOWER), (-1, _LOWER)),
    ((1, _LOWER), (2, _LOWER)),
    ((-1, _LOWER), (1, _LOWER)),
    ((-1, _LOWER), (0, _LOWER), (1, _LOWER)),
    ((-2, _LOWER), (-1, _LOWER), (0, _LOWER)),
    ((0, _LOWER), (1, _LOWER), (2, _LOWER)),
    ((-1, _SHORT), (0, _SHORT)),
    ((0, _SHORT), (1, _SHORT)),
    ((-1, _SHORT), (0, _SHORT), (1, _SHORT)),
    ((-1, _LOWER), (0, _SHORT)),
    ((0, _SHORT), (1, _LOWER)),
)
N_FEATURES = len(TEMPLATES) + 1
"""Columns: one for each template, and the word's shape with that of the sentence."""

_MIX, _FOLD = np.uint64(0x9E3779B97F4A7C15), np.uint64(29)
_KEPT = 1 << 18


class WordFeatures:
    """Makes the features of sentences; keeps what it has hashed.

    Args:
        buckets: Bucket numbers run from 1 to `buckets` - 1; 0 is `NO_FEATURE`.
    """

    def __init__(self, buckets: int):
        self._buckets = np.uint64(buckets - 1)
        self._known: dict[str, NDArray[np.uint64]] = {}
        self._edges = [_hashes([f"<{place}>"] * len(_PROPERTIES)) for place in range(2 * _REACH)]

    def __call__(self, words: Sequence[str]) -> NDArray[np.int32]:
        """Return the buckets of each word's features, [N, F]; a sentence's first and last words see its ends beside them."""
        n = len(words)
        rows = [*self._edges[:_REACH], *map(self._of, words), *self._edges[_REACH:]]
        base_MP = np.array(rows, np.uint64)
        own_NP = base_MP[_REACH : _REACH + n]
        mixed_NF = np.empty((n, N_FEATURES), np.uint64)
        missing_NF = np.zeros((n, N_FEATURES), bool)
        for number, template in enumerate(TEMPLATES):
            salt = np.uint64(number + 1)
            mixed_N = np.full(n, salt, np.uint64)
            for offset, which in template:
                mixed_N = (mixed_N ^ base_MP[_REACH + offset : _REACH + offset + n, which]) * _MIX
                mixed_N ^= mixed_N >> _FOLD
            mixed_NF[:, number] = mixed_N
        missing_NF[:, : len(_PROPERTIES)] = own_NP == 0
        cased = sum(word.isupper() for word in words) * 2 > sum(word.isalpha() for word in words)
        mixed_N = (own_NP[:, _SHORT] ^ np.uint64(977 + cased)) * _MIX
        mixed_NF[:, -1] = mixed_N ^ (mixed_N >> _FOLD)
        buckets_NF = mixed_NF % self._buckets + np.uint64(1)
        buckets_NF[missing_NF] = NO_FEATURE
        return buckets_NF.astype(np.int32)

    def _of(self, word: str) -> NDArray[np.uint64]:
        known = self._known.get(word)
        if known is None:
            if len(self._known) >= _KEPT:
                self._known.clear()
            known = self._known[word] = _hashes(_properties(word))
        return known


def _properties(word: str) -> list[str]:
    """Return a word's properties; an empty one is none. Of a single character, affixes and so on would say it again."""
    lower = word.lower()
    digits = "".join("0" if character.isdigit() else character for character in lower)
    affixes = [part for n in range(1, _AFFIX + 1) for part in ((word[:n], word[-n:]) if len(word) > n else ("", ""))]
    shape = word_shape(word)
    return [word, lower, shape, _short(shape), digits if digits != lower else "", *affixes]


def word_shape(word: str) -> str:
    """Return the word with `X` for each upper-case letter, `x` for lower, `d` for digits, `c` for other letters."""
    return "".join(
        "d" if c.isdigit() else "X" if c.isupper() else "x" if c.islower() else "c" if c.isalpha() else c for c in word
    )


def _short(shape: str) -> str:
    return "".join(c for place, c in enumerate(shape) if not place or shape[place - 1] != c)


def _hashes(properties: Sequence[str]) -> NDArray[np.uint64]:
    """Return a number for each property, 0 for an empty one: the same on every machine."""
    return np.array([_hash(each) if each else 0 for each in properties], np.uint64)


def _hash(text: str) -> int:
    data = text.encode(errors="surrogatepass")
    return (zlib.crc32(data) << 32 | zlib.adler32(data) ^ len(data) << 8) & 0xFFFF_FFFF_FFFF_FFFF or 1
