"""What stands in a row's label: one label or several, in one cell, a list, or columns of 0 and 1."""

from __future__ import annotations

import ast
import json
import math
import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nlpsuite.errors import UserError
from nlpsuite.tasks.columns import is_flag

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from nlpsuite.tasks.columns import Columns
    from nlpsuite.tasks.tables import Table

SEPARATORS = ("|", ";", ",")
_LONGEST_LABEL = 40
_SIDE_BY_SIDE = re.compile(r"(?<=['\"])\s+(?=['\"])")


@dataclass(frozen=True, slots=True)
class LabelForm:
    """How labels are written.

    Attributes:
        several: Whether a row may have several labels, or none.
        separator: What stands between labels in one cell, or None.
    """

    several: bool = False
    separator: str | None = None


def find_form(table: Table, columns: Columns, several: bool | None, separator: str | None) -> LabelForm:
    """Find out whether rows have one label or several, by their lists, a separator, or columns of 0 and 1.

    A separator is one if labels that it gives recur in different company: `red|big`, `red|small`. A comma is more common in
    names, so there most of them must: classes named `Arts, Culture` and `Arts, Crafts` stay whole.

    Args:
        table: The training rows.
        columns: Its columns.
        several: What the user set, or None.
        separator: What the user set, or None.

    Raises:
        UserError: Both are set, and `several` is false.
    """
    if separator is not None:
        if several is False:
            what = "labels cannot be set apart where each row has one"
            fix = "leave one of task.several=false and task.labels_separator out"
            raise UserError(what, where="task.labels_separator", fix=fix)
        return LabelForm(True, separator)
    if several is False or not columns.labelled:
        return LabelForm()
    if columns.flags:
        # Columns of which each row has exactly one are classes spread out.
        sums = [sum(_flag(record.values.get(name)) for name in columns.flags) for record in table.look(None)]
        return LabelForm(several is True or any(total != 1 for total in sums))
    # All rows: a file may be sorted by its labels, or by how many there are.
    values = [_list_in(record.values.get(str(columns.label))) for record in table.look(None)]
    if any(isinstance(value, list) for value in values):
        return LabelForm(True)
    cells = [value.strip() for value in values if isinstance(value, str) and value.strip()]
    found = next((each for each in SEPARATORS if _separates(cells, each)), None)
    return LabelForm(several is True or found is not None, found)


def _list_in(value: Any) -> Any:
    """Return the list of labels that a cell of CSV spells out, as pandas writes one; else the value as it is.

    Of lists `['joy', 'anger']`, of arrays without commas `['joy' 'anger']`.
    """
    if not isinstance(value, str) or not (value.strip().startswith("[") and value.strip().endswith("]")):
        return value
    # Python would join strings with nothing between them.
    cell = _SIDE_BY_SIDE.sub(", ", value.strip())
    for parse in (json.loads, ast.literal_eval):
        try:
            found = parse(cell)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
        if isinstance(found, list) and all(isinstance(each, str | int | float) for each in found):
            return found
    return value


def _separates(cells: Sequence[str], separator: str) -> bool:
    company: defaultdict[str, set[str]] = defaultdict(set)
    for cell in set(cells):
        for part in split_labels(cell, separator):
            company[part].add(cell)
    if not any(separator in cell for cell in cells) or max(map(len, company), default=0) > _LONGEST_LABEL:
        return False
    recurring = sum(len(each) > 1 for each in company.values())
    if separator != ",":
        return recurring > 0
    return len(company) < len(set(cells)) and 2 * recurring > len(company)


def split_labels(cell: str, separator: str) -> list[str]:
    """Return the labels in a cell, each once, without spaces around them."""
    return list(dict.fromkeys(part for each in cell.split(separator) if (part := each.strip())))


def read_target(values: Mapping[str, Any], columns: Columns, form: LabelForm, path: Path, line: int) -> Any:
    """Return a row's label as the file spells it, or a tuple of labels; None where the row says nothing of them.

    Raises:
        UserError: The label is of no kind that can be one.
    """
    if columns.flags:
        if any(values.get(name) in (None, "") for name in columns.flags):
            return None
        wrong = next((name for name in columns.flags if not is_flag(values[name])), None)
        if wrong is not None:
            what = f"`{values[wrong]}` in column `{wrong}`, which holds 0 or 1 for its label"
            raise UserError(what, where=path, line=line, fix="write 0 or 1")
        names = tuple(name for name in columns.flags if _flag(values[name]))
        if form.several:
            return names
        if len(names) > 1:
            what = f"{len(names)} labels in a row, where training rows have one"
            raise UserError(what, where=path, line=line, fix="give each row one label, or set task.several=true")
        return names[0] if names else None
    value = None if columns.label is None else values.get(columns.label)
    if not form.several:
        return label_name(value, path, line)
    value = _list_in(value) if form.separator is None else value
    if isinstance(value, list):
        named = [label_name(each, path, line) for each in value]
        return tuple(dict.fromkeys(name for name in named if name is not None))
    if isinstance(value, str):
        return tuple(split_labels(value, form.separator) if form.separator else filter(None, [value.strip()]))
    name = label_name(value, path, line)
    return None if name is None else (name,)


def label_name(value: Any, path: Path, line: int) -> str | None:
    """Return a label as the file spells it, without spaces around it; None where there is none.

    A whole number is named alike whether JSON or Parquet hold it as `1` or `1.0`: a column with a gap becomes one of floats.

    Raises:
        UserError: It is no name or number.
    """
    if isinstance(value, str):
        return value.strip() or None
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, bool | int | float):
        return str(int(value)) if isinstance(value, float) and value.is_integer() else json.dumps(value)
    what = f"the label is not a name or a number but {type(value).__name__}"
    fix = "give each row one label, or set task.several=true" if isinstance(value, list) else "give each row one label"
    raise UserError(what, where=path, line=line, fix=fix)


def _flag(value: Any) -> bool:
    return is_flag(value) and float(value) == 1
