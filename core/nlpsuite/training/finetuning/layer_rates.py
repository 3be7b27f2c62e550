"""Fine-tuning's optimiser: the head learns at the full rate, and each layer below at a share of the rate of the one above."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import torch

from nlpsuite.backbone.muon import MuonAdamW
from nlpsuite.backbone.optimizer import is_matrix

if TYPE_CHECKING:
    from torch import nn

    from nlpsuite.backbone.model import Backbone

BETAS = (0.9, 0.98)
MOMENTUM = 0.95


def layer_share(name: str, layers: int, decay: float) -> float:
    """Return the share of the full rate that a backbone parameter learns at.

    The last norm and output layer learn at `decay`, as does the top block; each block below at `decay` times the rate of
    the one above it, and the embedding at `decay` times that of the lowest block.

    Args:
        name: The parameter's name in the backbone.
        layers: Blocks in the backbone.
        decay: From one layer to the next, above 0 to 1.
    """
    block = re.match(r"blocks\.(\d+)\.", name)
    if block is not None:
        return decay ** (layers - int(block.group(1)))
    return decay ** (layers + 1) if name.startswith("embedding.") else decay


def decays(name: str, parameter: torch.Tensor) -> bool:
    """Whether weight decay applies: to matrices, but not to the embedding, whose rare rows would only shrink."""
    return parameter.ndim >= 2 and not name.startswith("embedding.")


def make_optimizer(
    backbone: Backbone,
    head: nn.Module,
    *,
    lr: float,
    layer_decay: float,
    weight_decay: float,
    muon_lr: float | None = None,
) -> torch.optim.Optimizer:
    """Make the optimiser of all parameters that are to be trained; each group remembers its full rate as `peak_lr`.

    Args:
        backbone: Its frozen parameters are left out.
        head: The task's head.
        lr: The full learning rate.
        layer_decay: As in `layer_share`.
        weight_decay: Decoupled decay of matrices.
        muon_lr: Muon's full learning rate, for the matrices of blocks; None: AdamW trains them too.
    """
    layers = backbone.config.n_layers
    shared = [(n, p, layer_share(n, layers, layer_decay)) for n, p in backbone.named_parameters()]
    shared += [(f"head.{n}", p, 1.0) for n, p in head.named_parameters()]
    groups: dict[tuple[float, float, bool], list[torch.Tensor]] = {}
    for name, parameter, share in shared:
        if parameter.requires_grad:
            decay = weight_decay if decays(name, parameter) else 0.0
            muon = muon_lr is not None and is_matrix(name, parameter)
            rate = (muon_lr if muon and muon_lr is not None else lr) * share
            groups.setdefault((rate, decay, muon), []).append(parameter)
    # On a GPU the fused kernel forbids clipping under mixed precision, and there the usual one is quick enough.
    fused = backbone.embedding.weight.device.type == "cpu"
    described: list[dict[str, Any]] = [
        {"params": parameters, "lr": rate, "peak_lr": rate, "weight_decay": decay, "muon": muon}
        for (rate, decay, muon), parameters in groups.items()
    ]
    if muon_lr is not None:
        return MuonAdamW(described, betas=BETAS, eps=1e-8, momentum=MOMENTUM, fused=fused)
    return torch.optim.AdamW(described, lr=lr, betas=BETAS, eps=1e-8, fused=fused)
