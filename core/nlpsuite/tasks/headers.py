"""Whether the first row of a table holds the names of its columns, and what these names are."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from nlpsuite.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

_FEW_ROWS = 8
"""In fewer rows than this, a label that occurs once may as well be a label as a name."""
_LONG_NAME, _MOST_WORDS = 80, 5
_NUMBER = re.compile(r"[+-]?[0-9]+([.,][0-9]+)*%?")
_DATE_WORDS = re.compile(
    r"(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|mon|tue|wed|thu|fri|sat|sun)[a-z]{0,6}"
    r"|am|pm|t|z|utc|gmt|[a-z]{1,3}t|年|月|日|时|時|分|秒|上午|下午|午前|午後"
)


def normal_name(name: str) -> str:
    """Return a column name in the form that names are compared in: `Review Text` and `review-text` as `review_text`."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name.strip())
    return re.sub(r"[\s_.-]+", "_", spaced).strip("_").casefold()


def is_header(first: Sequence[str], rest: Sequence[Sequence[str]], known: Collection[str]) -> bool:
    """Tell whether the first row of a table names its columns.

    Two usual names that do not recur in their columns decide it. One does, unless something else says that this is a row
    like the others: a value that recurs in its column, a number above numbers, a very long cell. Without a usual name,
    what is below decides: words above numbers or dates, or a word of its own above a column of values that all recur.

    Args:
        first: The first row.
        rest: The following rows, as many as were looked at.
        known: Names that a header is likely to hold, in the form of `normal_name`.
    """
    if len(first) > 1 and list(first) == [str(index) for index in range(len(first))]:
        return not any(all(cell.strip().isdigit() for cell in row) for row in rest)
    cells = [cell.strip() for cell in first]
    below = [[row[at].strip() for row in rest if at < len(row)] for at in range(len(cells))]
    columns = list(zip(cells, below, strict=True))
    usual = sum(normal_name(cell) in known and cell not in values for cell, values in columns)
    if usual > 1:
        return True
    if any(_is_like_those_below(cell, values) for cell, values in columns):
        return False
    if usual and max(map(len, cells)) <= _LONG_NAME:
        return True
    filled = [cell for cell in cells if cell]
    if len(cells) < 2 or len(set(filled)) < len(filled):
        return False
    if any(_differs_in_kind(cell, values) for cell, values in columns):
        return True
    names = all(len(cell) <= _LONG_NAME and len(cell.split()) <= _MOST_WORDS for cell in cells)
    return names and any(_names_classes(cell, values) for cell, values in columns)


def _is_like_those_below(cell: str, values: Sequence[str]) -> bool:
    return bool(cell) and (cell in values or (_is_value(cell) and any(map(_is_value, values))))


def _differs_in_kind(name: str, values: Sequence[str]) -> bool:
    """Whether words stand above numbers or dates, or a question above the few short answers to it."""
    filled = [value for value in values if value]
    if len(filled) > 1 and any(map(str.isalpha, name)) and not _is_value(name) and all(map(_is_value, filled)):
        return True
    longest = max((len(value.split()) for value in values), default=0)
    return _names_classes(name, values) and len(name.split()) > longest + 2 and len(name) > 2 * max(map(len, values))


def _names_classes(name: str, values: Sequence[str]) -> bool:
    counts = Counter(values)
    enough = len(values) >= _FEW_ROWS and 2 <= len(counts) <= len(values) // 4
    return enough and min(counts.values()) > 1 and bool(name) and name not in counts


def _is_value(cell: str) -> bool:
    """Whether a cell is a number, a date or a time."""
    if _NUMBER.fullmatch(cell):
        return True
    parts = re.findall(r"[0-9]+|[^\W\d_]+", cell.casefold())
    numbers = sum(part[0] in "0123456789" for part in parts)
    return numbers > 1 and all(part[0] in "0123456789" or _DATE_WORDS.fullmatch(part) for part in parts)


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
