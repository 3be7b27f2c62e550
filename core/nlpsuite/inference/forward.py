"""A task's batch through the backbone: the one way that training and prediction share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from nlpsuite.backbone.attention import PADDING

if TYPE_CHECKING:
    from torch import Tensor

    from nlpsuite.backbone.model import Backbone
    from nlpsuite.tasks.task import AttentionMode, Batch


def hidden_states(
    backbone: Backbone, batch: Batch, mode: AttentionMode, *, ids_BT: Tensor | None = None, dropout: float = 0.0
) -> Tensor:
    """Return the hidden states of a batch, (B, T, D); no window sees another or its padding.

    Args:
        backbone: On the batch's device.
        batch: The windows.
        mode: How the task attends.
        ids_BT: Token ids to take in place of the batch's own, for training on noisy input.
        dropout: Share of each block's output to drop, in training.
    """
    ids = batch.ids_BT if ids_BT is None else ids_BT
    # Without padding there is nothing to hide, and attention without a mask has faster kernels.
    padded = any(len(window.ids) < ids.shape[1] for window in batch.windows)
    segments_BT = torch.where(batch.real_BT, 0, PADDING) if padded else None
    prefix_B = None
    if mode == "prefix":
        prefix_B = torch.tensor([window.prefix for window in batch.windows], device=ids.device)
    hidden: Tensor = backbone(ids, mode=mode, segments_BT=segments_BT, prefix_B=prefix_B, dropout=dropout)
    return hidden
