"""The best weights so far, on disk, so that a stopped run has them when it goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safetensors import SafetensorError
from safetensors.torch import load_file

from nlpsuite.backbone.writing import save_tensors
from nlpsuite.errors import UserError

if TYPE_CHECKING:
    from pathlib import Path

    import torch
    from torch import nn


class BestWeights:
    """Keeps what is trained: the head, and the trained parameters of the backbone.

    Each checkpoint knows the step of the best weights of its time, so those of both checkpoints that are kept stay.

    Args:
        folder: Where the safetensors files lie.
        backbone: With adapters, if it has them.
        head: The task's head.
    """

    def __init__(self, folder: Path, backbone: nn.Module, head: nn.Module):
        self._folder, self._backbone, self._head = folder, backbone, head

    def save(self, step: int) -> None:
        """Write the weights as they are now, after `step` steps, so that they outlive a loss of power."""
        tensors = {name: value.detach().cpu().contiguous().clone() for name, value in self._trained().items()}
        save_tensors(self._place(step), tensors, durable=True)

    def keep(self, steps: set[int]) -> None:
        """Clear all other steps' weights away."""
        for step in set(self._steps()) - steps:
            self._place(step).unlink(missing_ok=True)

    def restore(self, step: int) -> None:
        """Set the weights back to those that were saved after `step` steps.

        Raises:
            UserError: They are missing or damaged.
        """
        try:
            saved = load_file(self._place(step))
            trained = self._trained()
            for name, value in trained.items():
                value.detach().copy_(saved[name])
        except (OSError, SafetensorError, KeyError, RuntimeError) as error:
            raise UserError(
                f"the best weights, of step {step}, are missing or damaged",
                where=self._place(step),
                fix="start the run afresh",
            ) from error

    def _place(self, step: int) -> Path:
        return self._folder / f"best-{step}.safetensors"

    def _steps(self) -> list[int]:
        return [int(path.stem.removeprefix("best-")) for path in self._folder.glob("best-*.safetensors")]

    def _trained(self) -> dict[str, torch.Tensor]:
        trained = {f"backbone.{n}": p.data for n, p in self._backbone.named_parameters() if p.requires_grad}
        return trained | {f"head.{name}": value for name, value in self._head.state_dict().items()}
