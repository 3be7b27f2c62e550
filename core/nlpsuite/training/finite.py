"""Numbers gone bad: nothing is made of them, and a run says of which step and which documents they came.

A loss or gradient that is not finite is found before the update, so the weights are still sound, and the run does what
`--on-nan` says: it stops there with its state saved, goes on without the step, or goes back to the weights saved last.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from nlpsuite.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from torch import Tensor

OnNan = Literal["stop", "skip", "rollback"]
NAMED, LOGGED = 5, 16
"""Documents or rows that a message names, and that the log names of each process."""


@dataclass(frozen=True, slots=True)
class BadStep:
    """A step that was not taken, because its numbers had gone bad.

    Attributes:
        what: What was not finite.
        sources: Documents or rows that it may have come of, for people.
        more: How many there are beside them.
    """

    what: str
    sources: tuple[str, ...] = ()
    more: int = 0

    def told(self, step: int, *, named: int = NAMED) -> str:
        """Return the line that people read, with so many of the sources."""
        shown = self.sources[:named]
        rest = len(self.sources) - len(shown) + self.more
        came_of = ", ".join(shown) + (f" and {rest:,} more" if rest else "")
        return f"{self.what} at step {step:,}" + (f" ({came_of})" if came_of else "")


class Limit:
    """How many bad steps a run bears.

    Args:
        most: So many are passed over; at the next one the run stops.

    Attributes:
        met: How many there were, over all parts of the run.
    """

    def __init__(self, most: int):
        self._most = most
        self.met = 0

    def reached(self) -> bool:
        """Count one more; whether it is one too many."""
        self.met += 1
        return self.met > self._most


def gradient_norm(parameters: Iterable[Tensor]) -> Tensor:
    """Return the norm over all gradients, a float32 scalar on their device; of a divided network, over all processes."""
    import torch

    norm = torch.nn.utils.get_total_norm([p.grad for p in parameters if p.grad is not None])
    whole = getattr(norm, "full_tensor", None)
    return norm if whole is None else whole()


def what_is_bad(norm: float, losses: Sequence[float]) -> str | None:
    """Return what of a step is not a finite number, or None."""
    if (loss := next((each for each in losses if not math.isfinite(each)), None)) is not None:
        return f"the loss became {loss}"
    return None if math.isfinite(norm) else f"the gradient became {norm}"


def check_finite(figures: Mapping[str, float], step: int, lower: str) -> None:
    """Check figures that are made of the weights alone; `lower` says what to do about rates that are too high.

    Raises:
        UserError: A figure is not a finite number.
    """
    for name, value in figures.items():
        if not math.isfinite(value):
            raise UserError(f"{name} became {value} at step {step:,}", where="--lr", fix=lower)
