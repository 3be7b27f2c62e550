"""How far a piece of work has come, in words: `45% (450 of 1,000 steps), 12 steps/s, 46 s left, loss 2.31`."""

from __future__ import annotations

import time
from dataclasses import dataclass, field


@dataclass(slots=True)
class Track:
    """One piece of work under way.

    Attributes:
        title: What is being done.
        total: How much there is, in `unit`; None when unknown.
        unit: The unit of `total` in the plural, such as `steps`.
        completed: How much is done.
        note: What the work says of itself, such as the loss.
    """

    title: str
    total: float | None
    unit: str
    completed: float = 0.0
    note: str = ""
    _start: float = field(default_factory=time.monotonic)
    _first: tuple[float, float] | None = None

    def update(self, completed: float, note: str = "") -> None:
        """Set how much is done."""
        # Speed counts from the first report: a resumed run starts with work that this process did not do.
        if self._first is None:
            self._first = (time.monotonic(), completed)
        self.completed, self.note = completed, note

    def speed(self) -> float | None:
        """Return units a second, or None while that is not known."""
        if self._first is None:
            return None
        seconds, done = time.monotonic() - self._first[0], self.completed - self._first[1]
        return done / seconds if seconds > 0 and done > 0 else None

    def text(self) -> str:
        """Return all but the title, as one line."""
        return ", ".join(part for part in (self._amount(), *self._pace(), self.note) if part)

    def closing(self) -> str:
        """Return the line for work that is over: how much was done and how long it took."""
        took = format_seconds(time.monotonic() - self._start)
        return ", ".join(part for part in (f"{_number(self.completed)} {self.unit} in {took}", self.note) if part)

    def _amount(self) -> str:
        if self.total is None:
            return f"{_number(self.completed)} {self.unit}"
        share = 1.0 if self.total <= 0 else min(1.0, self.completed / self.total)
        return f"{int(share * 100)}% ({_number(self.completed)} of {_number(self.total)} {self.unit})"

    def _pace(self) -> list[str]:
        speed = self.speed()
        if speed is None:
            return []
        left = [] if self.total is None else [f"{format_seconds(max(0.0, self.total - self.completed) / speed)} left"]
        # A budget counted in seconds has a speed of one by definition.
        return left if self.unit in ("s", "seconds") else [f"{_number(speed)} {self.unit}/s", *left]


def format_seconds(seconds: float) -> str:
    """Write a duration for people: `0.4 s`, `46 s`, `12 min 5 s`, `3 h 20 min`."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def _number(value: float) -> str:
    if value == int(value) or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 1 else f"{value:.2g}"
