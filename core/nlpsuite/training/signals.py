"""Ctrl-C and SIGTERM end a run at the next step boundary instead of in the middle of one."""

from __future__ import annotations

import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType


class StopFlag:
    """Whether a signal asked the run to stop.

    Attributes:
        signal_number: The first signal that came, or None.
    """

    def __init__(self) -> None:
        self.signal_number: int | None = None


@contextmanager
def stop_on_signals() -> Iterator[StopFlag]:
    """Catch SIGINT and SIGTERM while the block runs. A second Ctrl-C interrupts at once."""
    flag = StopFlag()

    def note(number: int, frame: FrameType | None) -> None:
        if flag.signal_number is not None and number == signal.SIGINT:
            raise KeyboardInterrupt
        flag.signal_number = flag.signal_number or number

    caught = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, note) for number in caught}
    try:
        yield flag
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
