"""Questions with their contexts, from any format that is read; which one it is, is found by looking."""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nlpsuite.api import UserError, data_suffix, file_lines, json_table, normal_name, read_table
from nlpsuite_qa.answers import Repairs
from nlpsuite_qa.columns import ColumnChoice, choose_columns
from nlpsuite_qa.rows import RowMaker, Shared, tell_blank
from nlpsuite_qa.squad import FORM, are_paragraphs, is_squad, squad_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from nlpsuite.api import Reporter, Row, Split, Table

EXAMPLES = (
    {"question": "Who built the mill?", "context": "The mill was built by Anna Berg in 1871.", "answer": "Anna Berg"},
    {"question": "When was it built?", "context": "The mill was built by Anna Berg in 1871.", "answer": "1871"},
)
"""Rows as errors show them."""
ASKED = tuple({name: row[name] for name in ("question", "context")} for row in EXAMPLES)
"""The same as rows to predict."""
_LOOK = 100
_JSON, _TABLES = (".json", ".jsonl", ".ndjson"), (".tsv", ".csv")


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads rows for one split.

    Attributes:
        split: What they are for.
        choice: The columns that the user set.
        report: Told what was found.
    """

    split: Split
    choice: ColumnChoice
    report: Reporter

    def file(self, path: Path) -> Iterator[Row]:
        """Yield the rows of a file.

        Raises:
            UserError: A row is not as it should be, with file and line or the question's id.
        """
        repairs = Repairs()
        if path.is_dir():
            raise UserError("a folder where a file is expected", where=path, fix="name a file in it")
        rows = self._rows(path, repairs)
        yield from tell_blank(rows, str(path), self.report) if self.split == "predict" else rows
        repairs.tell(str(path), self.report)

    def stream(self, lines: Iterable[str], where: str) -> Iterator[Row]:
        """Yield rows to predict as lines stream in: JSON Lines, or question and context with a tab between.

        Raises:
            UserError: A line is neither.
        """
        yield from tell_blank(self._stream(lines, where), where, self.report)

    def _rows(self, path: Path, repairs: Repairs) -> Iterator[Row]:
        if data_suffix(path) == ".parquet":
            yield from self._table(self._open(path), repairs)
            return
        lines = file_lines(path)
        first = next((line for line in lines if line.strip()), "")
        start = first.removeprefix("\ufeff").lstrip()
        if start.startswith(("{", "[")) and not _is_row(start):
            yield from self._document(path, repairs)
        elif start.startswith("{") or data_suffix(path) in _JSON:
            yield from self._table(json_table(path, file_lines(path)), repairs)
        elif self.split == "predict" and data_suffix(path) not in _TABLES and not self._is_table(path, start):
            yield from tabbed_rows(file_lines(path), str(path), self.report)
        else:
            yield from self._table(self._open(path), repairs)

    def _open(self, path: Path) -> Table:
        return read_table(path, known=self.choice.known_names(), header=self.choice.header)

    def _table(self, table: Table, repairs: Repairs) -> Iterator[Row]:
        need = self.split != "predict"
        columns = choose_columns(table.columns, self.choice, table.path, named=table.named, need_answer=need)
        self.report.say(f"{table.path}: {table.kind}; {columns.described}")
        maker = RowMaker(str(table.path), columns, self.split, repairs)
        yield from map(maker.row, table)

    def _document(self, path: Path, repairs: Repairs) -> Iterator[Row]:
        """Yield the rows of a file that is one JSON value: SQuAD's form, a list of its paragraphs, or a list of rows."""
        try:
            value: Any = json.loads("".join(file_lines(path)).removeprefix("\ufeff"))
        except (ValueError, RecursionError) as error:
            line = getattr(error, "lineno", None)
            raise UserError(f"not valid JSON ({error})", where=path, line=line, fix="export it again") from None
        if is_squad(value):
            self.report.say(f"{path}: SQuAD's JSON" + (f", version {value['version']}" if value.get("version") else ""))
            yield from squad_rows(value, path, self.split, repairs)
        elif are_paragraphs(value):
            self.report.say(f"{path}: a list of contexts with their questions in JSON")
            yield from squad_rows({"data": [{"paragraphs": value}]}, path, self.split, repairs)
        elif isinstance(value, list) and all(isinstance(each, dict) for each in value) and value:
            names = list(dict.fromkeys(name for each in value for name in each))
            need = self.split != "predict"
            columns = choose_columns(names, self.choice, path, named=True, need_answer=need)
            self.report.say(f"{path}: a list of rows in JSON; {columns.described}")
            yield from RowMaker(str(path), columns, self.split, repairs).numbered(value)
        else:
            raise UserError("JSON that is neither SQuAD's form nor rows", where=path, fix=FORM)

    def _is_table(self, path: Path, first: str) -> bool:
        """Whether lines are rows of a table: the first one names columns, or all end with answers out of their contexts."""
        known = self.choice.known_names()
        if self.choice.header or any(normal_name(cell) in known for cell in first.split("\t")):
            return True
        filled = (line.rstrip("\r\n").split("\t") for line in file_lines(path) if line.strip())
        return bool(first) and all(
            len(cells) == 3 and cells[2].strip() in cells[1] for cells in itertools.islice(filled, _LOOK)
        )

    def _stream(self, lines: Iterable[str], where: str) -> Iterator[Row]:
        stream = iter(lines)
        held: list[str] = []
        for line in stream:
            held.append(line.removeprefix("\ufeff") if not held else line)
            if line.strip():
                break
        everything = itertools.chain(held, stream)
        if held and held[-1].lstrip().startswith("{"):
            yield from self._table(json_table(Path(where), everything, look=1), Repairs())
        else:
            yield from tabbed_rows(everything, where, self.report)


def tabbed_rows(lines: Iterable[str], where: str, report: Reporter) -> Iterator[Row]:
    """Yield rows to predict from lines of question, tab, context; a blank line is a row with neither.

    Raises:
        UserError: There is no tab in a line, or more than one.
    """
    told = False
    shared = Shared("predict")
    for number, line in enumerate(lines, start=1):
        text = (line.removeprefix("\ufeff") if number == 1 else line).removesuffix("\n").removesuffix("\r")
        question, tab, context = text.partition("\t")
        if text.strip() and (not tab or "\t" in context):
            what = "no tab" if not tab else "more than one tab"
            fix = "a question needs the text to look for the answer in: question, tab, context, or JSON Lines"
            raise UserError(f"a line with {what} in it", where=where, line=number, fix=fix)
        if not told:
            report.say(f"{where}: a question and its context a line, with a tab between")
            told = True
        yield shared.row(question, context, None, None, f"{where}:{number}")


def _is_row(line: str) -> bool:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) and not is_squad(value)
