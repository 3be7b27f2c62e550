"""How long a run may go on, and how far it has come: by the clock or by steps."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

from nlpsuite.errors import UserError

DEFAULT_SECONDS = 30 * 60.0
"""The budget of a run for which the user names none."""


@dataclass(frozen=True, slots=True)
class Budget:
    """What a run may spend: exactly one of the two.

    Attributes:
        seconds: Wall-clock seconds of training, validations and the last save included.
        steps: Optimiser steps.
    """

    seconds: float | None = None
    steps: int | None = None

    def __post_init__(self) -> None:
        if (self.seconds is None) == (self.steps is None):
            raise ValueError("a budget is either seconds or steps")

    def seconds_left(self, step: int, elapsed: float, per_step: float) -> float:
        """Return the estimated seconds to the end."""
        if self.steps is not None:
            return max(0, self.steps - step) * per_step
        assert self.seconds is not None
        return max(0.0, self.seconds - elapsed)


def plan_budget(seconds: float | None, max_tokens: int | None, max_steps: int | None, *, batch_tokens: int) -> Budget:
    """Turn what the user said into a budget; nothing said is half an hour.

    Raises:
        UserError: More than one was said.
    """
    check_one_budget(seconds, max_tokens, max_steps)
    if max_tokens is not None:
        return Budget(steps=max(1, math.ceil(max_tokens / batch_tokens)))
    if max_steps is not None:
        return Budget(steps=max_steps)
    return Budget(seconds=seconds or DEFAULT_SECONDS)


def check_one_budget(seconds: float | None, max_tokens: int | None, max_steps: int | None) -> None:
    """Check that the user said at most one budget.

    Raises:
        UserError: More than one was said.
    """
    said = [
        name
        for name, value in (("--time", seconds), ("--max-tokens", max_tokens), ("--max-steps", max_steps))
        if value is not None
    ]
    if len(said) > 1:
        raise UserError("more than one budget", where=" and ".join(said), fix="give one of them")


class Stopwatch:
    """Seconds of a run, over all its parts when it is stopped and resumed."""

    def __init__(self) -> None:
        self._before = 0.0
        self._start: float | None = None

    def start(self, before: float = 0.0) -> None:
        """Start (again), with the seconds already spent."""
        self._before, self._start = before, time.monotonic()

    @property
    def seconds(self) -> float:
        """Seconds spent so far."""
        return self._before + (0.0 if self._start is None else time.monotonic() - self._start)


class CheckedClock:
    """Tell when the next of evenly spaced events is due, by the run's progress.

    Args:
        events: How many there are over the whole run, the last one at its end.
    """

    def __init__(self, events: int):
        self._events, self._next = events, 1

    def due(self, progress: float) -> bool:
        """Whether an event lies between the last call and now; events that were passed over together count as one."""
        if progress * self._events < self._next:
            return False
        self._next = int(progress * self._events) + 1
        return True
