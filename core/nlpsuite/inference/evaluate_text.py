"""How well a backbone predicts a text: every token once, each with enough of its own document before it.

A document longer than the context is read in windows that overlap. The first window scores all its tokens; each further
one scores only those that no window has scored yet, so that they have at least the overlap as history. Text flows
through in pieces, so a document of any length takes a bounded amount of memory.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from nlpsuite.backbone.loss import token_losses
from nlpsuite.backbone.scoring import TextScore

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from nlpsuite.backbone.model import Backbone
    from nlpsuite.inference.read_text import Piece
    from nlpsuite.text.tokenizer import Tokenizer

_POOL_BATCHES = 16


@dataclass(frozen=True, slots=True)
class TextWindow:
    """Part of a document that fits the context.

    Attributes:
        tokens: int64 (T + 1): the T inputs and the token after the last of them.
        scored: How many of the T targets, the last ones, this window scores.
    """

    tokens: NDArray[np.int64]
    scored: int


def stride_of(context: int, overlap: float) -> int:
    """Return how many tokens further each window begins: the context less the overlap, at least one."""
    return max(1, context - round(context * overlap))


class Windower:
    """Cuts one document after another, given piece by piece, into windows.

    Args:
        tokenizer: For the ids.
        context: Inputs in a window.
        stride: Tokens from the start of one window to the start of the next, 1 to `context`.
    """

    def __init__(self, tokenizer: Tokenizer, context: int, stride: int):
        self._tokenizer, self._context, self._stride = tokenizer, context, stride
        self._held = np.zeros(0, dtype=np.int64)
        self._scored = 0

    def feed(self, piece: Piece) -> Iterator[TextWindow]:
        """Yield the windows that a piece completes; the last piece of a document completes all of them."""
        ids: list[NDArray[np.int64]] = [self._tokenizer.encode_arrays([piece.text])[0].astype(np.int64)]
        if piece.first:
            ids.insert(0, np.array([self._tokenizer.bos_id], dtype=np.int64))
            self._scored = 0
        if piece.last and not piece.cut:
            ids.append(np.array([self._tokenizer.eos_id], dtype=np.int64))
        self._held = np.concatenate([self._held, *ids])
        # One token more than the inputs must be there: the target of the last one.
        while len(self._held) > self._context:
            yield self._window(self._context)
            self._held = self._held[self._stride :]
            self._scored -= self._stride
        if piece.last:
            if len(self._held) - 1 > self._scored:
                yield self._window(len(self._held) - 1)
            self._held = self._held[:0]

    def _window(self, inputs: int) -> TextWindow:
        window = TextWindow(self._held[: inputs + 1].copy(), inputs - self._scored)
        self._scored = inputs
        return window


def score_windows(
    backbone: Backbone, windows: Iterable[TextWindow], *, batch_tokens: int
) -> Iterator[tuple[float, int]]:
    """Score windows batch by batch, those of about one length side by side; yield (summed nats, targets) of each batch.

    Args:
        backbone: In eval mode, on its device.
        windows: In any number; a bounded number of them is held at a time.
        batch_tokens: Inputs computed at once, padding included; one window at least.
    """
    pool: list[TextWindow] = []
    held = 0
    for window in windows:
        pool.append(window)
        held += len(window.tokens) - 1
        if held >= _POOL_BATCHES * batch_tokens:
            yield from _score_pool(backbone, pool, batch_tokens)
            pool, held = [], 0
    yield from _score_pool(backbone, pool, batch_tokens)


def _score_pool(backbone: Backbone, pool: Sequence[TextWindow], batch_tokens: int) -> Iterator[tuple[float, int]]:
    ordered = sorted(pool, key=lambda window: len(window.tokens), reverse=True)
    at = 0
    while at < len(ordered):
        rows = max(1, batch_tokens // (len(ordered[at].tokens) - 1))
        yield _score_batch(backbone, ordered[at : at + rows])
        at += rows


@torch.inference_mode()
def _score_batch(backbone: Backbone, windows: Sequence[TextWindow]) -> tuple[float, int]:
    device = backbone.embedding.weight.device
    length = len(windows[0].tokens) - 1
    # Padding follows the text, and causal attention looks back only: what pads does not matter, and no mask is needed.
    ids = np.zeros((len(windows), length), dtype=np.int64)
    places, targets = [], []
    for row, window in enumerate(windows):
        inputs = len(window.tokens) - 1
        ids[row, :inputs] = window.tokens[:-1]
        places.append(row * length + np.arange(inputs - window.scored, inputs))
        targets.append(window.tokens[inputs + 1 - window.scored :])
    hidden_BTD = backbone(torch.from_numpy(ids).to(device))
    place_N = torch.from_numpy(np.concatenate(places)).to(device)
    target_N = torch.from_numpy(np.concatenate(targets)).to(device)
    hidden_ND = hidden_BTD.flatten(0, 1).index_select(0, place_N)
    losses_N = token_losses(hidden_ND, backbone.output_weight, target_N)
    return float(losses_N.double().sum()), len(losses_N)


def evaluate_text(
    backbone: Backbone, tokenizer: Tokenizer, pieces: Iterable[Piece], *, overlap: float, batch_tokens: int
) -> TextScore:
    """Return how well a backbone predicts a text.

    Args:
        backbone: In eval mode, on its device.
        tokenizer: Its tokenizer.
        pieces: The text.
        overlap: Share of the context that the next window repeats, 0 to below 1.
        batch_tokens: Inputs computed at once.

    Returns:
        The score; its bytes are those of the text.
    """
    context = backbone.config.context
    windower = Windower(tokenizer, context, stride_of(context, overlap))
    size = 0

    def windows() -> Iterator[TextWindow]:
        nonlocal size
        for piece in pieces:
            size += len(piece.text.encode())
            yield from windower.feed(piece)

    nats, tokens = 0.0, 0
    for batch_nats, batch_targets in score_windows(backbone, windows(), batch_tokens=batch_tokens):
        nats += batch_nats
        tokens += batch_targets
    return TextScore(nats, tokens, size)
