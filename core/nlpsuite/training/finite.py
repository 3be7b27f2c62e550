"""The private state of a run: saved whole or not at all, read back strictly, and never with numbers gone bad."""

from __future__ import annotations

import math
import os
from typing import TYPE_CHECKING, Any

import torch

from nlpsuite.errors import UserError
from nlpsuite.files import temporary_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pytorch_lightning as pl

    from nlpsuite.training.runfolder import RunFolder


def save_state(trainer: pl.Trainer, run: RunFolder) -> None:
    """Save the state to go on from; the old one stays until the new one is whole."""
    temporary = run.last.with_name(temporary_name(run.last.name))
    try:
        trainer.save_checkpoint(temporary)
        # Every process takes part, but only the first writes a file, and only it may put one in place.
        if trainer.is_global_zero:
            os.replace(temporary, run.last)
    finally:
        temporary.unlink(missing_ok=True)


def read_state(run: RunFolder) -> dict[str, Any]:
    """Read what a stopped run saved.

    Raises:
        UserError: The checkpoint is damaged.
    """
    try:
        state = torch.load(run.last, map_location="cpu", weights_only=True)
        state["nlpsuite"]["seconds"], state["global_step"]
    except Exception as error:
        # Whatever torch makes of a damaged file, the user can do one thing about it.
        raise UserError("the checkpoint is damaged", where=run.last, fix="start the run afresh") from error
    return dict(state)


def check_finite(figures: Mapping[str, float], step: int) -> None:
    """Check that training has not gone bad, before anything is made of its weights.

    Raises:
        UserError: A figure is not a finite number.
    """
    for name, value in figures.items():
        if not math.isfinite(value):
            raise UserError(f"{name} became {value} at step {step:,}", where="--lr", fix="lower the learning rate")
