"""Ctrl-C and SIGTERM end a run at the next step boundary instead of in the middle of one."""

from __future__ import annotations

import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType


_CAUGHT = (signal.SIGINT, signal.SIGTERM)


class StopFlag:
    """Whether a signal asked the run to stop. A second Ctrl-C interrupts at once.

    Attributes:
        signal_number: The first signal that came, or None.
    """

    def __init__(self) -> None:
        self.signal_number: int | None = None

    def take_over(self) -> None:
        """Be the one that hears the signals; called again where a library has put its own handlers in the way."""
        for number in _CAUGHT:
            signal.signal(number, self._note)

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.signal_number is not None and number == signal.SIGINT:
            raise KeyboardInterrupt
        self.signal_number = self.signal_number or number


@contextmanager
def stop_on_signals() -> Iterator[StopFlag]:
    """Catch SIGINT and SIGTERM while the block runs, and put the former handlers back after it."""
    flag = StopFlag()
    before = {number: signal.getsignal(number) for number in _CAUGHT}
    flag.take_over()
    try:
        yield flag
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
