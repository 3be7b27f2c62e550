"""The backbone and a task's head as a task computes with them: the one way that training and prediction share.

Letters in names: B windows, T tokens, D d_model, V vocabulary, N any number of positions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from nlpsuite.backbone.attention import PADDING
from nlpsuite.backbone.loss import chunked_cross_entropy, token_losses

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor, nn

    from nlpsuite.backbone.model import Backbone
    from nlpsuite.tasks.task import AttentionMode, Batch


class Network:
    """What `Task.loss` and `Task.outputs` compute with.

    Args:
        backbone: On the batches' device.
        head: The task's head, on the same device.
        mode: How the task attends.
        brief: Whether training only wants to see how it is doing, so that a task may leave out what is costly and what
            its `monitor` does not need, such as generated text.
        dropout: Share of each block's output to drop, in training.
        hide: Makes the noisy token ids that training reads in place of a batch's own.
        frozen: Whether the backbone is not trained, so that it needs no gradients.

    Attributes:
        backbone: The backbone.
        head: The head.
        brief: As above.
    """

    def __init__(
        self,
        backbone: Backbone,
        head: nn.Module,
        mode: AttentionMode,
        *,
        brief: bool = False,
        dropout: float = 0.0,
        hide: Callable[[Tensor], Tensor] | None = None,
        frozen: bool = False,
    ):
        self.backbone, self.head, self.brief = backbone, head, brief
        self._mode, self._dropout, self._hide, self._frozen = mode, dropout, hide, frozen

    @property
    def device(self) -> torch.device:
        """Where the weights lie."""
        return self.backbone.embedding.weight.device

    def hidden(self, batch: Batch) -> Tensor:
        """Return the hidden states of a batch, (B, T, D); no window sees another or its padding."""
        ids_BT = batch.ids_BT if self._hide is None else self._hide(batch.ids_BT)
        # Without padding there is nothing to hide, nor where all look back only, since padding follows the text; and
        # attention without a mask has faster kernels.
        padded = self._mode != "causal" and any(len(window.ids) < ids_BT.shape[1] for window in batch.windows)
        segments_BT = torch.where(batch.real_BT, 0, PADDING) if padded else None
        prefix_B = None
        if self._mode == "prefix":
            prefix_B = torch.tensor([window.prefix for window in batch.windows], device=ids_BT.device)
        with torch.set_grad_enabled(torch.is_grad_enabled() and not self._frozen):
            hidden: Tensor = self.backbone(
                ids_BT, mode=self._mode, segments_BT=segments_BT, prefix_B=prefix_B, dropout=self._dropout
            )
        return hidden

    def logits(self, hidden_ND: Tensor) -> Tensor:
        """Return scores of the token after each position, (N, V), by the backbone's own output layer."""
        return self.backbone.logits(hidden_ND)

    def next_token_loss(self, hidden_ND: Tensor, targets_N: Tensor, *, smoothing: float = 0.0) -> Tensor:
        """Return the mean cross-entropy in nats of the tokens that follow the positions, with gradients; a scalar.

        It never holds all logits at once; with no position it is zero.

        Args:
            hidden_ND: Hidden states of the positions.
            targets_N: The tokens that follow them.
            smoothing: Share of the truth that is spread evenly over the vocabulary.
        """
        return chunked_cross_entropy(hidden_ND, self.backbone.output_weight, targets_N, smoothing=smoothing)

    def next_token_losses(self, hidden_ND: Tensor, targets_N: Tensor) -> Tensor:
        """Return the cross-entropy in nats of each token that follows a position, float32 (N), without gradients."""
        return token_losses(hidden_ND, self.backbone.output_weight, targets_N)
