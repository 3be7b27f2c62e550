"""Loss on held-out text: nats per token, perplexity, and bits per byte, which compares across tokenizers.

Every target counts once, and its bytes are the bytes of its piece, so bits per byte is exact for any part of a text.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from nlpsuite.backbone.loss import token_losses
from nlpsuite.backbone.objectives import Example, causal_example, masked_example, predicting_states
from nlpsuite.text.order import RowOrder
from nlpsuite.training.pretrain_data import FIRST_ORDINARY_ID

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from nlpsuite.backbone.model import Backbone
    from nlpsuite.text.tokenfile import TokenFile
    from nlpsuite.text.tokenizer import Tokenizer


@dataclass(frozen=True, slots=True)
class TextScore:
    """How well a text is predicted.

    Attributes:
        nats: Summed cross-entropy.
        tokens: Predicted tokens, the end of each document included.
        bytes: UTF-8 bytes they stand for.
    """

    nats: float
    tokens: int
    bytes: int

    @property
    def loss(self) -> float:
        """Nats per token."""
        return self.nats / max(1, self.tokens)

    @property
    def perplexity(self) -> float:
        """Perplexity per token; it depends on the tokenizer."""
        return math.exp(min(self.loss, 700.0))

    @property
    def bits_per_byte(self) -> float:
        """Bits per UTF-8 byte of the text; it does not depend on the tokenizer."""
        return self.nats / math.log(2.0) / max(1, self.bytes)


def score_examples(backbone: Backbone, examples: Iterable[Example], byte_lengths: np.ndarray) -> TextScore:
    """Add up the loss of examples.

    Args:
        backbone: On its device; put in eval mode while it runs.
        examples: On any device.
        byte_lengths: Bytes of each piece of the vocabulary, (V).
    """
    device = backbone.embedding.weight.device
    was_training = backbone.training
    backbone.eval()
    nats, tokens, size = 0.0, 0, 0
    with torch.no_grad():
        for example in examples:
            on_device = example.to(device)
            hidden = predicting_states(backbone, on_device)
            nats += float(token_losses(hidden, backbone.output_weight, on_device.targets_N).double().sum())
            tokens += len(example.targets_N)
            size += int(byte_lengths[example.targets_N.numpy()].sum())
    backbone.train(was_training)
    return TextScore(nats, tokens, size)


class ValidationText:
    """The same held-out rows at every validation, scored causally and, where asked, with masks.

    Args:
        tokens: The validation tokens.
        context: Inputs in a row.
        tokenizer: For special ids and the bytes of pieces.
        max_tokens: The most tokens to look at.
        rows: Rows computed at once.
        mask_rate: Share of tokens masked for the masked score; None: no masked score.
        mask_span: Longest span of masked tokens.
    """

    def __init__(
        self,
        tokens: TokenFile,
        *,
        context: int,
        tokenizer: Tokenizer,
        max_tokens: int,
        rows: int,
        mask_rate: float | None,
        mask_span: int,
    ):
        # A fixed seed of its own: runs with other seeds are compared on the same rows.
        order = RowOrder(tokens, row=context, seed=0, pad_id=tokenizer.pad_id)
        self.byte_lengths = tokenizer.byte_lengths
        number = min(order.rows_per_epoch, max(1, max_tokens // context))
        self._blocks = [order.rows(at, min(rows, number - at)) for at in range(0, number, rows)]
        self._mask_rate, self._mask_span, self._tokenizer = mask_rate, mask_span, tokenizer

    def causal(self, backbone: Backbone) -> TextScore:
        """Score the rows left to right."""
        return score_examples(backbone, (causal_example(rows) for rows in self._blocks), self.byte_lengths)

    def masked(self, backbone: Backbone) -> TextScore | None:
        """Score masked tokens from both sides, with the same masks each time; None where not asked for."""
        if self._mask_rate is None:
            return None
        rate = self._mask_rate
        examples = (
            masked_example(
                rows,
                rate=rate,
                longest=self._mask_span,
                mask_id=self._tokenizer.mask_id,
                first_id=FIRST_ORDINARY_ID,
                vocab_size=self._tokenizer.vocab_size,
                generator=np.random.default_rng((0, number)),
            )
            for number, rows in enumerate(self._blocks)
        )
        return score_examples(backbone, examples, self.byte_lengths)

    def prompts(self, number: int, length: int) -> Sequence[list[int]]:
        """Return the first tokens of some rows, as prompts for sampled continuations."""
        rows = [row for block in self._blocks for row in block.ids_BT]
        chosen = np.linspace(0, len(rows) - 1, num=min(number, len(rows)), dtype=int)
        return [[int(i) for i in rows[at][:length]] for at in chosen]


class CheckedClock:
    """Tell when the next of evenly spaced events is due, by the run's progress.

    Args:
        events: How many there are over the whole run, the last one at its end.
    """

    def __init__(self, events: int):
        self._events, self._next = events, 1

    def due(self, progress: float) -> bool:
        """Whether an event lies between the last call and now; events that were passed over together count as one."""
        if progress * self._events < self._next:
            return False
        self._next = int(progress * self._events) + 1
        return True
