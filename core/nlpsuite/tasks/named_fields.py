"""Rows whose columns the task knows by name: the shortest way for a plugin to read every usual format.

CSV or TSV with a header, JSON Lines, a JSON array or Parquet, plain or compressed; where there is but one input and no target to
read, also plain text, one a line. A cell that is not as it should be is refused with its file and line.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from nlpsuite.errors import UserError
from nlpsuite.tasks.char_spans import refuse_half_characters
from nlpsuite.tasks.columns import ID_NAMES
from nlpsuite.tasks.examples import with_examples
from nlpsuite.tasks.headers import normal_name
from nlpsuite.tasks.lines import file_lines
from nlpsuite.tasks.tables import Record, data_suffix, is_json_object, parse_json_object, read_table
from nlpsuite.tasks.task import Row, strings_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from nlpsuite.report import Reporter
    from nlpsuite.tasks.task import Split

    Parse = Callable[[Any], Any]


def text_cell(value: Any) -> str:
    """Return a cell that must hold text.

    Raises:
        ValueError: It does not.
    """
    if not isinstance(value, str) or not value.strip():
        raise ValueError("must be text")
    return value


def words_cell(value: Any) -> list[str]:
    """Return a cell that must hold words: a list of strings, or in CSV and TSV words with spaces between them.

    Raises:
        ValueError: It does not.
    """
    words = value.split() if isinstance(value, str) else value
    if not isinstance(words, list) or not words or not all(isinstance(word, str) and word for word in words):
        raise ValueError("must be a list of words")
    return words


class NamedFields:
    """Reads the rows of a task whose columns have fixed names.

    Args:
        inputs: The names of the inputs, and what makes a value of a cell of each; it raises ValueError with what is wrong.
        target: The name of the column with what is to be learned; None where nothing is.
        parse_target: What makes a value of a cell of it.
        examples: Two rows as strings, for error messages.
    """

    def __init__(
        self,
        inputs: Mapping[str, Parse],
        target: str | None,
        parse_target: Parse,
        examples: Sequence[Mapping[str, str]],
    ):
        self._inputs, self._target, self._parse_target = dict(inputs), target, parse_target
        self._examples = examples

    @property
    def _columns(self) -> tuple[str, ...]:
        return (*self._inputs, *([] if self._target is None else [self._target]))

    def read(self, source: Path, split: Split, report: Reporter) -> Iterator[Row]:
        """Read a file; `Task.read` may return this.

        A target is needed in training and validation rows; test rows may lack it, and rows to predict mostly do. A column `id` is
        handed on as an input, and given back with predictions.

        Args:
            source: The file.
            split: What the rows are for.
            report: Told of columns that are not used, and of blank lines.

        Raises:
            UserError: The file or a row is not as it should be, with file and line.
        """
        if source.is_dir():
            raise UserError("a folder where a file is needed", where=source, fix="name one of its files")
        rows = self._rows_of(source, split, report)
        return with_examples(rows, self._examples, data_suffix(source))

    def read_lines(self, lines: Iterable[str], where: str, report: Reporter) -> Iterator[Row]:
        """Read rows to predict as they stream in: JSON Lines or, where there is one input, plain text.

        Raises:
            UserError: A line is not as it should be.
        """
        return with_examples(self._stream(lines, where, report), self._examples, ".jsonl")

    def _rows_of(self, source: Path, split: Split, report: Reporter) -> Iterator[Row]:
        plain = len(self._inputs) == 1 and (split == "predict" or self._target is None)
        if plain and data_suffix(source) == ".txt" and not self._has_header(source):
            yield from self._stream(file_lines(source), str(source), report)
            return
        table = read_table(source, known={normal_name(name) for name in self._columns})
        unused = [
            name for name in table.columns if normal_name(name) not in map(normal_name, (*self._columns, *ID_NAMES))
        ]
        if unused:
            report.say(f"{source.name}: not used: {', '.join(f'`{name}`' for name in unused[:10])}")
        for record in table:
            yield self._row(record, str(table.path), needed=split in ("train", "valid"))

    def _has_header(self, source: Path) -> bool:
        """Whether the first line names the input and other columns, so that the file is a table whatever it is called."""
        first = next((line for line in file_lines(source) if line.strip()), "").removeprefix("\ufeff")
        wanted = {normal_name(name) for name in self._columns}
        return len(wanted) > 1 and any(
            wanted <= {normal_name(cell) for cell in first.split(delimiter)} for delimiter in "\t,;|"
        )

    def _stream(self, lines: Iterable[str], where: str, report: Reporter) -> Iterator[Row]:
        blank = 0
        for number, line in enumerate(lines, start=1):
            text = line.rstrip("\r\n")
            if not text.strip():
                blank += 1
            elif is_json_object(text) or len(self._inputs) > 1:
                yield self._row(Record(parse_json_object(text, where, number), number), where, needed=False)
            else:
                (name,) = self._inputs
                yield self._row(Record({name: text}, number), where, needed=False)
        report.left_out(blank, "blank line" + "s" * (blank > 1), where)

    def _row(self, record: Record, where: str, *, needed: bool) -> Row:
        by_name = {normal_name(column): column for column in reversed(list(record.values))}
        inputs = {name: self._cell(record, name, parse, by_name, where) for name, parse in self._inputs.items()}
        for name in ID_NAMES:
            if name in by_name and name not in self._columns:
                inputs.setdefault("id", record.values[by_name[name]])
        target = None
        if self._target is not None and (
            needed or not _is_empty(record.values.get(self._column(self._target, by_name)))
        ):
            target = self._cell(record, self._target, self._parse_target, by_name, where)
        return Row(inputs, target, f"{where}:{record.line}")

    @staticmethod
    def _column(name: str, by_name: Mapping[str, str]) -> str:
        return by_name.get(normal_name(name), name)

    def _cell(self, record: Record, name: str, parse: Parse, by_name: Mapping[str, str], where: str) -> Any:
        column = self._column(name, by_name)
        if column not in record.values:
            shown = ", ".join(f"`{each}`" for each in record.values)
            fix = f"name the columns {', '.join(self._columns)}"
            raise UserError(f"no `{name}`; the row has {shown}", where=where, line=record.line, fix=fix)
        value = record.values[column]
        for text in strings_in(value):
            refuse_half_characters(text, where, record.line, name)
        try:
            return parse(value)
        except ValueError as error:
            what = f"`{name}` {' '.join(str(error).split())}, and it is {_shown(value)}"
            raise UserError(what, where=where, line=record.line, fix="correct the row or take it out") from None


def _is_empty(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else text[:60] + "..."
