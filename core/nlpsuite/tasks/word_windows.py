"""Windows over words: each holds whole words, together they hold all, and each word has a window where it is seen best."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def word_windows(lengths: Sequence[int], size: int, overlap: float) -> list[tuple[int, int]]:
    """Return the (first, end) words of windows that hold at most `size` tokens each.

    Windows are filled with as many words as fit; the next one begins so many words before the end of this one that about
    `overlap` of it is repeated, and at least one word later than this one. The last is filled backwards from the end.

    Args:
        lengths: Tokens of each word, from 1 to `size`.
        size: The most tokens in a window.
        overlap: From 0 to below 1.

    Raises:
        ValueError: A word does not fit.
    """
    if any(not 1 <= length <= size for length in lengths):
        raise ValueError(f"a word has no token or more than {size}")
    ends = [0, *accumulate(lengths)]
    n_words = len(lengths)
    windows: list[tuple[int, int]] = []
    first = 0
    while True:
        end = first
        while end < n_words and ends[end + 1] - ends[first] <= size:
            end += 1
        if end == n_words:
            # Nothing follows, so what room is left goes to more context before.
            while windows and first > windows[-1][0] + 1 and ends[end] - ends[first - 1] <= size:
                first -= 1
            windows.append((first, end))
            return windows
        windows.append((first, end))
        following = end
        while following - 1 > first and ends[end] - ends[following - 1] <= overlap * size:
            following -= 1
        first = following


def best_windows(lengths: Sequence[int], windows: Sequence[tuple[int, int]]) -> list[int]:
    """Return for each word the window where it has most tokens on the side where it has fewer; of equals, the first."""
    ends = [0, *accumulate(lengths)]
    best = [-1] * len(lengths)
    most = [-1.0] * len(lengths)
    for number, (first, end) in enumerate(windows):
        for word in range(first, end):
            # The ends of the whole text are no cuts: nothing is missing there.
            before = ends[word] - ends[first] if first else float("inf")
            after = ends[end] - ends[word + 1] if end < len(lengths) else float("inf")
            if min(before, after) > most[word]:
                most[word], best[word] = min(before, after), number
    return best
