"""Windows over inputs longer than the context: overlapping, together covering everything, none cut."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nlpsuite.tasks.task import Window

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nlpsuite.text.tokenizer import Tokenizer


def window_spans(n_tokens: int, size: int, stride: int) -> list[tuple[int, int]]:
    """Return the (start, end) spans of windows over `n_tokens` tokens.

    Every token is in at least one window. A window begins `stride` tokens after the one before it, except that the last
    one is moved back to be of full length. Inputs of up to `size` tokens, also empty ones, make one window.

    Args:
        n_tokens: The length of the input, in tokens.
        size: The most tokens in a window.
        stride: Tokens from the start of one window to the start of the next, from 1 to `size`.

    Raises:
        ValueError: `size` or `stride` is out of range.
    """
    if n_tokens < 0 or not 1 <= stride <= size:
        raise ValueError(f"no windows of size {size} and stride {stride} over {n_tokens} tokens")
    if n_tokens <= size:
        return [(0, n_tokens)]
    starts = [*range(0, n_tokens - size, stride), n_tokens - size]
    return [(start, start + size) for start in starts]


def text_windows(
    ids: Sequence[int], tokenizer: Tokenizer, context: int, overlap: float, target: Any = None
) -> list[Window]:
    """Cut the token ids of a text into windows `<s> ... </s>`, each with its target and an equal share of its weight.

    Args:
        ids: Token ids without special ones.
        tokenizer: For the special ids.
        context: The most tokens in a window, special ones included; at least 3.
        overlap: The share of a window's tokens, from 0 to below 1, that the next window has too.
        target: What to learn from each window.
    """
    size = context - 2
    spans = window_spans(len(ids), size, max(1, round(size * (1 - overlap))))
    weight = 1 / len(spans)
    return [
        Window([tokenizer.bos_id, *ids[start:end], tokenizer.eos_id], target, weight, start) for start, end in spans
    ]


@dataclass(frozen=True, slots=True)
class PairSpan:
    """What a window over two parts holds: tokens `first[0]` to `first[1]` of the one, `second[0]` to `second[1]` of the other.

    In the window, `<s>` stands before the first part, `<sep>` between them, and `</s>` at the end.
    """

    first: tuple[int, int]
    second: tuple[int, int]

    @property
    def second_offset(self) -> int:
        """Where the second part begins in the window, in tokens."""
        return 2 + self.first[1] - self.first[0]


def pair_spans(n_first: int, n_second: int, context: int, overlap: float) -> list[PairSpan]:
    """Return the windows `<s> first <sep> second </s>` that together hold every token of both parts.

    A part that fits into half of a window is whole in each of them, and the other has the room that is left; of two long
    parts each window of the one meets each window of the other.

    Args:
        n_first: Tokens of the first part.
        n_second: Tokens of the second part.
        context: The most tokens in a window, special ones included; at least 5.
        overlap: The share of a part's window, from 0 to below 1, that the next one has too.
    """
    room = context - 3
    if n_first + n_second <= room:
        return [PairSpan((0, n_first), (0, n_second))]
    half = room // 2
    first_size = min(n_first, max(half, room - n_second))
    second_size = min(n_second, room - first_size)
    firsts, seconds = (
        window_spans(n, max(1, size), max(1, round(max(1, size) * (1 - overlap))))
        for n, size in ((n_first, first_size), (n_second, second_size))
    )
    return [PairSpan(first, second) for first in firsts for second in seconds]


def pair_ids(first: Sequence[int], second: Sequence[int], span: PairSpan, tokenizer: Tokenizer) -> list[int]:
    """Return the token ids of a window over two parts."""
    return [
        tokenizer.bos_id,
        *first[slice(*span.first)],
        tokenizer.sep_id,
        *second[slice(*span.second)],
        tokenizer.eos_id,
    ]
