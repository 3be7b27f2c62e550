"""Rows of running text and of prompts with completions, from files, folders and lines."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from nlpsuite.api import (
    Row,
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
from nlpsuite_generation.columns import choose_columns, id_column, known_names
from nlpsuite_generation.records import Place, chat_row, pair_row

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from nlpsuite.api import Reporter, Split, Table, TextRow
    from nlpsuite_generation import GenerationSettings

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
                text = "".join(file_lines(file)).replace("\r\n", "\n").rstrip("\r\n")
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
        identity, need = id_column(table, columns), split != "predict"
        empty = answered = 0
        for record in table:
            place, values = Place(table.path, record.line), record.values
            own = None if identity is None else values.get(identity)
            inputs = {} if own is None else {"id": own}
            if columns.chat:
                row, answers = chat_row(values, columns.prompt[0], place, need=need)
                answered += answers > 1
                yield replace(row, inputs=inputs | dict(row.inputs))
            elif columns.running:
                text = place.text(values, columns.prompt[0])
                if not text.strip():
                    empty += 1
                    continue
                for piece in piece_rows(text, number, self._settings.row_characters, str(place)):
                    yield replace(piece, inputs=inputs | dict(piece.inputs))
                number += 1
            else:
                row = pair_row(values, columns, place, need=need)
                yield replace(row, inputs=inputs | dict(row.inputs))
        self._report.left_out(empty, "rows with an empty text", str(table.path))
        if answered and need:
            what = (
                "1 chat has several answers, of which"
                if answered == 1
                else f"{answered:,} chats have several answers, of which"
            )
            self._report.warn(f"{table.path}: {what} the last is the completion and the others are part of the prompt")


def _is_plain(path: Path) -> bool:
    if data_suffix(path) in _TABLES:
        return False
    return not is_json_object(next((line for line in file_lines(path) if line.strip()), ""))
