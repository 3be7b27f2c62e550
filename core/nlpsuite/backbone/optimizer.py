"""Which optimiser updates which parameter in pretraining, and at what rate over the run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import torch

from nlpsuite.backbone.muon import NEWTON_SCHULZ, MuonAdamW

if TYPE_CHECKING:
    from torch import Tensor

    from nlpsuite.backbone.model import Backbone

OptimizerName = Literal["muon", "adamw"]


def is_matrix(name: str, parameter: Tensor) -> bool:
    """Whether a backbone parameter is a weight matrix of a block, as opposed to an embedding, norm or bias."""
    return parameter.ndim == 2 and "blocks." in name


def make_optimizer(
    backbone: Backbone,
    kind: OptimizerName,
    *,
    lr: float,
    matrix_lr: float,
    weight_decay: float,
    newton_schulz: int = NEWTON_SCHULZ,
    even_neurons: bool = False,
) -> torch.optim.Optimizer:
    """Make the optimiser for pretraining; each group remembers its full rate as `peak_lr`.

    Args:
        backbone: Whose parameters it updates.
        kind: `muon`: Muon for matrices of blocks, AdamW for the rest; `adamw`: AdamW for all.
        lr: AdamW's learning rate.
        matrix_lr: Muon's learning rate.
        weight_decay: Decay of matrices. Embeddings and norms are not decayed.
        newton_schulz: Muon's iterations.
        even_neurons: Whether Muon's updates are of one size for all neurons.
    """
    matrices = [p for n, p in backbone.named_parameters() if is_matrix(n, p)]
    others = [p for n, p in backbone.named_parameters() if not is_matrix(n, p)]
    muon = kind == "muon"
    rate = matrix_lr if muon else lr
    groups: list[dict[str, Any]] = [
        {"params": matrices, "lr": rate, "peak_lr": rate, "weight_decay": weight_decay, "muon": muon},
        {"params": others, "lr": lr, "peak_lr": lr, "weight_decay": 0.0, "muon": False},
    ]
    if muon:
        return MuonAdamW(
            groups,
            betas=(0.8, 0.95),
            eps=1e-10,
            momentum=0.95,
            fused=True,
            newton_schulz=newton_schulz,
            even_neurons=even_neurons,
        )
    return torch.optim.AdamW(groups, lr=lr, betas=(0.9, 0.95), eps=1e-8, fused=True)


def rate_factor(progress: float, *, warmup: float, decay: float, floor: float) -> float:
    """Return the factor on the peak rate: linear warm-up, stable, linear decay to the floor.

    Args:
        progress: Share of the run that is done, 0 to 1.
        warmup: Share of the run that warms up.
        decay: Share of the run, at its end, that decays.
        floor: Factor at the end.
    """
    if progress < warmup:
        return max(progress / warmup, 1e-3)
    if progress > 1.0 - decay:
        return floor + (1.0 - floor) * max(0.0, 1.0 - progress) / decay
    return 1.0


def set_rates(optimizer: torch.optim.Optimizer, factor: float) -> None:
    """Set each group's learning rate to its peak times `factor`."""
    for group in optimizer.param_groups:
        group["lr"] = group["peak_lr"] * factor
