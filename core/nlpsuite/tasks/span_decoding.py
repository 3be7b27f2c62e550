"""From scores of spans to the best spans of a window, and of a row that is cut into several windows."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor


@dataclass(frozen=True, slots=True)
class WindowSpans:
    """The best spans of one window.

    Attributes:
        spans: (first, last) tokens of the window, last included, the best first.
        scores: Of each, relative to that of "none".
        total: The log of the sum of exp(score) over all possible spans; -inf where there is none.
    """

    spans: Sequence[tuple[int, int]]
    scores: Sequence[float]
    total: float


@dataclass(frozen=True, slots=True)
class BestSpan:
    """The best span over all windows of a row.

    Attributes:
        window: The index of the window that it is in; -1 where no window has a span.
        span: (first, last) tokens in that window, last included.
        probability: Of this span, among all spans of all windows and "none".
        none_probability: Of "none".
    """

    window: int
    span: tuple[int, int]
    probability: float
    none_probability: float


def best_spans(scores_BTT: Tensor, *, longest: int, keep: int = 1) -> list[WindowSpans]:
    """Return the best spans of up to `longest` tokens of each window.

    Args:
        scores_BTT: From `SpanScorer`.
        longest: The most tokens in a span.
        keep: How many to return at most.
    """
    windows, length, _ = scores_BTT.shape
    places_T = torch.arange(length, device=scores_BTT.device)
    too_long_TT = places_T - places_T[:, None] >= longest
    flat_BN = scores_BTT.masked_fill(too_long_TT, -torch.inf).reshape(windows, -1)
    total_B = flat_BN.double().logsumexp(1).tolist()
    best = flat_BN.topk(min(keep, flat_BN.shape[1]), dim=1)
    found: list[WindowSpans] = []
    for total, scores, flat in zip(total_B, best.values.tolist(), best.indices.tolist(), strict=True):
        kept = [(score, divmod(place, length)) for score, place in zip(scores, flat, strict=True) if score > -math.inf]
        found.append(WindowSpans([span for _, span in kept], [score for score, _ in kept], total))
    return found


def best_over_windows(windows: Sequence[WindowSpans]) -> BestSpan:
    """Return the best span of a row; its probability is among the spans of all windows together.

    Each window's scores are relative to the same "none", so they are compared as they are.
    """
    total = _log_sum_exp([0.0, *(window.total for window in windows)])
    none = math.exp(-total)
    best = max(
        ((window.scores[0], -index, window.spans[0]) for index, window in enumerate(windows) if window.scores),
        default=None,
    )
    if best is None:
        return BestSpan(-1, (0, 0), 0.0, none)
    score, index, span = best
    return BestSpan(-index, span, math.exp(score - total), none)


def _log_sum_exp(values: Sequence[float]) -> float:
    highest = max(values)
    return highest + math.log(sum(math.exp(value - highest) for value in values))
