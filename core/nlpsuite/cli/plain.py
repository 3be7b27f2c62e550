"""Columns of plain text, aligned."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nlpsuite.visible import visible

if TYPE_CHECKING:
    from collections.abc import Sequence


def align(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Lay out a table as lines with columns two spaces apart; columns of numbers are set to the right.

    Args:
        header: Column titles; empty for a table without them.
        rows: Cells, shown by `visible`; a short row is filled up with empty cells.
    """
    from rich.cells import cell_len

    table = [[visible(cell) for cell in row] for row in ([header] if header else []) + list(rows)]
    columns = max((len(row) for row in table), default=0)
    table = [row + [""] * (columns - len(row)) for row in table]
    body = table[1:] if header else table
    numeric = [bool(body) and all(is_number(row[i]) or not row[i] for row in body) for i in range(columns)]
    widths = [max(cell_len(row[i]) for row in table) for i in range(columns)]
    lines = []
    for row in table:
        cells = []
        for cell, width, right in zip(row, widths, numeric, strict=True):
            space = " " * (width - cell_len(cell))
            cells.append(space + cell if right else cell + space)
        lines.append("  ".join(cells).rstrip())
    return lines


def is_number(cell: str) -> bool:
    """Tell whether a cell holds a number, with thousands separators, a sign or a per cent sign if it likes."""
    try:
        float(cell.replace(",", "").removesuffix("%").strip())
    except ValueError:
        return False
    return True
