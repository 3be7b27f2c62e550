"""Rows of a text, or a pair of texts, and its labels, from tables or lines of plain text."""

from __future__ import annotations

import contextlib
import itertools
import unicodedata
from collections import Counter
from typing import TYPE_CHECKING, Any

from nlpsuite.errors import UserError
from nlpsuite.tasks.char_spans import refuse_half_characters
from nlpsuite.tasks.columns import KNOWN_NAMES, TEXT_NAMES, Columns, id_column, join_texts
from nlpsuite.tasks.delimited import read_delimited
from nlpsuite.tasks.headers import normal_name
from nlpsuite.tasks.label_cells import LabelForm, read_target
from nlpsuite.tasks.lines import file_lines
from nlpsuite.tasks.row_problems import RowProblems
from nlpsuite.tasks.tables import Table, data_suffix, is_json, read_table
from nlpsuite.tasks.task import Row

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from nlpsuite.tasks.columns import ColumnChoice

_TABLES_BY_NAME = (".tsv", ".csv", ".jsonl", ".ndjson", ".json", ".parquet")
_LOOK = 1000
TEXT_INPUTS = ("text", "text_pair")
"""The inputs of a row that are text; others only come back with its prediction."""


def open_table(path: Path, choice: ColumnChoice, header: bool | None) -> Table:
    """Open a table whose header may hold the names that the user set, or that the training file has."""
    set_names = (*choice.text, *choice.label, choice.pair, *(choice.trained.used if choice.trained else ()))
    names = {normal_name(str(name)) for name in set_names if name is not None}
    return read_table(path, known=KNOWN_NAMES | names, header=header)


def describe(table: Table, columns: Columns, form: LabelForm) -> str:
    """Say what was decided of a table, in a line."""
    names = " and ".join(f"`{name}`" for name in columns.text)
    names += f", its pair in `{columns.pair}`" if columns.pair else ""
    if columns.flags:
        shown = ", ".join(f"`{name}`" for name in columns.flags[:5]) + (" ..." if len(columns.flags) > 5 else "")
        labels = f"labels are the columns of 0 and 1 {shown}"
    else:
        labels = f"labels in `{columns.label}`" if columns.label else "no labels"
    if form.several and columns.labelled:
        apart = f", set apart by `{form.separator}`" if form.separator and columns.label else ""
        labels += f", any number for a text{apart}"
    delimited = table.kind.startswith(("CSV", "TSV"))
    header = f" with{'' if table.named else 'out'} header" if delimited else ""
    own = id_column(table, columns)
    unused = [f"`{name}`" for name in table.columns if name not in columns.used and name != own]
    kept = f"; `{own}` comes back with predictions" if own else ""
    ignored = f"; not used: {', '.join(unused)}" if unused else ""
    return f"{table.path}: {table.kind}{header}; text in {names}, {labels}{kept}{ignored}"


def header_doubt(table: Table, columns: Columns) -> str | None:
    """Return a warning if the first row was taken for data, and its label is the only one that no other row has."""
    if table.named or columns.label is None:
        return None
    cells = [str(record.values.get(columns.label, "")).strip() for record in table.look(None)]
    counts = Counter(cells)
    alone = [cell for cell, count in counts.items() if count == 1]
    if len(counts) < 3 or alone != cells[:1]:
        return None
    what = f"the first row was read as data, but looks like a header: no other row has its label `{cells[0]}`"
    return f"{table.path}: {what}; if it is one, say --set task.header=true"


def table_rows(
    table: Table, columns: Columns, form: LabelForm, names: Mapping[str, str], *, need_label: bool
) -> Iterator[Row]:
    """Yield the rows of a table.

    Args:
        table: The table.
        columns: Which of its columns are read.
        form: How labels are written.
        names: Names of numbered labels.
        need_label: Whether each row must have labels and a text.

    Raises:
        UserError: A text is no text; or, at the end of the file, rows lack a label or a text, with their number.
    """
    problems = RowProblems(table.path)
    own = id_column(table, columns)
    for record in table:
        problems.count()
        text, line = _text(record.values, columns, table.path, record.line), record.line
        target = read_target(record.values, columns, form, table.path, line)
        inputs = {"text": text}
        if columns.pair is not None:
            inputs["text_pair"] = _text(record.values, Columns((columns.pair,)), table.path, line)
        if need_label and target is None:
            problems.note(line, "without a label", "give it a label or take it out")
            continue
        if need_label and is_blank_row(inputs):
            problems.note(line, "with an empty text", "give it a text or take it out")
            continue
        if names and target is not None:
            target = tuple(names.get(each, each) for each in target) if form.several else names.get(target, target)
        if own is not None:
            inputs |= _given_id(record.values.get(own), table.path, line)
        yield Row(inputs, target, f"{table.path}:{line}")
    problems.finish()


def _given_id(value: Any, path: Path, line: int) -> dict[str, Any]:
    if isinstance(value, str):
        refuse_half_characters(value, path, line)
    return {"id": value} if isinstance(value, str | int | float) else {}


def _text(values: Mapping[str, Any], columns: Columns, path: Path, line: int) -> str:
    try:
        text = join_texts(values, columns)
    except TypeError as error:
        what = f"the text is not a string but {error}"
        raise UserError(what, where=path, line=line, fix="give the text as one string") from None
    refuse_half_characters(text, path, line)
    return text


def is_blank_row(inputs: Mapping[str, Any]) -> bool:
    """Whether there is nothing to see in the text of a row, nor in the other text of a pair."""
    return all(is_blank(inputs[name]) for name in TEXT_INPUTS if name in inputs)


def is_half_blank(inputs: Mapping[str, Any]) -> bool:
    """Whether there is nothing to see in one text of a pair, and something in the other."""
    return "text_pair" in inputs and is_blank(inputs["text"]) != is_blank(inputs["text_pair"])


def is_blank(text: str) -> bool:
    """Whether a text has nothing to see: only spaces, control characters and marks without width."""
    return not text or all(each.isspace() or unicodedata.category(each)[0] in "CZ" for each in text)


def is_plain_text(path: Path) -> bool:
    """Tell whether a file to predict is one text a line: it has no table's suffix, no JSON, and no header of a table.

    Raises:
        UserError: The file cannot be read.
    """
    if data_suffix(path) in _TABLES_BY_NAME:
        return False
    line = next((line for line in file_lines(path) if line.strip()), "")
    header = "\t" in line and any(normal_name(cell) in TEXT_NAMES for cell in line.split("\t"))
    return not header and not is_json(line)


def tabs_in_lines(path: Path) -> set[int]:
    """Return the numbers of tabs that the first lines of a file have; blank lines have none that count."""
    found: set[int] = set()
    # A line that cannot be read is for the reader to refuse, after the rows before it.
    with contextlib.suppress(UserError):
        for line in itertools.islice((line for line in file_lines(path) if line.strip()), _LOOK):
            found.add(line.rstrip("\r\n").count("\t"))
    return found


def header_delimiter(line: str, trained: Columns | None) -> str | None:
    """Return what stands between the fields of a line of text that is the header of a table, or None if it is none.

    It is one if it names all texts that the task was trained on, beside other fields or alone; or if it has several fields
    and all are usual names, one of them that of a text.

    Args:
        line: The first line of what is to be predicted.
        trained: The columns of the training file.
    """
    wanted = set() if trained is None else {normal_name(name) for name in (*trained.text, trained.pair) if name}
    for delimiter in ("\t", ",", ";", "|"):
        try:
            (row,) = read_delimited([line], delimiter, "")
        except (UserError, ValueError):
            continue
        names = {normal_name(cell) for cell in row.fields}
        usual = names <= KNOWN_NAMES and not names.isdisjoint(TEXT_NAMES)
        if len(row.fields) > 1 and ((wanted and wanted <= names) or usual):
            return delimiter
    # Of one column, tabs would set fields apart: a comma in its texts does not.
    return "\t" if trained is not None and [line.strip()] == [*trained.text] and trained.pair is None else None


def plain_rows(lines: Iterable[str], where: str, *, pairs: bool) -> Iterator[Row]:
    """Yield a row for each line of plain text, blank ones too.

    Args:
        lines: The lines.
        where: Their file.
        pairs: Whether a line holds two texts with a tab between them.

    Raises:
        UserError: A line does not hold two texts, and should.
    """
    for number, line in enumerate(lines, start=1):
        text = line.removesuffix("\n").removesuffix("\r")
        inputs = {"text": text}
        if pairs:
            parts = text.split("\t")
            if len(parts) != 2:
                what = "the task is about pairs of texts, and the line is not two texts with a tab between them"
                raise UserError(what, where=where, line=number, fix="write TEXT<TAB>TEXT, or JSON Lines")
            inputs = {"text": parts[0], "text_pair": parts[1]}
        yield Row(inputs, None, f"{where}:{number}")


def peek(lines: Iterable[str]) -> tuple[str, Iterator[str]]:
    """Return the first line that is not blank, or an empty one, and all lines, taking no more of them than that."""
    stream = iter(lines)
    first: list[str] = []
    for line in stream:
        first.append(line if first else line.removeprefix("\ufeff"))
        if line.strip():
            break
    return (first[-1] if first else ""), itertools.chain(first, stream)
