"""Cross-entropy of the output layer without ever holding all logits at once.

Letters: N predicted positions, D d_model, V vocabulary.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

CPU_CHUNK_LOGITS = 1 << 22
"""Logits held at once: 16 MB in float32. With fewer, products have too few rows; more leave a CPU's last cache."""
GPU_CHUNK_LOGITS = 1 << 26
"""256 MB in float32. The gradient of the whole output layer is read and written once for each chunk, so there are to be few."""


class _ChunkedCrossEntropy(torch.autograd.Function):
    """Forward and gradient of mean cross-entropy in one sweep over chunks of positions."""

    @staticmethod
    def forward(
        ctx: Any,
        hidden_ND: Tensor,
        weight_VD: Tensor,
        targets_N: Tensor,
        chunk: int,
        z_loss: float,
        smoothing: float,
        shift_V: Tensor | None,
    ) -> Tensor:
        positions = hidden_ND.shape[0]
        need_grad = any(ctx.needs_input_grad[:2])
        grad_hidden = torch.empty_like(hidden_ND) if need_grad else None
        grad_weight = torch.zeros_like(weight_VD, dtype=torch.float32) if need_grad else None
        total = torch.zeros((), dtype=torch.float32, device=hidden_ND.device)
        for start in range(0, positions, chunk):
            h = hidden_ND[start : start + chunk]
            targets = targets_N[start : start + chunk, None]
            logits = (h @ weight_VD.T).float()
            if shift_V is not None:
                logits += shift_V
            total -= (1.0 - smoothing) * logits.gather(1, targets).sum()
            if smoothing:
                total -= smoothing * logits.mean(1).sum()
            # From here on written over the logits, one exponential for loss and gradient both: where the vocabulary is
            # large, every sweep over them is dear.
            largest = logits.amax(1, keepdim=True)
            weights = logits.sub_(largest).exp_()
            normaliser = weights.sum(1, keepdim=True)
            log_z = largest + normaliser.log()
            total += (log_z + z_loss * log_z * log_z).sum()
            if grad_hidden is not None and grad_weight is not None:
                # d/dlogits = softmax * (1 + 2 z log_z) - truth; truth is one-hot, but for what smoothing spreads evenly.
                # The division by N for the mean waits for `backward`, where it meets a gradient scaler's factor: in fp16
                # it would vanish here.
                grad_logits = weights.mul_((1.0 + 2.0 * z_loss * log_z) / normaliser)
                if smoothing:
                    grad_logits.sub_(smoothing / grad_logits.shape[1])
                grad_logits.scatter_add_(1, targets, torch.full_like(log_z, smoothing - 1.0))
                grad_logits = grad_logits.to(weight_VD.dtype)
                torch.mm(grad_logits, weight_VD, out=grad_hidden[start : start + chunk])
                if grad_weight.dtype == grad_logits.dtype:
                    grad_weight.addmm_(grad_logits.T, h)
                else:
                    grad_weight += grad_logits.T @ h
        ctx.save_for_backward(grad_hidden, grad_weight)
        ctx.weight_dtype, ctx.positions = weight_VD.dtype, positions
        return total / positions

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Any:
        grad_hidden, grad_weight = ctx.saved_tensors
        scale = grads[0] / ctx.positions
        # In place: a second backward pass through the same loss is told apart by autograd and refused.
        return grad_hidden.mul_(scale), grad_weight.mul_(scale).to(ctx.weight_dtype), None, None, None, None, None


def chunked_cross_entropy(
    hidden_ND: Tensor,
    weight_VD: Tensor,
    targets_N: Tensor,
    *,
    z_loss: float = 0.0,
    smoothing: float = 0.0,
    shift_V: Tensor | None = None,
    chunk_logits: int | None = None,
) -> Tensor:
    """Return the mean cross-entropy in nats of predicting `targets_N` from `hidden_ND`, a float32 scalar.

    Args:
        hidden_ND: Hidden states of the predicted positions.
        weight_VD: The output layer's weight.
        targets_N: int64 token ids.
        z_loss: Weight of the squared log-normaliser, which keeps logits from drifting (PaLM, section 5).
        smoothing: Share of the truth that is spread evenly over the vocabulary (label smoothing, Szegedy et al. 2016).
        shift_V: float32, what is added to the logit of each token, with no gradient of its own; None: nothing.
        chunk_logits: How many logits may exist at once; None: as suits the device.

    Returns:
        The mean; zero, with no gradient, when there is no position.
    """
    if hidden_ND.shape[0] == 0:
        return hidden_ND.sum() * 0.0
    if torch.is_autocast_enabled(hidden_ND.device.type):
        dtype = torch.get_autocast_dtype(hidden_ND.device.type)
        hidden_ND, weight_VD = hidden_ND.to(dtype), weight_VD.to(dtype)
    chunk = _positions_at_once(weight_VD, chunk_logits)
    with torch.autocast(hidden_ND.device.type, enabled=False):
        loss: Tensor = _ChunkedCrossEntropy.apply(  # type: ignore[no-untyped-call]
            hidden_ND, weight_VD, targets_N, chunk, z_loss, smoothing, shift_V
        )
    return loss


@torch.no_grad()
def token_losses(hidden_ND: Tensor, weight_VD: Tensor, targets_N: Tensor, *, chunk_logits: int | None = None) -> Tensor:
    """Return the cross-entropy in nats of each position, float32 (N), without gradients and in chunks."""
    chunk = _positions_at_once(weight_VD, chunk_logits)
    pieces = [
        torch.nn.functional.cross_entropy(
            (hidden_ND[start : start + chunk] @ weight_VD.T.to(hidden_ND.dtype)).float(),
            targets_N[start : start + chunk],
            reduction="none",
        )
        for start in range(0, hidden_ND.shape[0], chunk)
    ]
    return torch.cat(pieces) if pieces else hidden_ND.new_zeros(0, dtype=torch.float32)


def _positions_at_once(weight_VD: Tensor, chunk_logits: int | None) -> int:
    usual = GPU_CHUNK_LOGITS if weight_VD.is_cuda else CPU_CHUNK_LOGITS
    return max(1, (chunk_logits or usual) // weight_VD.shape[0])
