"""Rows of a text and a label, from tables or lines of plain text."""

from __future__ import annotations

import itertools
import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nlpsuite.errors import UserError
from nlpsuite.tasks.columns import KNOWN_NAMES, TEXT_NAMES, choose_columns, join_texts
from nlpsuite.tasks.headers import normal_name
from nlpsuite.tasks.lines import file_lines
from nlpsuite.tasks.tables import Table, data_suffix, is_json_object, json_table, read_table
from nlpsuite.tasks.task import Row

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from nlpsuite.report import Reporter
    from nlpsuite.tasks.columns import ColumnChoice, Columns

_TABLES_BY_NAME = (".tsv", ".csv", ".jsonl", ".ndjson", ".json", ".parquet")


def open_table(path: Path, choice: ColumnChoice, header: bool | None) -> Table:
    """Open a table whose header may hold the names that the user set."""
    names = {normal_name(str(name)) for name in (*choice.text, choice.label) if name is not None}
    return read_table(path, known=KNOWN_NAMES | names, header=header)


def table_rows(
    table: Table, choice: ColumnChoice, report: Reporter, *, need_label: bool
) -> tuple[Columns, Iterator[Row]]:
    """Decide which columns hold text and label, say so, and return them with the rows.

    Args:
        table: The table.
        choice: What is set or known of its columns.
        report: Told what was decided.
        need_label: Whether each row must have a label and a text.

    Raises:
        UserError: The columns cannot be told; the rows raise it for a row that is not as it should be.
    """
    columns = choose_columns(table, choice, need_label=need_label)
    names = [f"`{name}`" for name in columns.text]
    label = f"labels in `{columns.label}`" if columns.label else "no labels"
    header = "" if table.kind in ("JSON Lines", "Parquet") else " with header" if table.named else " without header"
    unused = [f"`{name}`" for name in table.columns if name not in (*columns.text, columns.label)]
    ignored = f"; not used: {', '.join(unused)}" if unused else ""
    report.say(f"{table.path}: {table.kind}{header}; text in {' and '.join(names)}, {label}{ignored}")
    return columns, (_row(record.values, columns, table.path, record.line, need_label) for record in table)


def _row(values: Any, columns: Columns, path: Path, line: int, need_label: bool) -> Row:
    try:
        text = join_texts(values, columns)
        text.encode()
    except TypeError as error:
        what = f"the text is not a string but {error}"
        raise UserError(what, where=path, line=line, fix="give the text as one string") from None
    except UnicodeEncodeError as error:
        what = f"half a surrogate pair, \\u{ord(error.object[error.start]):x}, which stands for no character"
        raise UserError(what, where=path, line=line, fix="take it out") from None
    target = None if columns.label is None else _label_name(values.get(columns.label), path, line)
    if need_label and target is None:
        raise UserError("a row without a label", where=path, line=line, fix="give it a label or take it out")
    if need_label and not text.strip():
        raise UserError("a row with an empty text", where=path, line=line, fix="give it a text or take it out")
    return Row({"text": text}, target, f"{path}:{line}")


def _label_name(value: Any, path: Path, line: int) -> str | None:
    """Return a label as the file spells it, without spaces around it; None where there is none."""
    if isinstance(value, str):
        return value.strip() or None
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    what = f"the label is not a name or a number but {type(value).__name__}"
    raise UserError(what, where=path, line=line, fix="give each row one label")


def is_plain_text(path: Path) -> bool:
    """Tell whether a file to predict is one text a line: it has no table's suffix, no JSON, and no header of a table.

    Raises:
        UserError: The file cannot be read.
    """
    if data_suffix(path) in _TABLES_BY_NAME:
        return False
    line = next((line for line in file_lines(path) if line.strip()), "")
    header = "\t" in line and any(normal_name(cell) in TEXT_NAMES for cell in line.split("\t"))
    return not header and not is_json_object(line)


def stream_rows(lines: Iterable[str], where: str, choice: ColumnChoice, report: Reporter) -> Iterator[Row]:
    """Yield rows to predict as lines stream in.

    They are JSON Lines if the first line that is not blank is a JSON object; else plain text, where each line is a row,
    blank ones too.

    Raises:
        UserError: The lines are JSON without a text field, or a later one is not JSON.
    """
    stream = iter(lines)
    first: list[str] = []
    for line in stream:
        first.append(line if first else line.removeprefix("\ufeff"))
        if line.strip():
            break
    everything = itertools.chain(first, stream)
    if first and is_json_object(first[-1]):
        yield from table_rows(json_table(Path(where), everything, look=1), choice, report, need_label=False)[1]
        return
    report.say(f"{where}: plain text, one text a line")
    for number, line in enumerate(everything, start=1):
        yield Row({"text": line.removesuffix("\n").removesuffix("\r")}, None, f"{where}:{number}")
