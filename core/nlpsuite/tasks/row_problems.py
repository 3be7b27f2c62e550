"""Rows that cannot be used, counted to the end of the file, so that one message tells of all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nlpsuite.errors import UserError

if TYPE_CHECKING:
    from pathlib import Path


class RowProblems:
    """Counts rows with problems, by kind, with the first line of each.

    Args:
        path: The file.
    """

    def __init__(self, path: Path):
        self._path = path
        self._found: dict[tuple[str, str], list[int]] = {}
        self._rows = 0

    def count(self) -> None:
        """Count a row."""
        self._rows += 1

    def note(self, line: int, what: str, fix: str) -> None:
        """Note a row that is not as it should be; `what` follows "a row" or "rows"."""
        self._found.setdefault((what, fix), []).append(line)

    def finish(self) -> None:
        """Complain of what was noted.

        Raises:
            UserError: There was something; at the first line of the first kind, with the counts of all kinds.
        """
        if not self._found:
            return
        ((first, fix), lines), *others = self._found.items()
        what = f"a row {first}" if len(lines) == 1 else f"{len(lines)} of {self._rows} rows {first}, this is the first"
        for (other, _), more in others:
            what += f"; {len(more)} {other}, the first in line {more[0]}"
        raise UserError(what, where=self._path, line=lines[0], fix=fix)
