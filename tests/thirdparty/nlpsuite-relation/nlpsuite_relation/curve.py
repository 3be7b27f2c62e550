"""A callback: the loss of every step, in a table beside the run's own files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytorch_lightning import Callback

if TYPE_CHECKING:
    from pathlib import Path

    from pytorch_lightning import LightningModule, Trainer


class LossCurve(Callback):
    """Writes `step<TAB>loss` for every optimiser step when training ends, also over a stop and a resumption.

    Args:
        path: The file.
    """

    def __init__(self, path: Path):
        self._path = path
        self._losses: list[float] = []
        self._sum = 0.0

    def state_dict(self) -> dict[str, Any]:
        """Return what a resumed run must know."""
        return {"losses": self._losses, "sum": self._sum}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take it back."""
        self._losses, self._sum = list(state_dict["losses"]), float(state_dict["sum"])

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Note a loss. Lightning has divided it by the micro-batches of a step, so that theirs add up to the step's."""
        self._sum += float(outputs["loss"])
        if trainer.global_step > len(self._losses):
            self._losses.append(self._sum)
            self._sum = 0.0

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write them all."""
        if trainer.is_global_zero:
            lines = [f"{step}\t{loss:.6f}" for step, loss in enumerate(self._losses, start=1)]
            self._path.write_text("\n".join(["step\tloss", *lines]) + "\n", encoding="utf-8")
