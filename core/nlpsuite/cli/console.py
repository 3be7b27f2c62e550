"""The only file that prints. Results go to stdout; what is going on goes to stderr.

On a terminal progress is a bar; in a file or a pipe it is a plain line now and then, without colour or drawing. Each
of the two streams is judged by itself. All text is shown literally: markup means nothing, control characters are
escaped.
"""

from __future__ import annotations

import json
import os
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TextIO

from nlpsuite.cli.plain import align
from nlpsuite.cli.progress import Track
from nlpsuite.report import told_left_out
from nlpsuite.visible import json_visible, visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from nlpsuite.cli.bars import Bars
    from nlpsuite.report import Progress

PLAIN_INTERVAL = 10.0
"""Seconds between two plain lines of progress."""


class Console:
    """Prints everything a command has to say; a `nlpsuite.report.Reporter`.

    Args:
        quiet: Print warnings, errors and results only.
        verbose: Print details too.
        out: Where results go; stdout if None.
        err: Where all else goes; stderr if None.
    """

    def __init__(
        self, *, quiet: bool = False, verbose: bool = False, out: TextIO | None = None, err: TextIO | None = None
    ):
        self.quiet, self.verbose = quiet, verbose
        self._out = sys.stdout if out is None else out
        self._err = sys.stderr if err is None else err
        self._bars: Bars | None = None

    def say(self, text: str) -> None:
        """Print one line of what is going on."""
        if not self.quiet:
            self._write_err(visible(text))

    def detail(self, text: str) -> None:
        """Print one line that only `-v` shows."""
        if self.verbose and not self.quiet:
            self._write_err(visible(text))

    def warn(self, text: str) -> None:
        """Print one line that the user should not miss; `-q` does not silence it."""
        self._write_err(f"warning: {visible(text)}")

    def left_out(self, count: int, what: str, where: str) -> None:
        """Print one line that tells of rows left out, if there are any."""
        if count:
            self.say(told_left_out(count, what, where))

    def error(self, text: str) -> None:
        """Print the one line that says why the command failed."""
        self._write_err(f"error: {visible(text)}")

    def stopped(self, text: str) -> None:
        """Print the one line that says how to go on after a signal."""
        self._write_err(visible(text))

    def traceback(self, text: str) -> None:
        """Print a traceback, over several lines."""
        self._write_err(visible(text.rstrip("\n"), keep="\n"))

    def table(self, title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Print a small table of strings."""
        if not self.quiet:
            self._write_err("\n".join([visible(title), *(f"  {line}" for line in align(header, rows))]))

    @contextmanager
    def progress(self, title: str, total: float | None, unit: str) -> Iterator[Progress]:
        """Start a bar of `total` units (None when unknown), or plain lines where there is no terminal."""
        track = Track(title, total, unit)
        if self.quiet:
            yield track
        elif not _is_terminal(self._err):
            yield _PlainProgress(self, track)
            self.say(f"{title}: {track.closing()}")
        else:
            yield from self._drawn(track)

    def result(self, text: str) -> None:
        """Print text of the command's result: exact into a file or a pipe, control characters escaped on a terminal."""
        self._write_out(visible(text, keep="\n\t") if _is_terminal(self._out) else text)

    def part(self, text: str) -> None:
        """Print a part of a result at once, without ending the line; shown as `result` shows it."""
        print(visible(text, keep="\n\t") if _is_terminal(self._out) else text, end="", file=self._out, flush=True)

    def result_table(self, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Print a table of strings that is the command's result."""
        self._write_out("\n".join(align(header, rows)))

    def json(self, value: Any) -> None:
        """Print one JSON value on one line: the object of `--json`, or a line of JSON Lines.

        Characters a terminal would act on are written as JSON escapes, so the value reads back unchanged. A number that
        JSON has no word for (NaN, infinity) becomes null.
        """
        utf8 = (self._out.encoding or "utf-8").lower().replace("-", "").replace("_", "") == "utf8"
        self._write_out(json_visible(json.dumps(_finite(value), ensure_ascii=not utf8, allow_nan=False)))

    def _drawn(self, track: Track) -> Iterator[Progress]:
        from nlpsuite.cli.bars import Bars

        if self._bars is None:
            self._bars = Bars(self._err)
        try:
            with self._bars.show(track) as bar:
                yield bar
        finally:
            if self._bars.empty:
                self._bars = None
        self.say(f"{track.title}: {track.closing()}")

    def _write_out(self, text: str) -> None:
        if self._bars is not None and _is_terminal(self._out):
            with self._bars.hidden():
                print(text, file=self._out, flush=True)
        else:
            print(text, file=self._out, flush=True)

    def _write_err(self, text: str) -> None:
        if self._bars is not None:
            self._bars.print_above(text)
        else:
            print(text, file=self._err, flush=True)


class _PlainProgress:
    """A line every `PLAIN_INTERVAL` seconds."""

    def __init__(self, console: Console, track: Track):
        self._console, self._track = console, track
        self._last = time.monotonic()

    def update(self, completed: float, note: str = "") -> None:
        self._track.update(completed, note)
        now = time.monotonic()
        if now - self._last >= PLAIN_INTERVAL:
            self._last = now
            self._console.say(f"{self._track.title}: {self._track.text()}")


def _is_terminal(stream: TextIO) -> bool:
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if value - value == 0 else None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return value
