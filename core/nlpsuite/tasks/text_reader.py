"""Reads the rows of text classification: tables, folders, plain lines; and remembers what the training file was like."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from nlpsuite.tasks.class_names import find_class_names
from nlpsuite.tasks.columns import ColumnChoice, Columns, choose_columns
from nlpsuite.tasks.label_cells import LabelForm, find_form, label_name
from nlpsuite.tasks.lines import file_lines
from nlpsuite.tasks.tables import delimited_table, is_json, json_table
from nlpsuite.tasks.text_folders import folder_rows
from nlpsuite.tasks.text_rows import (
    describe,
    header_delimiter,
    header_doubt,
    is_blank_row,
    is_half_blank,
    is_plain_text,
    open_table,
    peek,
    plain_rows,
    table_rows,
    tabs_in_lines,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from nlpsuite.report import Reporter
    from nlpsuite.tasks.tables import Table
    from nlpsuite.tasks.task import Row, Split
    from nlpsuite.tasks.text_settings import TextClassificationSettings


class TextReader:
    """Reads rows with inputs `text`, and `text_pair` in pairs; the target is a label name, or a tuple of them.

    A row that has an `id` keeps it among its inputs, so that it comes back with the prediction.

    Args:
        settings: What the user set of columns and labels.
        report: Told what was found.

    Attributes:
        several: Whether rows have several labels, or none; known once training rows are read.
        names: Names of numbered labels, by the number; in the order of the classes.
    """

    def __init__(self, settings: TextClassificationSettings, report: Reporter):
        self._settings, self._report = settings, report
        self._columns: Columns | None = None
        self._form: LabelForm | None = None
        # Of a training file without header: as many fields, set apart by tabs, tell one like it from plain text.
        self._fields = 0
        self.names: dict[str, str] = {}

    @property
    def several(self) -> bool:
        """Whether a row may have several labels, or none."""
        return bool(self._settings.several) if self._form is None else self._form.several

    def read(self, source: Path, split: Split) -> Iterator[Row]:
        """Yield the rows of a file or folder; for split `predict` they need no labels.

        Raises:
            UserError: A row is not as it should be, with file and line.
        """
        yield from self._count_blank(self._read(source, split), str(source))

    def read_lines(self, lines: Iterable[str], where: str) -> Iterator[Row]:
        """Yield rows to predict as lines stream in.

        They are JSON if the first line is, a table if it is the header of one with the texts that the task was trained on,
        else plain text.
        """
        yield from self._count_blank(self._read_lines(lines, where), where)

    def _read(self, source: Path, split: Split) -> Iterator[Row]:
        if source.is_dir():
            yield from folder_rows(source, self._report, need_label=split != "predict")
        elif split == "predict" and is_plain_text(source) and not self._is_like_training(source):
            yield from self._read_lines(file_lines(source), str(source))
        else:
            table = open_table(source, self._choice(), self._settings.header)
            yield from self._table(table, split)

    def _is_like_training(self, source: Path) -> bool:
        """Whether plain lines are rows such as those of the training file, their labels among them."""
        if self._fields < 2 or self._fields - 1 not in (tabs := tabs_in_lines(source)):
            return False
        if len(tabs) == 1:
            return True
        some = "some lines, not all, have as many tabs as rows of the training file, and lines are read as plain text"
        self._report.warn(f"{source}: {some}: labels in them too")
        return False

    def _read_lines(self, lines: Iterable[str], where: str) -> Iterator[Row]:
        first, everything = peek(lines)
        if is_json(first):
            yield from self._table(json_table(Path(where), everything, look=1), "predict")
            return
        delimiter = None if self._settings.header is False else header_delimiter(first, self._columns)
        if delimiter is not None:
            self._report.say(f"{where}: the first line names columns, so this is read as a table")
            # Of a stream, the header and the row after it are all that is waited for.
            table = delimited_table(Path(where), everything, delimiter, header=True, look=2)
            yield from self._table(table, "predict")
            return
        pairs = self._columns is not None and self._columns.pair is not None
        self._report.say(f"{where}: plain text, {'two texts' if pairs else 'one text'} a line")
        yield from plain_rows(everything, where, pairs=pairs)

    def _table(self, table: Table, split: Split) -> Iterator[Row]:
        need = split != "predict"
        columns = choose_columns(table, self._choice(), need_label=need)
        form = self._form
        if form is None or split == "train":
            form = find_form(table, columns, self._settings.several, self._settings.labels_separator)
        if split == "train":
            self._columns, self._form, self.names = columns, form, self._named(table, columns, form)
            self._fields = len(table.columns) if table.kind == "TSV" and not table.named else 0
        self._report.say(describe(table, columns, form))
        if split == "train" and self._settings.header is None and (doubt := header_doubt(table, columns)):
            self._report.warn(doubt)
        yield from table_rows(table, columns, form, self.names, need_label=need)

    def _named(self, table: Table, columns: Columns, form: LabelForm) -> dict[str, str]:
        if columns.label is None or form.several:
            return {}
        first = label_name(table.look(1)[0].values.get(columns.label), table.path, 1)
        if first is None or not first.isdecimal():
            return {}
        values = {record.values.get(columns.label) for record in table.look(None)}
        labels = {name for value in values if (name := label_name(value, table.path, 1)) is not None}
        names = find_class_names(table.path.parent, labels)
        if names:
            shown = ", ".join(f"{label} {name}" for label, name in [*names.items()][:10])
            self._report.say(f"{table.path}: classes are named as beside the file: {shown}")
        return names

    def _choice(self) -> ColumnChoice:
        settings = self._settings
        return ColumnChoice(_several(settings.text), _several(settings.label), settings.text_pair, self._columns)

    def _count_blank(self, rows: Iterator[Row], where: str) -> Iterator[Row]:
        blank = half = 0
        first_blank = first_half = ""
        try:
            for row in rows:
                if is_blank_row(row.inputs):
                    blank, first_blank = blank + 1, first_blank or row.where
                elif is_half_blank(row.inputs):
                    half, first_half = half + 1, first_half or row.where
                yield row
        finally:
            if blank:
                text = "1 text is" if blank == 1 else f"{blank} texts are"
                self._report.warn(
                    f"{where}: {text} empty, the first at {first_blank}; labels of empty texts mean nothing"
                )
            if half:
                pair = "1 pair has" if half == 1 else f"{half} pairs have"
                self._report.warn(f"{where}: {pair} nothing on one side, the first at {first_half}")

    def state(self) -> dict[str, Any]:
        """Return what was found in the training file, as JSON values."""
        columns, form = self._columns, self._form
        return {
            "columns": None
            if columns is None
            else {
                "text": list(columns.text),
                "label": columns.label,
                "pair": columns.pair,
                "flags": list(columns.flags),
            },
            "form": None if form is None else {"several": form.several, "separator": form.separator},
            "class_names": dict(self.names),
            "fields": self._fields,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what `state` returned."""
        columns, form = state["columns"], state["form"]
        self._columns = None
        if columns is not None:
            self._columns = Columns(tuple(columns["text"]), columns["label"], columns["pair"], tuple(columns["flags"]))
        self._form = None if form is None else LabelForm(form["several"], form["separator"])
        self.names = dict(state["class_names"])
        # Models of before this was kept know nothing of it.
        self._fields = state.get("fields", 0)


def _several(value: str | int | tuple[str | int, ...] | None) -> tuple[str | int, ...]:
    return () if value is None else value if isinstance(value, tuple) else (value,)
