"""How the library tells what it does: a small protocol, so that only the command line decides how it looks.

`nlpsuite.cli.console` draws these on a terminal or prints plain lines; `Silent` is for library use and tests.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence


class Progress(Protocol):
    """A running bar, or a plain line every so often."""

    def update(self, completed: float, note: str = "") -> None:
        """Set how much is done (in the unit given at the start) and a short note such as the loss."""


class Reporter(Protocol):
    """Where progress, warnings and tables go; all of it is for people, none of it is the command's result."""

    def say(self, text: str) -> None:
        """Print one line of what is going on."""

    def warn(self, text: str) -> None:
        """Print one line that the user should not miss."""

    def left_out(self, count: int, what: str, where: str) -> None:
        """Tell of rows that were read and are not used; they are counted in the run's `metrics.json`, too.

        Args:
            count: How many; if none, nothing is told.
            what: What they are, as words after a number, such as `rows with an empty text`.
            where: The file.
        """

    def table(self, title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Print a small table of strings."""

    def progress(self, title: str, total: float | None, unit: str) -> AbstractContextManager[Progress]:
        """Start a bar of `total` units (None when unknown)."""


def told_left_out(count: int, what: str, where: str) -> str:
    """Return the line that tells of rows left out."""
    return f"{where}: {count:,} {what} left out"


class _NoProgress:
    def update(self, completed: float, note: str = "") -> None:
        pass


class Silent:
    """A reporter that says nothing."""

    def say(self, text: str) -> None:
        """Drop the line."""

    def warn(self, text: str) -> None:
        """Drop the line."""

    def left_out(self, count: int, what: str, where: str) -> None:
        """Say it, if there are any."""
        if count:
            self.say(told_left_out(count, what, where))

    def table(self, title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Drop the table."""

    def progress(self, title: str, total: float | None, unit: str) -> AbstractContextManager[Progress]:
        """Return a bar that draws nothing."""
        return nullcontext(_NoProgress())
