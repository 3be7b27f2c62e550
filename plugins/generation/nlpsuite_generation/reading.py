"""Rows of running text and of prompts with completions, from files, folders and lines."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from nlpsuite.api import (
    Row,
    UserError,
    data_files,
    data_suffix,
    document_rows,
    file_lines,
    is_json_object,
    json_table,
    piece_rows,
    read_table,
    with_examples,
)
from nlpsuite_generation.columns import choose_columns, known_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from nlpsuite.api import Reporter, Split, Table, TextRow
    from nlpsuite_generation import GenerationSettings
    from nlpsuite_generation.columns import Columns

_TABLES = (".tsv", ".csv", ".jsonl", ".ndjson", ".json", ".parquet")


class Reader:
    """Reads rows of any format, found by looking.

    Args:
        settings: The task's settings.
        report: Told what was found.
    """

    examples: ClassVar[tuple[Mapping[str, str], Mapping[str, str]]] = (
        {"prompt": "What floats on water?", "completion": "Ice does, and most wood."},
        {"prompt": "Where do storks spend the winter?", "completion": "South of the Sahara."},
    )

    def __init__(self, settings: GenerationSettings, report: Reporter):
        self._settings, self._report = settings, report

    def read(self, source: Path, split: Split) -> Iterator[Row]:
        """Yield the rows of a file, or of the files in a folder.

        To predict, a plain-text file holds a prompt on each line; in a folder, each file is a prompt.

        Raises:
            UserError: There is no such file, or a row is not as it should be, with file and line.
        """
        files = data_files(source, self._report)
        plain = [file for file in files if _is_plain(file)]
        number = 0
        if split == "predict":
            yield from self._prompts(plain, whole=source.is_dir())
        elif plain:
            for document in self._documents(plain):
                number = document.document + 1
                yield document
        for file in files:
            if file not in plain:
                for row in self._table_file(file, split, number):
                    number = max(number, getattr(row, "document", -1) + 1)
                    yield row

    def read_lines(self, lines: Iterable[str], where: str) -> Iterator[Row]:
        """Yield prompts as lines stream in: JSON Lines if the first line that is not blank is, else one prompt a line."""
        stream = iter(lines)
        first: list[str] = []
        for line in stream:
            first.append(line if first else line.removeprefix("\ufeff"))
            if line.strip():
                break
        everything = itertools.chain(first, stream)
        if first and is_json_object(first[-1]):
            table = json_table(Path(where), everything, look=1)
            yield from with_examples(self._rows(table, "predict", 0), self.examples, ".jsonl")
            return
        self._report.say(f"{where}: plain text, one prompt a line")
        for number, line in enumerate(everything, start=1):
            yield Row({"prompt": line.removesuffix("\n").removesuffix("\r")}, None, f"{where}:{number}")

    def _documents(self, files: Sequence[Path]) -> Iterator[TextRow]:
        settings = self._settings
        return document_rows(files, documents=settings.documents, longest=settings.row_characters, report=self._report)

    def _prompts(self, files: Sequence[Path], *, whole: bool) -> Iterator[Row]:
        for file in files:
            if whole:
                text = "".join(file_lines(file)).rstrip("\r\n")
                yield Row({"prompt": text}, None, f"{file}:1")
            else:
                yield from self.read_lines(file_lines(file), str(file))

    def _table_file(self, path: Path, split: Split, number: int) -> Iterator[Row]:
        def rows() -> Iterator[Row]:
            table = read_table(path, known=known_names(self._settings), header=self._settings.header)
            yield from self._rows(table, split, number)

        return with_examples(rows(), self.examples, data_suffix(path))

    def _rows(self, table: Table, split: Split, number: int) -> Iterator[Row]:
        columns = choose_columns(table, self._settings, split)
        self._report.say(f"{table.path}: {table.kind}; {columns}")
        empty = 0
        for record in table:
            place = _Place(table.path, record.line)
            if columns.chat:
                yield _chat_row(record.values, columns, place, need=split != "predict")
            elif columns.running:
                text = place.text(record.values, columns.prompt[0])
                if not text.strip():
                    empty += 1
                    continue
                yield from piece_rows(text, number, self._settings.row_characters, str(place))
                number += 1
            else:
                yield _pair_row(record.values, columns, place, need=split != "predict")
        if empty:
            self._report.say(f"{table.path}: {empty:,} rows with an empty text are passed over")


class _Place:
    """Where a record is, for messages about what it holds."""

    def __init__(self, path: Path, line: int):
        self._path, self._line = path, line

    def __str__(self) -> str:
        return f"{self._path}:{self._line}"

    def error(self, what: str, fix: str) -> UserError:
        return UserError(what, where=self._path, line=self._line, fix=fix)

    def text(self, values: Mapping[str, Any], name: str) -> str:
        """Return a field's text; nothing where there is none.

        Raises:
            UserError: It is no text, or holds half a surrogate pair.
        """
        value = values.get(name)
        if value is None or (isinstance(value, float) and math.isnan(value)):
            return ""
        if isinstance(value, bool | int | float):
            value = json.dumps(value)
        if not isinstance(value, str):
            raise self.error(f"`{name}` is not a text but {type(value).__name__}", "give it as one string")
        try:
            value.encode()
        except UnicodeEncodeError as error:
            what = f"half a surrogate pair, \\u{ord(error.object[error.start]):x}, which stands for no character"
            raise self.error(what, "take it out") from None
        return value


def _is_plain(path: Path) -> bool:
    if data_suffix(path) in _TABLES:
        return False
    return not is_json_object(next((line for line in file_lines(path) if line.strip()), ""))


def _pair_row(values: Mapping[str, Any], columns: Columns, place: _Place, *, need: bool) -> Row:
    parts = [place.text(values, name) for name in columns.prompt]
    prompt = "\n".join([parts[0], *(part for part in parts[1:] if part.strip())])
    completion = "" if columns.completion is None else place.text(values, columns.completion)
    if need and not prompt.strip():
        raise place.error("a row with an empty prompt", "give it a prompt or take it out")
    if need and not completion.strip():
        raise place.error("a prompt without a completion", "give it a completion or take it out")
    return Row({"prompt": prompt}, completion if completion.strip() else None, str(place))


def _chat_row(values: Mapping[str, Any], columns: Columns, place: _Place, *, need: bool) -> Row:
    """Return the row of a chat: if an assistant has the last word, that is the completion."""
    messages = values.get(columns.prompt[0])
    if not isinstance(messages, list) or not all(isinstance(each, Mapping) for each in messages):
        fix = 'give each row a list like [{"role": "user", "content": "..."}, {"role": "assistant", "content": "..."}]'
        raise place.error(f"`{columns.prompt[0]}` is no list of messages", fix)
    texts = [place.text(each, "content") for each in messages]
    answered = bool(messages) and messages[-1].get("role") == "assistant"
    said = texts[:-1] if answered else texts
    if need and not (answered and texts[-1].strip()):
        raise place.error("a chat whose last message is not an assistant's", "end each chat with what is to be learned")
    if need and not any(text.strip() for text in said):
        raise place.error("a chat without a message before the assistant's", "give it a prompt or take it out")
    return Row({"prompt": "\n".join(said)}, texts[-1] if answered and texts[-1].strip() else None, str(place))
