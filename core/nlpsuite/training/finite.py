"""What is saved of a run must be sound: nothing is made of numbers gone bad."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from nlpsuite.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Mapping


def check_finite(figures: Mapping[str, float], step: int) -> None:
    """Check that training has not gone bad, before anything is made of its weights.

    Raises:
        UserError: A figure is not a finite number.
    """
    for name, value in figures.items():
        if not math.isfinite(value):
            raise UserError(f"{name} became {value} at step {step:,}", where="--lr", fix="lower the learning rate")
