"""How well a text is predicted: nats per token, perplexity, and bits per byte, which compares across tokenizers.

Every target counts once, and its bytes are the bytes of its piece, so bits per byte is exact for any part of a text.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from nlpsuite.backbone.loss import token_losses
from nlpsuite.backbone.objectives import Example, predicting_states

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy as np

    from nlpsuite.backbone.model import Backbone


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
