"""The best weights so far, on disk, so that a stopped run has them when it goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safetensors.torch import load_file

from nlpsuite.backbone.checkpoint import save_tensors

if TYPE_CHECKING:
    from pathlib import Path

    import torch
    from torch import nn


class BestWeights:
    """Keeps what is trained: the head, and the trained parameters of the backbone.

    Args:
        path: The safetensors file.
        backbone: With adapters, if it has them.
        head: The task's head.
    """

    def __init__(self, path: Path, backbone: nn.Module, head: nn.Module):
        self._path, self._backbone, self._head = path, backbone, head

    def save(self) -> None:
        """Write the weights as they are now."""
        tensors = {name: value.detach().cpu().contiguous().clone() for name, value in self._trained().items()}
        save_tensors(self._path, tensors)

    def restore(self) -> None:
        """Set the weights back to those saved last."""
        saved = load_file(self._path)
        for name, value in self._trained().items():
            value.detach().copy_(saved[name])

    def _trained(self) -> dict[str, torch.Tensor]:
        trained = {f"backbone.{n}": p.data for n, p in self._backbone.named_parameters() if p.requires_grad}
        return trained | {f"head.{name}": value for name, value in self._head.state_dict().items()}
