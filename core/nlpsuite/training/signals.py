"""Ctrl-C, SIGTERM and SIGUSR1 end a run where it can be resumed: at the next step boundary, not in the middle of one.

SIGUSR1 is what a cluster's scheduler can be told to send some time before a job's end; it is taken for SIGTERM.
"""

from __future__ import annotations

import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

from nlpsuite.errors import Interrupted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType


SOON_OVER = getattr(signal, "SIGUSR1", None)
CAUGHT = tuple(each for each in (signal.SIGINT, signal.SIGTERM, SOON_OVER) if each is not None)


class StopFlag:
    """Whether a signal asked the run to stop.

    Until `wait_for_boundaries` a signal interrupts at once: before training there is nothing to save. From then on it is
    noted, and the run stops where it can be resumed; a second Ctrl-C interrupts even so.

    Args:
        resume_command: What the user types to go on after a stop.
        goes_on: Whether there is something to go on from already.

    Attributes:
        signal_number: The first signal that came, or None.
    """

    def __init__(self, resume_command: str, *, goes_on: bool):
        self._resume_command, self._goes_on = resume_command, goes_on
        self.signal_number: int | None = None
        self._waits = False
        self._listen()

    def wait_for_boundaries(self) -> None:
        """Note signals from now on. Called when training starts, after Lightning has put its own handlers in the way."""
        self._waits = True
        self._listen()

    def _listen(self) -> None:
        for number in CAUGHT:
            signal.signal(number, self._note)

    def _note(self, number: int, frame: FrameType | None) -> None:
        if number == SOON_OVER:
            number = signal.SIGTERM
        if not self._waits:
            raise Interrupted(number, self._resume_command if self._goes_on else None)
        if self.signal_number is not None and number == signal.SIGINT:
            raise Interrupted(number, self._resume_command)
        self.signal_number = self.signal_number or number


@contextmanager
def stop_on_signals(resume_command: str, *, goes_on: bool) -> Iterator[StopFlag]:
    """Catch the signals while the block runs, and put the former handlers back after it; arguments as of `StopFlag`."""
    before = {number: signal.getsignal(number) for number in CAUGHT}
    try:
        yield StopFlag(resume_command, goes_on=goes_on)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
