r"""The n-grams of a text, in any language: words and pairs of words, and characters where a script sets no spaces.

A text is cut into words, runs of a script without spaces (Chinese, Japanese, Thai ...), and marks such as `!`. Words and
marks give themselves and each two that follow one another; a run without spaces gives its characters, and each two and
three of them that do. All is compared in lower case and in one Unicode form; the user's own text is not touched.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nlpsuite.tasks.hashed import hash_features

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

_UNSPACED = (
    r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Myanmar, Khmer
    r"\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"  # kana, Han
)
# Not the complement of `\w`: combining vowels, as Hindi has them, are no `\w`, and yet belong to their words.
_MARKS = (
    r"!-/:-@\[-`{-~\u00a1-\u00a9\u00ab-\u00b4\u00b6-\u00b9\u00bb-\u00bf\u00d7\u00f7\u2010-\u2bff\u3000-\u3003\u3008-\u303f"
    r"\U0001f000-\U0001faff"
)
_TOKEN = re.compile(rf"(?P<run>[{_UNSPACED}]+)|(?P<word>[^\s{_UNSPACED}{_MARKS}]+)|[{_MARKS}]")
_LONGEST_IN_RUN = 3
_SECOND, _BOTH, _SHARE = "\x00", "\x01", "\x02"


@dataclass(frozen=True, slots=True)
class NgramBag:
    """The different n-grams of a row.

    Attributes:
        keys: int64, the 32-bit hash of each, ascending.
        counts: float32, 1 + ln(how often it is there).
    """

    keys: NDArray[np.int64]
    counts: NDArray[np.float32]


def ngrams(text: str) -> Iterator[str]:
    """Yield the n-grams of a text, each as often as it is in it."""
    before = ""
    for found in _TOKEN.finditer(unicodedata.normalize("NFKC", text).casefold()):
        token = found.group()
        if found.lastgroup == "run":
            for size in range(1, _LONGEST_IN_RUN + 1):
                yield from (token[at : at + size] for at in range(len(token) - size + 1))
            before = ""
            continue
        yield token
        if before:
            yield f"{before} {token}"
        before = token


def ngram_bag(text: str, pair: str | None = None) -> NgramBag:
    """Return the n-grams of a text, or of a pair: those of each part, those that both have, and how many these are.

    Args:
        text: The text, or a pair's first part.
        pair: A pair's second part.
    """
    counts = Counter(ngrams(text))
    if pair is not None:
        second = Counter(ngrams(pair))
        both, all_ = counts.keys() & second.keys(), counts.keys() | second.keys()
        share = round(10 * len(both) / len(all_)) if all_ else 0
        counts.update({_SECOND + gram: count for gram, count in second.items()})
        counts.update([*(_BOTH + gram for gram in both), f"{_SHARE}{share}"])
    keys, places = np.unique(np.array(hash_features(counts, 2**32), np.int64), return_inverse=True)
    summed = np.bincount(places, np.fromiter(counts.values(), np.float64, len(counts)), len(keys))
    return NgramBag(keys, (1 + np.log(summed)).astype(np.float32))
