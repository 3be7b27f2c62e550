"""A learning rate planned by the clock, so that no peer is hurt by a bad guess of how many steps it will get."""

from __future__ import annotations

import time

WARMUP = 0.02


class Clock:
    """Seconds of a run, and the factor on its peak rate: linear warm-up, then linear decay to nothing.

    Args:
        seconds: How long the run may go on.
    """

    def __init__(self, seconds: float):
        self.seconds = seconds
        self._start = time.perf_counter()

    def start(self) -> None:
        """Start now: loading and building are not counted."""
        self._start = time.perf_counter()

    @property
    def spent(self) -> float:
        """Seconds since the start."""
        return time.perf_counter() - self._start

    @property
    def over(self) -> bool:
        """Whether the time is up."""
        return self.spent >= self.seconds

    def factor(self, step: int = 0) -> float:
        """Return the factor on the peak rate now; the step is not looked at."""
        progress = min(1.0, self.spent / self.seconds)
        return max(1e-3, progress / WARMUP if progress < WARMUP else (1.0 - progress) / (1.0 - WARMUP))
