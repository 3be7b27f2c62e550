"""Whether the first row of a table holds the names of its columns, and what these names are."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from nlpsuite.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

_NAME = re.compile(r"(?:#\d )?[^\W\d][\w .:/()-]{0,39}")
_FEW_ROWS = 8


def normal_name(name: str) -> str:
    """Return a column name in the form that names are compared in: `Review Text` and `review-text` as `review_text`."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name.strip())
    return re.sub(r"[\s_.-]+", "_", spaced).strip("_").casefold()


def is_header(first: Sequence[str], rest: Sequence[Sequence[str]], known: Collection[str]) -> bool:
    """Tell whether the first row of a table names its columns.

    It does if it holds a usual name and nothing that could not be one, or if it has a word of its own above a column of
    few values that recur.

    Args:
        first: The first row.
        rest: The following rows, as many as were looked at.
        known: Names that a header is likely to hold, in the form of `normal_name`.
    """
    if len(first) > 1 and list(first) == [str(index) for index in range(len(first))]:
        return not any(all(cell.strip().isdigit() for cell in row) for row in rest)
    cells = [cell.strip() for cell in first]
    if not all(not cell or _NAME.fullmatch(cell) for cell in cells):
        return False
    if any(len(cell.split()) > 4 for cell in cells):
        return False
    below = [[row[at].strip() for row in rest if at < len(row)] for at in range(len(cells))]
    if any(normal_name(cell) in known and cell not in values for cell, values in zip(cells, below, strict=True)):
        return True
    if len(cells) < 2 or len(set(cells)) < len(cells) or len(rest) < _FEW_ROWS:
        return False
    return any(_names_a_class_column(cell, values) for cell, values in zip(cells, below, strict=True))


def _names_a_class_column(name: str, values: Sequence[str]) -> bool:
    counts = Counter(values)
    return 2 <= len(counts) <= len(values) // 4 and min(counts.values()) > 1 and name not in counts


def column_names(first: Sequence[str], path: Path) -> tuple[str, ...]:
    """Return the names in a header; an empty one becomes `column 3`, by its place.

    Raises:
        UserError: Two columns have one name.
    """
    names = [cell.strip() or f"column {place}" for place, cell in enumerate(first, start=1)]
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise UserError(f"two columns are named `{twice[0]}`", where=path, line=1, fix="rename one of them")
    return tuple(names)
