"""How far a run has come, by steps or by the clock."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nlpsuite.training.budget import Budget, Stopwatch


class Pace:
    """Progress through the budget.

    By the clock, progress runs from the first step to the moment when what follows training must begin: reading the
    data came before, and the last validation, test and save come after. What is planned by progress, such as the warm-up of
    the learning rate, is then the same however long the reading took.

    Args:
        budget: What the run may spend.
        watch: The run's clock.

    Attributes:
        reserve: Seconds to keep for what follows training; measured as the run goes on.
    """

    def __init__(self, budget: Budget, watch: Stopwatch):
        self.budget, self.watch = budget, watch
        self.reserve = 0.0
        self._begun = self._before = self._latest = 0.0

    def begin(self, done: float) -> None:
        """Note that training begins now, with the share `done` finished by earlier parts of a resumed run."""
        self._begun, self._before, self._latest = self.watch.seconds, done, done

    def progress(self, step: int) -> float:
        """Return the share of training that is done, 0 to 1; it never falls, also when the reserve grows.

        Args:
            step: Optimiser steps done.
        """
        if self.budget.steps is not None:
            now = step / self.budget.steps
        else:
            assert self.budget.seconds is not None
            span = self.budget.seconds - self.reserve - self._begun
            now = self._before + (1.0 - self._before) * (self.watch.seconds - self._begun) / max(span, 1e-3)
        self._latest = min(1.0, max(self._latest, now))
        return self._latest

    def seconds_left(self, step: int, per_step: float) -> float:
        """Return the estimated seconds to the end of the run."""
        return self.budget.seconds_left(step, self.watch.seconds, per_step)
