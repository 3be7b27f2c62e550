"""A callback: the loss of every step, in a table beside the run's own files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytorch_lightning import Callback

if TYPE_CHECKING:
    from pathlib import Path

    from pytorch_lightning import LightningModule, Trainer


class LossCurve(Callback):
    """Writes `step<TAB>loss` for every optimiser step when training ends.

    Args:
        path: The file.
    """

    def __init__(self, path: Path):
        self._path = path
        self._losses: dict[int, float] = {}

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Note a loss."""
        self._losses[trainer.global_step] = float(outputs["loss"])

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write them all."""
        if trainer.is_global_zero:
            lines = [f"{step}\t{loss:.6f}" for step, loss in self._losses.items()]
            self._path.write_text("\n".join(["step\tloss", *lines]) + "\n", encoding="utf-8")
