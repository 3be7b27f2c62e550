"""Plain text that is safe to show: user text with its control characters made visible, and aligned columns."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
# Joiners shape letters in many scripts and emoji; they move nothing and hide nothing.
_JOINERS = frozenset("\u200c\u200d")


def visible(text: str, keep: str = "") -> str:
    r"""Write control, format and bidirectional characters as escapes such as `\x1b`, `\n`, `\u202e`.

    Args:
        text: Any string, also one with lone surrogates.
        keep: Characters to leave as they are, for example a newline.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(c if c in keep or not _is_hidden(c) else _escape(c) for c in text)


def json_visible(text: str) -> str:
    r"""Do the same to JSON text, with JSON's own escapes (`\u001b`), which read back as the very same string."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_json_escape(c) if _is_hidden(c) else c for c in text)


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


def _is_hidden(char: str) -> bool:
    return unicodedata.category(char) in _HIDDEN and char not in _JOINERS


def _escape(char: str) -> str:
    # The byte order mark and every C1 control come out by number; \t, \n and \r by name.
    return char.encode("unicode_escape", "surrogatepass").decode("ascii")


def _json_escape(char: str) -> str:
    units = char.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2))
