"""The tokens that every contestant reads, and one way to score them all."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.utils.data import Dataset

from nlpsuite.text.packing import cut_documents
from nlpsuite.text.tokenfile import TokenFile
from nlpsuite.text.tokenizer import Tokenizer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from torch import Tensor

SCORED_TOKENS = 65_536
ROWS_AT_ONCE = 8


class Blocks(Dataset[dict[str, "Tensor"]]):
    """All documents one after another, cut into blocks of one length: how the peers' scripts prepare text.

    Args:
        tokens: A token file.
        context: Tokens in a block.
    """

    def __init__(self, tokens: TokenFile, context: int):
        self._tokens, self._context = tokens.tokens, context

    def __len__(self) -> int:
        return len(self._tokens) // self._context

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        at = index * self._context
        ids = torch.from_numpy(self._tokens[at : at + self._context].astype(np.int64))
        return {"input_ids": ids, "labels": ids}


def open_text(folder: Path) -> tuple[TokenFile, TokenFile, Tokenizer]:
    """Return training tokens, validation tokens and the tokenizer of a folder that `suite pretrain` prepared."""
    return TokenFile.open(folder / "train"), TokenFile.open(folder / "valid"), Tokenizer.load(folder)


@torch.no_grad()
def bits_per_byte(logits: Callable[[Tensor], Tensor], folder: Path, context: int) -> float:
    """Score held-out text in the same way for every network: rows of single documents, each token but the first once.

    Args:
        logits: Turns token ids (B, T) into scores of the next token (B, T, V), left to right.
        folder: The prepared text.
        context: The longest row.
    """
    _, valid, tokenizer = open_text(folder)
    starts = np.asarray(valid.starts, dtype=np.int64)
    pieces = cut_documents(starts[:-1], starts[1:], context)
    order = np.random.default_rng(0).permutation(len(pieces.lengths))
    order = order[: 1 + int(np.searchsorted(np.cumsum(pieces.lengths[order]), SCORED_TOKENS))]
    # Rows of like length side by side, so that little is padding.
    order = order[np.argsort(pieces.lengths[order], kind="stable")]
    nats, size = 0.0, 0
    for at in range(0, len(order), ROWS_AT_ONCE):
        some = order[at : at + ROWS_AT_ONCE]
        width = int(pieces.lengths[some].max())
        ids = np.zeros((len(some), width + 1), dtype=np.int64)
        real = np.zeros((len(some), width), dtype=bool)
        for row, piece in enumerate(some):
            length = int(pieces.lengths[piece])
            start = int(pieces.starts[piece])
            ids[row, : length + 1] = valid.tokens[start : start + length + 1]
            real[row, :length] = True
        targets = torch.from_numpy(ids[:, 1:])
        scores = logits(torch.from_numpy(ids[:, :-1])).float()
        losses = torch.nn.functional.cross_entropy(scores.transpose(1, 2), targets, reduction="none")
        nats += float(losses[torch.from_numpy(real)].double().sum())
        size += int(tokenizer.byte_lengths[ids[:, 1:][real]].sum())
    return nats / math.log(2) / size
