"""Questions with their contexts, from any format that is read; which one it is, is found by looking."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nlpsuite.api import UserError, data_suffix, file_lines, json_table, read_table
from nlpsuite_qa.answers import Repairs
from nlpsuite_qa.rows import KNOWN_NAMES, RowMaker, Shared
from nlpsuite_qa.squad import FORM, is_squad, squad_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from nlpsuite.api import Reporter, Row, Split, Table

EXAMPLES = (
    {"question": "Who built the mill?", "context": "The mill was built by Anna Berg in 1871.", "answer": "Anna Berg"},
    {"question": "When was it built?", "context": "The mill was built by Anna Berg in 1871.", "answer": "1871"},
)
"""Rows as errors show them."""
_JSON, _TABLES = (".json", ".jsonl", ".ndjson"), (".tsv", ".csv")


def read_file(path: Path, split: Split, report: Reporter) -> Iterator[Row]:
    """Yield the rows of a file.

    Raises:
        UserError: A row is not as it should be, with file and line or the question's id.
    """
    repairs = Repairs()
    if path.is_dir():
        raise UserError("a folder where a file is expected", where=path, fix="name a file in it")
    yield from _rows(path, split, repairs, report)
    repairs.tell(str(path), report)


def _rows(path: Path, split: Split, repairs: Repairs, report: Reporter) -> Iterator[Row]:
    if data_suffix(path) == ".parquet":
        yield from _table_rows(read_table(path, known=KNOWN_NAMES), split, repairs, report)
        return
    lines = file_lines(path)
    first = next((line for line in lines if line.strip()), "")
    start = first.removeprefix("\ufeff").lstrip()
    if start.startswith(("{", "[")) and not _is_row(start):
        yield from _document_rows(path, split, repairs, report)
    elif start.startswith("{") or data_suffix(path) in _JSON:
        yield from _table_rows(json_table(path, file_lines(path)), split, repairs, report)
    elif split == "predict" and data_suffix(path) not in _TABLES and not _is_header(start):
        yield from tabbed_rows(file_lines(path), str(path), report)
    else:
        yield from _table_rows(_fields(path), split, repairs, report)


def _fields(path: Path) -> Table:
    table = read_table(path, known=KNOWN_NAMES)
    if not table.named:
        count = len(table.columns)
        if count not in (2, 3):
            what = f"{count} fields a row and no header"
            fix = "give question, context and answer, or a header with these names"
            raise UserError(what, where=path, line=1, fix=fix)
    return table


def _table_rows(table: Table, split: Split, repairs: Repairs, report: Reporter) -> Iterator[Row]:
    maker = RowMaker.of_table(table, split, repairs)
    report.say(f"{table.path}: {table.kind}; {maker.described}")
    for record in table:
        yield maker.row(record)


def _document_rows(path: Path, split: Split, repairs: Repairs, report: Reporter) -> Iterator[Row]:
    """Yield the rows of a file that is one JSON value: SQuAD's form, or a list of rows."""
    try:
        value: Any = json.loads("".join(file_lines(path)).removeprefix("\ufeff"))
    except (ValueError, RecursionError) as error:
        line = getattr(error, "lineno", None)
        raise UserError(f"not valid JSON ({error})", where=path, line=line, fix="export it again") from None
    if is_squad(value):
        report.say(f"{path}: SQuAD's JSON" + (f", version {value['version']}" if value.get("version") else ""))
        yield from squad_rows(value, path, split, repairs)
    elif isinstance(value, list) and all(isinstance(each, dict) for each in value) and value:
        columns = list(dict.fromkeys(name for each in value for name in each))
        maker = RowMaker(path, columns, split, repairs)
        report.say(f"{path}: a list of rows in JSON; {maker.described}")
        yield from maker.numbered(value)
    else:
        what = "JSON that is neither SQuAD's form nor rows"
        raise UserError(what, where=path, fix=FORM)


def _is_header(line: str) -> bool:
    return any(cell.strip().lower() in KNOWN_NAMES for cell in line.split("\t"))


def _is_row(line: str) -> bool:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) and not is_squad(value)


def read_stream(lines: Iterable[str], where: str, report: Reporter) -> Iterator[Row]:
    """Yield rows to predict as lines stream in: JSON Lines, or question and context with a tab between.

    Raises:
        UserError: A line is neither.
    """
    stream = iter(lines)
    held: list[str] = []
    for line in stream:
        held.append(line.removeprefix("\ufeff") if not held else line)
        if line.strip():
            break
    everything = itertools.chain(held, stream)
    if held and held[-1].lstrip().startswith("{"):
        table = json_table(Path(where), everything, look=1)
        maker = RowMaker.of_table(table, "predict", Repairs())
        yield from (maker.row(record) for record in table)
        return
    yield from tabbed_rows(everything, where, report)


def tabbed_rows(lines: Iterable[str], where: str, report: Reporter) -> Iterator[Row]:
    """Yield rows from lines of question, tab, context; blank lines are none, and are counted."""
    told, blank = False, 0
    shared = Shared()
    for number, line in enumerate(lines, start=1):
        text = (line.removeprefix("\ufeff") if number == 1 else line).removesuffix("\n").removesuffix("\r")
        if not text.strip():
            blank += 1
            continue
        question, tab, context = text.partition("\t")
        if not tab or "\t" in context:
            what = "no tab" if not tab else "more than one tab"
            fix = "a question needs the text to look for the answer in: question, tab, context, or JSON Lines"
            raise UserError(f"a line with {what} in it", where=where, line=number, fix=fix)
        if not told:
            report.say(f"{where}: a question and its context a line, with a tab between")
            told = True
        yield shared.row(question, context, None, None, f"{where}:{number}")
    if blank:
        report.warn(f"{where}: {blank} blank lines hold no question and get no prediction")
