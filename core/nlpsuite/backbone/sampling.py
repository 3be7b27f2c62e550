"""Continue a text one token at a time, with a key-value cache. V vocabulary."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from nlpsuite.backbone.cache import KeyValueCache

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from torch import Tensor

    from nlpsuite.backbone.model import Backbone


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the next token is drawn.

    Attributes:
        temperature: 0 takes the likeliest token; 1 draws from the model's own distribution.
        top_k: Draw from this many likeliest tokens only; 0 means all.
        top_p: Draw from the likeliest tokens that together hold this much probability.
    """

    temperature: float = 0.8
    top_k: int = 0
    top_p: float = 0.95


@torch.inference_mode()
def next_token_logits(backbone: Backbone, ids: Sequence[int]) -> Tensor:
    """Return float32 scores (V) of the token after `ids`, of which the last `context` count."""
    device = backbone.embedding.weight.device
    row = torch.tensor([list(ids)[-backbone.config.context :]], device=device)
    return backbone.logits(backbone(row)[:, -1])[0].float()


@torch.inference_mode()
def continue_ids(
    backbone: Backbone,
    ids: Sequence[int],
    *,
    max_new: int,
    sampling: Sampling,
    generator: torch.Generator,
    stop_ids: Sequence[int] = (),
    banned_ids: Sequence[int] = (),
) -> Iterator[int]:
    """Yield new token ids until one of `stop_ids` (not yielded) or `max_new`.

    When the context is full the oldest half is let go, so generation can go on for ever.

    Args:
        backbone: In eval mode.
        ids: The prompt, at least one token.
        max_new: The most tokens to yield.
        sampling: How to draw.
        generator: On the CPU; the only source of chance.
        stop_ids: Tokens that end the text.
        banned_ids: Tokens never drawn.
    """
    context = backbone.config.context
    weight = backbone.embedding.weight
    history = list(ids)
    cache: KeyValueCache | None = None
    fresh = history[-context:]
    for drawn in range(max_new):
        if cache is None or cache.length + len(fresh) > context:
            if cache is not None:
                fresh = history[-(context // 2) :]
            positions = min(context, len(fresh) + max_new - drawn - 1)
            cache = KeyValueCache(backbone.config, 1, positions, weight.dtype, weight.device)
        # `forward` itself, past any compilation: the cache has another length at each token.
        hidden = backbone.forward(torch.tensor([fresh], device=weight.device), cache=cache)
        logits = backbone.logits(hidden[0, -1]).float().cpu()
        if len(banned_ids):
            logits[list(banned_ids)] = -torch.inf
        token = draw(logits, sampling, generator)
        if token in stop_ids:
            return
        history.append(token)
        fresh = [token]
        yield token


def draw(logits_V: Tensor, sampling: Sampling, generator: torch.Generator) -> int:
    """Draw one token from scores as `sampling` says."""
    if sampling.temperature <= 0:
        return int(logits_V.argmax())
    # The best score becomes zero, so that no temperature, however low, gives an infinite one.
    logits_V = (logits_V - logits_V.max()) / sampling.temperature
    if sampling.top_k:
        kept = logits_V.topk(min(sampling.top_k, logits_V.shape[0]))
        logits_V = torch.full_like(logits_V, -torch.inf).scatter(0, kept.indices, kept.values)
    probabilities = logits_V.softmax(dim=0)
    if sampling.top_p < 1.0:
        ordered, order = probabilities.sort(descending=True)
        # Keep a token when those before it hold less than top_p, and the likeliest always.
        kept_V = ordered.cumsum(0) - ordered < sampling.top_p
        kept_V[0] = True
        probabilities = torch.zeros_like(probabilities).scatter(0, order, ordered * kept_V)
    return int(torch.multinomial(probabilities, 1, generator=generator))
