"""Windows over inputs longer than the context: overlapping, together covering everything, none cut."""

from __future__ import annotations

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
