"""The windows of a text or a pair of texts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nlpsuite.tasks.task import Window
from nlpsuite.tasks.windows import pair_ids, pair_spans, text_windows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nlpsuite.text.tokenizer import Tokenizer


def row_windows(
    inputs: Mapping[str, str], tokenizer: Tokenizer, context: int, overlap: float, target: Any
) -> list[Window]:
    """Cut a row's text, or its pair of texts, into windows that together hold all of it, each with the target.

    Args:
        inputs: `text`, and in a pair `text_pair`.
        tokenizer: The backbone's.
        context: The most tokens in a window, special ones included; at least 5.
        overlap: The share of a window's tokens, from 0 to below 1, that the next one has too.
        target: What to learn from each window.
    """
    first = tokenizer.encode(inputs["text"])
    if "text_pair" not in inputs:
        return text_windows(first, tokenizer, context, overlap, target)
    second = tokenizer.encode(inputs["text_pair"])
    spans = pair_spans(len(first), len(second), context, overlap)
    return [Window(pair_ids(first, second, span, tokenizer), target, 1 / len(spans), span.first[0]) for span in spans]
