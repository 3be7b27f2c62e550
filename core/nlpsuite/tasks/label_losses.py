"""The losses of classification, weighted by window and class. B windows, C classes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor


def label_loss(logits_BC: Tensor, targets: Sequence[int], weight_B: Tensor, class_weights: Sequence[float]) -> Tensor:
    """Return the mean cross-entropy in nats of one label for each window, weighted by window and class; a scalar.

    It is divided by the windows' weights alone: divided by those of the classes too, as PyTorch's own is, a window of a rare
    class would weigh little more than others in batches as small as these, and nothing more where it is alone.

    Args:
        logits_BC: Scores.
        targets: The class index of each window.
        weight_B: Weights of windows.
        class_weights: Weights of classes, 1 on average over all rows.
    """
    target_B = torch.tensor(targets, device=logits_BC.device)
    class_weight_B = torch.tensor(class_weights, device=logits_BC.device)[target_B]
    loss_B = torch.nn.functional.cross_entropy(logits_BC, target_B, reduction="none")
    return (loss_B * weight_B * class_weight_B).sum() / weight_B.sum()


def presence_loss(
    logits_BC: Tensor, targets: Sequence[Sequence[int]], weight_B: Tensor, weights: Sequence[tuple[float, float]]
) -> Tensor:
    """Return the cross-entropy in nats of the presence of each label, summed over labels, its mean over windows; a scalar.

    Args:
        logits_BC: Scores.
        targets: The class indices of each window, perhaps none.
        weight_B: Weights of windows.
        weights: For each label, what rows without and with it weigh.
    """
    present_BC = torch.zeros_like(logits_BC)
    for each_C, indices in zip(present_BC, targets, strict=True):
        each_C[list(indices)] = 1
    weight_C2 = torch.tensor(weights, device=logits_BC.device)
    weight_BC = torch.where(present_BC > 0, weight_C2[:, 1], weight_C2[:, 0])
    loss_BC = torch.nn.functional.binary_cross_entropy_with_logits(logits_BC, present_BC, weight_BC, reduction="none")
    return (loss_BC.sum(1) * weight_B).sum() / weight_B.sum()
