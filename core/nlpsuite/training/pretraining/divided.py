"""A network divided over processes (FSDP2): each keeps its share of weights, gradients and the optimiser's state.

A block is gathered from all of them when it is computed, and let go after it. What looks at the network as a whole, such as
validation and the model's file, gets a gathered copy. All processes must call what gathers or divides.

Source: Zhao et al. 2023, "PyTorch FSDP"; https://docs.pytorch.org/docs/stable/distributed.fsdp.fully_shard.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import torch.distributed as dist
from torch.distributed.fsdp import FSDPModule, fully_shard
from torch.distributed.tensor import DTensor, distribute_tensor

from nlpsuite.backbone.model import Backbone

if TYPE_CHECKING:
    from torch import Tensor
    from torch.distributed.device_mesh import DeviceMesh


def divide(backbone: Backbone, mesh: DeviceMesh) -> None:
    """Divide a network in place; every process then holds a share of the first one's weights.

    Args:
        backbone: The same shape in every process, on its device.
        mesh: The processes, one dimension.
    """
    with torch.no_grad():
        for parameter in backbone.parameters():
            dist.broadcast(parameter, 0)
    for each in (*backbone.blocks, backbone):
        fully_shard(each, mesh=mesh)
        # A sum and a division: gloo has no mean, and for NCCL it is as good.
        assert isinstance(each, FSDPModule)
        each.set_force_sum_reduction_for_comms(True)


def is_divided(backbone: Backbone) -> bool:
    """Whether a network is divided over processes."""
    return isinstance(backbone, FSDPModule)


@torch.no_grad()
def undivided(backbone: Backbone) -> Backbone:
    """Return the whole network: itself, or a gathered copy, the same in every process."""
    if not is_divided(backbone):
        return backbone
    parameters = list(backbone.parameters())
    whole = Backbone(backbone.config).to(parameters[0].device)
    for parameter, share in zip(whole.parameters(), parameters, strict=True):
        parameter.copy_(gathered(share))
    return whole.train(backbone.training)


def gathered(tensor: Tensor) -> Tensor:
    """Return a whole tensor: itself, or what all processes hold of it."""
    return tensor.full_tensor() if isinstance(tensor, DTensor) else tensor


def like(tensor: Tensor, example: Tensor) -> Tensor:
    """Return a whole tensor on the device of another, and divided as that one is."""
    tensor = tensor.to(example.device)
    if not isinstance(example, DTensor):
        return tensor
    # Every process has all of it, so nothing needs to be sent.
    return distribute_tensor(tensor, example.device_mesh, example.placements, src_data_rank=None)
