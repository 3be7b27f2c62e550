"""Progress bars on a terminal, one under the other."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from rich.console import Console as RichConsole
from rich.progress import BarColumn, Progress, TextColumn
from rich.text import Text

from nlpsuite.visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.progress import TaskID

    from nlpsuite.cli.progress import Track

REDRAW_INTERVAL = 0.1
"""Seconds between two drawings; more often is only flicker."""


class Bars:
    """The bars on screen. They are drawn when work reports, not by a thread, so that worker processes fork safely."""

    def __init__(self, stream: TextIO):
        self._console = RichConsole(file=stream, force_terminal=True, highlight=False)
        # markup=False: a title or a note may hold the user's text.
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.fields[text]}", markup=False),
            console=self._console,
            auto_refresh=False,
            transient=True,
        )

    @property
    def empty(self) -> bool:
        """Whether no bar is left."""
        return not self._progress.tasks

    @contextmanager
    def show(self, track: Track) -> Iterator[Bar]:
        """Draw a bar for as long as the context lasts."""
        task = self._progress.add_task(visible(track.title), total=track.total, text="")
        self._progress.start()
        try:
            yield Bar(self._progress, task, track)
        finally:
            self._progress.remove_task(task)
            if self.empty:
                self._progress.stop()

    @contextmanager
    def hidden(self) -> Iterator[None]:
        """Take the bars off the screen, so that something else can be written to the same terminal."""
        self._progress.stop()
        try:
            yield
        finally:
            self._progress.start()

    def print_above(self, text: str) -> None:
        """Print lines above the bars."""
        self._console.print(Text(text), soft_wrap=True)


class Bar:
    """One bar on screen."""

    def __init__(self, progress: Progress, task: TaskID, track: Track):
        self._progress, self._task, self._track = progress, task, track
        self._drawn = 0.0

    def update(self, completed: float, note: str = "") -> None:
        """Set how much is done; the screen follows at most every `REDRAW_INTERVAL` seconds."""
        self._track.update(completed, note)
        now = time.monotonic()
        if now - self._drawn < REDRAW_INTERVAL:
            return
        self._drawn = now
        self._progress.update(self._task, completed=completed, text=visible(self._track.text()))
        self._progress.refresh()
