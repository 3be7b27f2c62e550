"""Scores that are no single number, for people: tables by class or type, and what is needed to compare figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from nlpsuite.cli.console import Console
    from nlpsuite.tasks.task import ScoreTable

MOST_ROWS = 25
"""Rows of a table that are shown; all of them are in the JSON."""


def show_scores(console: Console, tables: Sequence[ScoreTable], notes: Mapping[str, str]) -> None:
    """Print tables and notes as part of a command's result."""
    for table in tables:
        console.result("")
        rows = [[_shown(value) for value in row] for row in table.rows[:MOST_ROWS]]
        console.result(table.title)
        console.result_table([str(column) for column in table.columns], rows)
        if len(table.rows) > MOST_ROWS:
            console.result(f"... and {len(table.rows) - MOST_ROWS} more rows; --json gives all")
    for name, note in notes.items():
        console.result(f"{name}: {note}")


def _shown(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.4f}" if isinstance(value, float) else str(value)
