"""Continuing many prompts at once, each with its own chance: what comes after one depends on it alone.

Prompts of equal length are read together, so that nothing is padded, and the oldest half of a full context is let go, as
when a single text is continued. B rows, T positions, V vocabulary.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING

import numpy as np
import torch

from nlpsuite.backbone.cache import KeyValueCache

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from torch import Tensor

    from nlpsuite.backbone.model import Backbone
    from nlpsuite.backbone.sampling import Sampling
    from nlpsuite.text.tokenizer import Tokenizer

ROWS = 64
"""Prompts continued at once: enough to keep a processor busy, few enough that keys and values stay small."""


@dataclass(slots=True)
class Drawn:
    """What came after a prompt.

    Attributes:
        ids: The new tokens, without the one that ended them.
        ended: Whether the text ended by itself.
    """

    ids: list[int] = field(default_factory=list)
    ended: bool = False


def row_seed(seed: int, *parts: bytes) -> int:
    """Return a 64-bit seed that depends on the run's seed and the row's own bytes, and on nothing else."""
    digest = blake2b(seed.to_bytes(8, "little"), digest_size=8)
    for part in parts:
        digest.update(len(part).to_bytes(8, "little") + part)
    return int.from_bytes(digest.digest(), "little")


def never_drawn(tokenizer: Tokenizer, vocab_size: int) -> list[int]:
    """Return the special ids but </s>, and those past the tokenizer's pieces, which only fill the embedding up."""
    special = [index for index in range(tokenizer.vocab_size) if not tokenizer.piece_bytes(index)]
    return [index for index in special if index != tokenizer.eos_id] + list(range(tokenizer.vocab_size, vocab_size))


@torch.inference_mode()
def continue_prompts(
    backbone: Backbone,
    prompts: Sequence[Sequence[int]],
    *,
    max_new: int,
    sampling: Sampling,
    seeds: Sequence[int],
    stop_id: int,
    banned_ids: Sequence[int] = (),
) -> list[Drawn]:
    """Continue each prompt until `stop_id` or `max_new` tokens.

    Args:
        backbone: In eval mode.
        prompts: Token ids, at least one each; of a longer prompt than the context the end counts.
        max_new: The most tokens to draw for each.
        sampling: How to draw.
        seeds: One for each prompt: its only source of chance.
        stop_id: The token that ends a text.
        banned_ids: Tokens never drawn.

    Returns:
        What came after each prompt, in their order.
    """
    drawn = [Drawn() for _ in prompts]
    context = backbone.config.context
    by_length: dict[int, list[int]] = {}
    for place, prompt in enumerate(prompts):
        by_length.setdefault(min(len(prompt), context), []).append(place)
    for places in by_length.values():
        for begin in range(0, len(places), ROWS):
            some = places[begin : begin + ROWS]
            group = _Group(backbone, [list(prompts[place])[-context:] for place in some], max_new)
            uniform_BN = np.stack([np.random.default_rng(seeds[place]).random(max_new) for place in some])
            going = [drawn[place] for place in some]
            for step in range(max_new):
                logits_BV = group.next_logits()
                if len(banned_ids):
                    logits_BV[:, list(banned_ids)] = -torch.inf
                tokens = draw_rows(logits_BV, sampling, torch.from_numpy(uniform_BN[:, step])).tolist()
                kept = list(_take(going, tokens, stop_id))
                if not kept:
                    break
                if len(kept) < len(going):
                    uniform_BN, going = uniform_BN[kept], [going[row] for row in kept]
                group.advance(kept, [tokens[row] for row in kept])
    return drawn


def _take(going: Sequence[Drawn], tokens: Sequence[int], stop_id: int) -> Iterator[int]:
    """Note the token of each row; yield the rows that go on."""
    for row, (each, token) in enumerate(zip(going, tokens, strict=True)):
        if token == stop_id:
            each.ended = True
        else:
            each.ids.append(token)
            yield row


class _Group:
    """Rows of equal length that are read together, and how far they have been read; `left` tokens at most are drawn."""

    def __init__(self, backbone: Backbone, history: list[list[int]], left: int):
        self._backbone, self._history, self._left = backbone, history, left
        self._cache: KeyValueCache | None = None
        self._fresh = history

    def next_logits(self) -> Tensor:
        """Read what is fresh; return float32 scores of the next tokens, (B, V), on the CPU."""
        backbone, context = self._backbone, self._backbone.config.context
        weight = backbone.embedding.weight
        if self._cache is None or self._cache.length + len(self._fresh[0]) > context:
            if self._cache is not None:
                self._fresh = [row[-max(1, context // 2) :] for row in self._history]
            # The last token that is drawn is not read again.
            positions = min(context, len(self._fresh[0]) + self._left - 1)
            self._cache = KeyValueCache(backbone.config, len(self._history), positions, weight.dtype, weight.device)
        ids_BT = torch.tensor(self._fresh, device=weight.device)
        # `forward` itself, past any compilation: the cache has another length at each token.
        hidden_BTD = backbone.forward(ids_BT, cache=self._cache)
        return backbone.logits(hidden_BTD[:, -1]).float().cpu()

    def advance(self, kept: Sequence[int], tokens: Sequence[int]) -> None:
        """Go on with some of the rows, each with its new token."""
        self._left -= 1
        if len(kept) < len(self._history):
            self._history = [self._history[row] for row in kept]
            assert self._cache is not None
            self._cache.select(torch.tensor(kept, device=self._backbone.embedding.weight.device))
        for row, token in zip(self._history, tokens, strict=True):
            row.append(token)
        self._fresh = [[token] for token in tokens]


def draw_rows(logits_BV: Tensor, sampling: Sampling, uniform_B: Tensor) -> Tensor:
    """Draw one token for each row, int64 (B).

    A token is found by where a number falls in the summed probabilities of the tokens from the likeliest down, so that a
    row's draw depends on its scores and its number alone.

    Args:
        logits_BV: Scores.
        sampling: How to draw.
        uniform_B: A number from 0 to below 1 for each row.
    """
    if sampling.temperature <= 0:
        return logits_BV.argmax(dim=1)
    logits_BV = logits_BV.double()
    # The best score becomes zero, so that no temperature, however low, gives an infinite one.
    scaled_BV = (logits_BV - logits_BV.amax(dim=1, keepdim=True)) / sampling.temperature
    best_BV, order_BV = scaled_BV.sort(dim=1, descending=True, stable=True)
    if sampling.top_k:
        best_BV[:, sampling.top_k :] = -torch.inf
    mass_BV = best_BV.softmax(dim=1)
    if sampling.top_p < 1.0:
        # Keep a token when those before it hold less than top_p, and the likeliest always.
        kept_BV = mass_BV.cumsum(1) - mass_BV < sampling.top_p
        kept_BV[:, 0] = True
        mass_BV = mass_BV * kept_BV
    summed_BV = mass_BV.cumsum(1)
    place_B1 = torch.searchsorted(summed_BV, uniform_B.to(summed_BV)[:, None] * summed_BV[:, -1:], right=True)
    # Rounding may lead past the last token that has any mass.
    last_B1 = (mass_BV > 0).sum(1, keepdim=True) - 1
    return order_BV.gather(1, place_B1.minimum(last_B1))[:, 0]
