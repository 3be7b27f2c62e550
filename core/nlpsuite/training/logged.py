"""A reporter that also keeps what it is told in the run's `train.log`."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from nlpsuite.report import told_left_out
from nlpsuite.visible import visible

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from nlpsuite.report import Progress, Reporter


class LoggedReporter:
    """Pass everything on to another reporter, and append it, with the time, to a file.

    Args:
        report: The other reporter.
        path: The log file.

    Attributes:
        counts: Rows that were left out, by file and by what they are.
    """

    def __init__(self, report: Reporter, path: Path):
        self._report, self._path = report, path
        self._said: set[str] = set()
        self.counts: dict[tuple[str, str], int] = {}

    def say(self, text: str) -> None:
        """Print and keep a line; one that was said before, as of a file that is read twice, is left out."""
        if text not in self._said:
            self._report.say(text)
            self.keep(text)
        self._said.add(text)

    def warn(self, text: str) -> None:
        """Print and keep a warning."""
        self._report.warn(text)
        self.keep(f"warning: {text}")

    def left_out(self, count: int, what: str, where: str) -> None:
        """Print, keep and count rows that are not used; a file that is read twice counts once."""
        if count:
            self.counts[where, what] = count
            self.say(told_left_out(count, what, where))

    def table(self, title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Print and keep a table."""
        self._report.table(title, header, rows)
        for row in (header, *rows):
            self.keep(f"{title}: " + " | ".join(row))

    def progress(self, title: str, total: float | None, unit: str) -> AbstractContextManager[Progress]:
        """Start a bar; it is not kept."""
        return self._report.progress(title, total, unit)

    def keep(self, text: str) -> None:
        """Append a line to the log alone."""
        stamp = datetime.now().astimezone().isoformat(timespec="seconds")
        with self._path.open("a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(f"{stamp} {visible(text)}\n")
