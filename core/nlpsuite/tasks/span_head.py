"""Scores of spans: which stretch of tokens, or none, is meant. All spans of a window compete with one another at once.

Letters in shapes: B windows, T tokens, D width of the states, R rank of the pair term, K spans kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from collections.abc import Sequence

LENGTH_BUCKETS = 32
"""Lengths that are told apart; all longer ones share the last."""


class SpanScorer(nn.Module):
    """A score for every span of tokens, and one for none.

    A span from i to j scores as its first token begins one, plus as its last token ends one, plus the sum of what each token in
    it says of being inside, plus how well its two ends go together, plus what spans of that length get. Scores are relative
    to that of "none", so that they can be compared across the windows of one row.

    Normalising over whole spans rather than over each end by itself is that of Lee et al. 2016 ("Learning Recurrent Span
    Representations for Extractive Question Answering"). The layers begin at zero: all spans are equally likely.

    Args:
        width: D.
        rank: R.
    """

    def __init__(self, width: int, rank: int = 64):
        super().__init__()
        self.points = nn.Linear(width, 3)
        self.first = nn.Linear(width, rank)
        self.last = nn.Linear(width, rank)
        self.length = nn.Parameter(torch.zeros(LENGTH_BUCKETS))
        self.none = nn.Linear(width, 1)
        for layer in (self.points, self.last, self.none):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(self, states_BTD: Tensor, pooled_BD: Tensor, allowed_BT: Tensor) -> Tensor:
        """Return float32 scores (B, T, T) of spans from row to column, both included; -inf where there is no such span.

        Args:
            states_BTD: States of the tokens.
            pooled_BD: What the score of "none" is made of.
            allowed_BT: bool, the tokens that spans may begin and end at; those between count as inside, allowed or not.
        """
        begins_BT, ends_BT, inside_BT = self.points(states_BTD).float().unbind(-1)
        # No span holds what is before the first allowed token: without it sums are of fewer terms, so more exact.
        sums_BT = (inside_BT * (allowed_BT.cumsum(1) > 0)).cumsum(1)
        first_BTR, last_BTR = self.first(states_BTD), self.last(states_BTD)
        pair_BTT = (first_BTR @ last_BTR.transpose(1, 2)).float() / first_BTR.shape[-1] ** 0.5
        places_T = torch.arange(states_BTD.shape[1], device=states_BTD.device)
        distance_TT = places_T - places_T[:, None]
        length_TT = self.length[distance_TT.clamp(0, LENGTH_BUCKETS - 1)]
        head_BT = begins_BT - sums_BT + inside_BT - self.none(pooled_BD).float()
        scores_BTT = head_BT[:, :, None] + (ends_BT + sums_BT)[:, None, :] + pair_BTT + length_TT
        possible_BTT = (distance_TT >= 0) & allowed_BT[:, :, None] & allowed_BT[:, None, :]
        masked: Tensor = scores_BTT.masked_fill(~possible_BTT, -torch.inf)
        return masked


def span_loss(scores_BTT: Tensor, spans: Sequence[Sequence[tuple[int, int]]], weight_B: Tensor) -> Tensor:
    """Return the weighted mean of minus the log-probability that one of the right spans of a window is chosen; a scalar.

    Args:
        scores_BTT: From `SpanScorer`.
        spans: The right spans of each window as (first, last) tokens, last included; without any, "none" is right.
        weight_B: Weights of the windows.
    """
    everything_B = with_none(scores_BTT.flatten(1).logsumexp(1))
    places = [(b, first, last) for b, of_window in enumerate(spans) for first, last in of_window]
    right_BTT = torch.zeros(scores_BTT.shape, dtype=torch.bool, device=scores_BTT.device)
    if places:
        b_N, first_N, last_N = torch.tensor(places, device=scores_BTT.device).T
        right_BTT[b_N, first_N, last_N] = True
    has_B = torch.tensor([bool(of_window) for of_window in spans], device=scores_BTT.device)
    # Where "none" is right the sum is over nothing; a finite stand-in keeps its gradient a number.
    chosen_BTT = scores_BTT.masked_fill(~right_BTT, -torch.inf).flatten(1)
    chosen_B = torch.where(has_B[:, None], chosen_BTT, torch.zeros_like(chosen_BTT)).logsumexp(1)
    loss_B = everything_B - torch.where(has_B, chosen_B, torch.zeros_like(chosen_B))
    # Of windows that all weigh nothing the mean is nothing.
    return (loss_B * weight_B).sum() / weight_B.sum().clamp_min(torch.finfo(weight_B.dtype).tiny)


def with_none(total_B: Tensor) -> Tensor:
    """Return the log of the sum over spans and "none", whose score is zero, from the log of the sum over spans."""
    return torch.logaddexp(total_B, torch.zeros_like(total_B))
