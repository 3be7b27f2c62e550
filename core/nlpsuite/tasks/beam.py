"""Beam search: the likeliest text after each prompt, many prompts at a time, with a key-value cache.

Prompts of one length are searched together, so that no row has padding; a result depends on its own prompt alone.

Letters in names: S prompts of a group, W beams of a prompt, R = S x W rows, V vocabulary, K candidates of a row,
C = 2 W candidates of a prompt, L tokens.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import torch

from nlpsuite.backbone.cache import KeyValueCache

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from nlpsuite.backbone.model import Backbone

CPU_POSITIONS, GPU_POSITIONS = 1 << 14, 1 << 18
"""Cached positions of all rows of a group, at the most: what fits memory and keeps the machine busy."""
CROWDED = 0.75
"""When no more than this share of a group's prompts is still open, the rows of the others are let go."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BeamSettings:
    """How to search.

    Attributes:
        beam: Beams; 1 always takes the likeliest token.
        length_penalty: The exponent `a` in a text's score, log P / n^a, where n counts its tokens with the end. 0 prefers
            short texts, 1 ranks by the mean log-probability of a token, more prefers long ones.
        end_id: The token that ends a text.
        banned_ids: Tokens that are never written.
    """

    beam: int = 5
    length_penalty: float = 1.0
    end_id: int
    banned_ids: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class Written:
    """The best text found after a prompt.

    Attributes:
        ids: Its tokens, without the end.
        score: Its log-probability in nats, the end included, divided by the length penalty.
        complete: Whether it ended by itself; False: at the longest length allowed.
    """

    ids: list[int]
    score: float
    complete: bool


def length_factor(tokens: int, exponent: float) -> float:
    """Return what the log-probability of a text of so many tokens is divided by."""
    return float(tokens**exponent)


@torch.no_grad()
def beam_search(
    backbone: Backbone,
    prompts: Sequence[Sequence[int]],
    longest: Sequence[int],
    settings: BeamSettings,
    *,
    mode: Literal["causal", "prefix"],
) -> list[Written]:
    """Return the best text found after each prompt, in order.

    A prompt's search ends when as many texts have ended, each among the best `beam` of its time, as there are beams; when no
    open one can become better than the best that ended; or at the longest length, where every text is made to end.

    Args:
        backbone: In eval mode.
        prompts: Token ids, at least one each.
        longest: For each prompt, the most tokens to write, the end included; with the prompt at most the context.
        settings: How to search.
        mode: `prefix`: the tokens of a prompt see one another both ways; `causal`: each sees those before it.
    """
    groups: dict[tuple[int, int], list[int]] = {}
    for place, (prompt, most) in enumerate(zip(prompts, longest, strict=True)):
        groups.setdefault((len(prompt), most), []).append(place)
    positions = GPU_POSITIONS if backbone.embedding.weight.device.type == "cuda" else CPU_POSITIONS
    found: dict[int, Written] = {}
    for (length, most), places in groups.items():
        size = max(1, positions // (settings.beam * (length + most)))
        for start in range(0, len(places), size):
            some = places[start : start + size]
            search = _Search(backbone, [prompts[place] for place in some], most, settings, mode)
            found.update(zip(some, search.run(), strict=True))
    return [found[place] for place in range(len(prompts))]


class _Search:
    """The search for prompts of one length."""

    def __init__(
        self,
        backbone: Backbone,
        prompts: Sequence[Sequence[int]],
        longest: int,
        settings: BeamSettings,
        mode: Literal["causal", "prefix"],
    ):
        self._backbone, self._settings, self._longest = backbone, settings, longest
        weight = backbone.embedding.weight
        self._device, self._count, self._prompt = weight.device, len(prompts), len(prompts[0])
        self._cache = KeyValueCache(
            backbone.config, self._count, self._prompt + longest - 1, weight.dtype, self._device
        )
        ids_SL = torch.tensor([list(prompt) for prompt in prompts], device=self._device)
        prefix_S = torch.full((self._count,), self._prompt, device=self._device) if mode == "prefix" else None
        # `forward` itself, past any compilation: the cache has another length at each token.
        hidden_SD = backbone.forward(ids_SL, mode=mode, prefix_B=prefix_S, cache=self._cache)[:, -1]
        self._cache.select(self._each(torch.arange(self._count, device=self._device)))
        self._hidden_RD = self._each(hidden_SD)
        self._banned = torch.tensor(list(settings.banned_ids), dtype=torch.int64, device=self._device)
        beam, place = settings.beam, self._device
        # Only the first beam of a prompt is alive before the first token: all of them are the same.
        self._score_SW = torch.full((self._count, beam), -torch.inf, device=place)
        self._score_SW[:, 0] = 0.0
        self._ids_SWL = torch.zeros(self._count, beam, longest, dtype=torch.int64, device=place)
        self._ended_S = torch.zeros(self._count, dtype=torch.int64, device=place)
        self._open_S = torch.ones(self._count, dtype=torch.bool, device=place)
        self._place_S = torch.arange(self._count, device=place)
        self._best_score_S = torch.full((self._count,), -torch.inf, device=place)
        self._best_ids_SL = torch.zeros(self._count, longest, dtype=torch.int64, device=place)
        self._best_length_S = torch.zeros(self._count, dtype=torch.int64, device=place)

    def run(self) -> list[Written]:
        """Return the best text of each prompt."""
        for step in range(self._longest - 1):
            if not self._step(step):
                break
        else:
            self._end_all()
        rows = zip(self._best_ids_SL.tolist(), self._best_length_S.tolist(), self._best_score_S.tolist(), strict=True)
        return [Written(ids[: length - 1], score, length < self._longest) for ids, length, score in rows]

    def _each(self, x_S: Tensor) -> Tensor:
        return x_S.repeat_interleave(self._settings.beam, dim=0)

    def _candidates(self) -> tuple[Tensor, Tensor, Tensor]:
        """Return scores, beams and tokens of each prompt's best 2 W continuations, best first, (S, C)."""
        beam = self._settings.beam
        logits_RV = self._backbone.logits(self._hidden_RD).float()
        log_z_R1 = logits_RV.logsumexp(1, keepdim=True)
        logits_RV.index_fill_(1, self._banned, -torch.inf)
        value_RK, token_RK = logits_RV.topk(min(2 * beam, logits_RV.shape[1]))
        total_SWK = self._score_SW[:, :, None] + (value_RK - log_z_R1).view(*self._score_SW.shape, -1)
        total_SC, flat_SC = total_SWK.flatten(1).topk(min(2 * beam, total_SWK[0].numel()))
        token_SC = token_RK.view(len(total_SC), -1).gather(1, flat_SC)
        return total_SC, flat_SC // value_RK.shape[1], token_SC

    def _step(self, step: int) -> bool:
        """Write one more token to every beam; return whether any prompt is still open."""
        beam, penalty = self._settings.beam, self._settings.length_penalty
        total_SC, parent_SC, token_SC = self._candidates()
        ends_SC = token_SC == self._settings.end_id
        # A text that ends counts only if it is among the best W continuations; else greedy search would end too early.
        ended_SW = (ends_SC & total_SC.isfinite())[:, :beam] & self._open_S[:, None]
        self._keep_best(total_SC[:, :beam].masked_fill(~ended_SW, -torch.inf), parent_SC[:, :beam], step + 1)
        self._ended_S += ended_SW.sum(1)
        self._score_SW, chosen_SW = total_SC.masked_fill(ends_SC, -torch.inf).topk(beam)
        parent_SW, token_SW = parent_SC.gather(1, chosen_SW), token_SC.gather(1, chosen_SW)
        self._ids_SWL = self._ids_SWL.gather(1, parent_SW[:, :, None].expand_as(self._ids_SWL))
        self._ids_SWL[:, :, step] = token_SW
        hope_S = self._score_SW[:, 0] / length_factor(self._longest, penalty)
        self._open_S &= (self._ended_S < beam) & (hope_S > self._best_score_S[self._place_S])
        still_open = int(self._open_S.sum())
        if not still_open:
            return False
        row_R = (parent_SW + beam * torch.arange(len(parent_SW), device=self._device)[:, None]).flatten()
        if still_open <= CROWDED * len(self._open_S):
            token_SW = self._let_go(row_R, token_SW)
        else:
            self._cache.reorder(row_R, self._prompt)
        self._hidden_RD = self._backbone.forward(token_SW.reshape(-1, 1), cache=self._cache)[:, -1]
        return True

    def _keep_best(self, total_SW: Tensor, parent_SW: Tensor, length: int) -> None:
        """Remember texts that end now, with `length` tokens, where they are better than those that ended before."""
        score_S, at_S = (total_SW / length_factor(length, self._settings.length_penalty)).max(1)
        better_S = score_S > self._best_score_S[self._place_S]
        place_S = self._place_S[better_S]
        parent_S = parent_SW.gather(1, at_S[:, None])[:, 0]
        self._best_score_S[place_S] = score_S[better_S]
        self._best_ids_SL[place_S] = self._ids_SWL[better_S, parent_S[better_S]]
        self._best_length_S[place_S] = length

    def _end_all(self) -> None:
        """End every open text where it is, at its price."""
        logits_RV = self._backbone.logits(self._hidden_RD).float()
        end_R = logits_RV[:, self._settings.end_id] - logits_RV.logsumexp(1)
        total_SW = (self._score_SW + end_R.view_as(self._score_SW)).masked_fill(~self._open_S[:, None], -torch.inf)
        self._keep_best(
            total_SW, torch.arange(total_SW.shape[1], device=self._device).expand_as(total_SW), self._longest
        )

    def _let_go(self, row_R: Tensor, token_SW: Tensor) -> Tensor:
        """Drop the prompts that are done from all that is computed; return the tokens of the others."""
        kept = self._open_S
        self._cache.select(row_R.view_as(token_SW)[kept].flatten())
        self._score_SW, self._ids_SWL = self._score_SW[kept], self._ids_SWL[kept]
        self._ended_S, self._place_S, self._open_S = self._ended_S[kept], self._place_S[kept], self._open_S[kept]
        return token_SW[kept]
