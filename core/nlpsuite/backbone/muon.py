"""Muon for the matrices of the blocks and AdamW for everything else, in one optimiser.

Muon (Jordan 2024, https://kellerjordan.github.io/posts/muon/) replaces the momentum of a matrix by its nearest
semi-orthogonal matrix (`orthogonal.py`), so that every direction learns at one rate.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import torch
import torch.distributed as dist
from torch.distributed.tensor import DTensor, distribute_tensor

from nlpsuite.backbone.evening import even_out, no_sizes
from nlpsuite.backbone.orthogonal import orthogonalise

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

NEWTON_SCHULZ = 4
"""Iterations towards the orthogonal matrix."""


class MuonAdamW(torch.optim.AdamW):
    """AdamW, except for parameter groups marked `muon: True`, whose 2-D weights Muon updates.

    Matrices of one shape are orthogonalised in one batched product. Where several processes train together, each does its
    share of the matrices and all of them get the rest from the others; their gradients must be the same, as DDP leaves them,
    or parts of the same, as FSDP2 leaves them.

    Args:
        groups: Parameter groups, each with `params`, `lr`, `weight_decay` and `muon`.
        betas: AdamW's averages.
        eps: AdamW's guard.
        momentum: Muon's decay of the running gradient; Nesterov's look-ahead is used.
        fused: Whether AdamW runs its fused kernel.
        newton_schulz: Iterations towards the orthogonal matrix.
        even_neurons: Whether all neurons of a matrix get updates of one size (`evening.py`).
    """

    def __init__(
        self,
        groups: list[dict[str, Any]],
        *,
        betas: tuple[float, float],
        eps: float,
        momentum: float,
        fused: bool,
        newton_schulz: int = NEWTON_SCHULZ,
        even_neurons: bool = False,
    ):
        super().__init__(groups, betas=betas, eps=eps, fused=fused)
        self.momentum, self.newton_schulz, self.even_neurons = momentum, newton_schulz, even_neurons

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update every parameter that has a gradient."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        groups = self.param_groups
        for group in groups:
            if group["muon"]:
                self._muon(group)
        # AdamW walks over self.param_groups; it shall see only its own.
        self.param_groups = [group for group in groups if not group["muon"]]
        try:
            super().step()
        finally:
            self.param_groups = groups
        return loss

    def _muon(self, group: dict[str, Any]) -> None:
        by_shape: dict[torch.Size, list[tuple[Tensor, Tensor]]] = defaultdict(list)
        for weight in group["params"]:
            if weight.grad is None:
                continue
            state = self.state[weight]
            if "momentum" not in state:
                state["momentum"] = torch.zeros_like(weight)
                # AdamW's loading of a saved state looks for a step in every parameter's.
                state["step"] = torch.zeros((), dtype=torch.float32)
            if self.even_neurons and "sizes" not in state:
                # Whole in every process, also where the matrix is divided.
                state["sizes"] = no_sizes(weight)
            running: Tensor = state["momentum"]
            running.lerp_(weight.grad, 1.0 - self.momentum)
            by_shape[weight.shape].append((weight, weight.grad.lerp(running, self.momentum)))
        for shape, pairs in by_shape.items():
            look_aheads = torch.stack([look_ahead for _, look_ahead in pairs])
            update = _shared_out(_whole(look_aheads), self.newton_schulz)
            if self.even_neurons:
                update = even_out(update, [self.state[weight]["sizes"] for weight, _ in pairs])
            update = _as_divided(update, look_aheads)
            # Tall matrices take larger steps, so that an update moves the output as much whatever the shape.
            rate = group["lr"] * max(1.0, shape[0] / shape[1]) ** 0.5
            for (weight, _), delta in zip(pairs, update, strict=True):
                weight.mul_(1.0 - group["lr"] * group["weight_decay"]).add_(delta, alpha=-rate)


def _whole(matrices_NRC: Tensor) -> Tensor:
    return matrices_NRC.full_tensor() if isinstance(matrices_NRC, DTensor) else matrices_NRC


def _as_divided(found: Tensor, example: Tensor) -> Tensor:
    """Give each process its part of what all have, where the matrices are divided over them (FSDP2)."""
    if not isinstance(example, DTensor):
        return found
    return distribute_tensor(found, example.device_mesh, example.placements, src_data_rank=None)


def _shared_out(matrices_NRC: Tensor, steps: int) -> Tensor:
    """Orthogonalise, each process its share of the matrices."""
    world = dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1
    if world == 1:
        return orthogonalise(matrices_NRC, steps)
    number, rank = len(matrices_NRC), dist.get_rank()
    each = -(-number // world)
    mine = matrices_NRC.new_zeros(each, *matrices_NRC.shape[1:])
    share = matrices_NRC[rank * each : (rank + 1) * each]
    mine[: len(share)] = orthogonalise(share, steps) if len(share) else share
    gathered = matrices_NRC.new_empty(each * world, *matrices_NRC.shape[1:])
    dist.all_gather_into_tensor(gathered, mine)
    return gathered[:number]
