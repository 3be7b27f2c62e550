"""How likely a backbone of ours finds whole sentences: left to right, or each token given all the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from nlpsuite.backbone.loss import token_losses

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from torch import Tensor

    from nlpsuite.backbone.model import Backbone
    from nlpsuite.text.tokenizer import Tokenizer

TOKENS_AT_ONCE = 4_096
PADDING = -1


def scores_left_to_right(backbone: Backbone, sentences: Sequence[Sequence[int]], tokenizer: Tokenizer) -> list[float]:
    """Return the sum of log P(x_t | x_<t) of each sentence, in nats; the first token is given.

    Args:
        backbone: In eval mode.
        sentences: Token ids, each with the mark of a beginning.
        tokenizer: For padding.
    """
    scores = [0.0] * len(sentences)
    for chosen in _batches([len(ids) for ids in sentences]):
        ids, segments = _padded([sentences[index] for index in chosen], tokenizer.pad_id)
        hidden = backbone(ids, segments_BT=segments)
        real = segments[:, 1:] != PADDING
        losses = torch.zeros(real.shape)
        losses[real] = token_losses(hidden[:, :-1][real], backbone.output_weight, ids[:, 1:][real])
        for index, total in zip(chosen, losses.double().sum(1).tolist(), strict=True):
            scores[index] = -total
    return scores


def masked_scores(backbone: Backbone, sentences: Sequence[Sequence[int]], tokenizer: Tokenizer) -> list[float]:
    """Return the sum of log P(x_t | the rest) of each sentence, in nats: every token but the first masked once.

    Source: Salazar et al. 2020, "Masked Language Model Scoring". Arguments as of `scores_left_to_right`.
    """
    scores = [0.0] * len(sentences)
    copies = [(index, place) for index, ids in enumerate(sentences) for place in range(1, len(ids))]
    for chosen in _batches([len(sentences[index]) for index, _ in copies]):
        some = [copies[number] for number in chosen]
        ids, segments = _padded([sentences[index] for index, _ in some], tokenizer.pad_id)
        rows, places = torch.arange(len(some)), torch.tensor([place for _, place in some])
        targets = ids[rows, places].clone()
        ids[rows, places] = tokenizer.mask_id
        # The hidden state before a token predicts it, in both of our objectives.
        hidden = backbone(ids, mode="bidirectional", segments_BT=segments)[rows, places - 1]
        for (index, _), loss in zip(
            some, token_losses(hidden, backbone.output_weight, targets).double().tolist(), strict=True
        ):
            scores[index] -= loss
    return scores


def _batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Yield groups of rows of like length, of so many tokens at once."""
    order = sorted(range(len(lengths)), key=lengths.__getitem__)
    at = 0
    while at < len(order):
        end = at + 1
        while end < len(order) and (end - at + 1) * lengths[order[end]] <= TOKENS_AT_ONCE:
            end += 1
        yield order[at:end]
        at = end


def _padded(rows: Sequence[Sequence[int]], pad_id: int) -> tuple[Tensor, Tensor]:
    """Return ids and segments (B, T) of rows padded to the longest."""
    width = max(map(len, rows))
    ids = torch.full((len(rows), width), pad_id)
    segments = torch.full((len(rows), width), PADDING)
    for number, row in enumerate(rows):
        ids[number, : len(row)] = torch.tensor(row)
        segments[number, : len(row)] = 0
    return ids, segments
