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
        probability: Of this span, at least: as if it were in the window most sure of an answer.
        none_probability: Of "none", in the window most sure of an answer.
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
    """Return the best span of a row, with its probability and that of "none".

    Each window's scores are relative to the same "none", so they are compared as they are. Windows overlap, and a sum over all
    of them would count spans twice; so it is the window most sure of an answer that says how likely there is none (as Devlin et
    al. 2019 do for SQuAD 2.0), however many windows there are.
    """
    hope = max((window.total for window in windows), default=-math.inf)
    total = max(hope, 0.0) + math.log1p(math.exp(-abs(hope)))
    none = math.exp(-total)
    best = max(
        ((window.scores[0], -index, window.spans[0]) for index, window in enumerate(windows) if window.scores),
        default=None,
    )
    if best is None:
        return BestSpan(-1, (0, 0), 0.0, none)
    score, index, span = best
    return BestSpan(-index, span, math.exp(score - total), none)
