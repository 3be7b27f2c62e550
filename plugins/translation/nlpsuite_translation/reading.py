"""Rows of a source and its translation: from parallel files, tables, or lines as they stream in."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nlpsuite.api import (
    Direction,
    Row,
    UserError,
    choose_direction,
    data_suffix,
    file_lines,
    find_splits,
    is_json_object,
    json_table,
    languages_in,
    normal_name,
    paired_lines,
    parallel_splits,
    partner,
    read_table,
    split_name,
)
from nlpsuite_translation.columns import KNOWN_NAMES, PairColumns, choose_columns, first_two

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from nlpsuite.api import Reporter, Split, SplitFiles, Table
    from nlpsuite_translation import TranslationSettings

TABLES = (".tsv", ".csv", ".jsonl", ".ndjson", ".json", ".parquet")
_LOOK = 100


@dataclass(frozen=True, slots=True)
class Layout:
    """How the training data is laid out, so that later files are read in the same way.

    Attributes:
        direction: The languages of parallel files, or None.
        columns: The columns of a table, or None.
    """

    direction: Direction | None = None
    columns: PairColumns | None = None

    def to_state(self) -> dict[str, Any]:
        """Return it as JSON values."""
        one, two = self.direction, self.columns
        return {
            "direction": None if one is None else [one.source, one.target],
            "columns": None if two is None else [two.source, two.target, two.within],
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Layout:
        """Take back what `to_state` returned."""
        one, two = state["direction"], state["columns"]
        return cls(None if one is None else Direction(*one), None if two is None else PairColumns(*two))


class PairReader:
    """Reads rows with the input `source` and its translation as target.

    Args:
        settings: The task's settings.
        report: Told what was found and what was left out.

    Attributes:
        layout: How the training data is laid out; set by reading it.
    """

    def __init__(self, settings: TranslationSettings, report: Reporter):
        self._settings, self._report = settings, report
        self.layout = Layout()

    def splits(self, source: Path) -> SplitFiles:
        """Find the splits of a folder by name; of parallel files, the source file's path stands for the pair."""
        if source.is_dir() and (languages := languages_in(source)):
            return parallel_splits(source, self._direction(languages, source), self._settings.test)
        return find_splits(source)

    def read(self, path: Path, split: Split) -> Iterator[Row]:
        """Read one file of a split; beside a file of parallel text, its partner."""
        if not path.is_file():
            fix = "name a file, or a folder with train, val and test" if path.is_dir() else "check the path"
            raise UserError("no such file", where=path, fix=fix)
        pair = self._pair(path)
        if pair is not None:
            yield from self._parallel(*pair, split)
        elif split == "predict" and not _is_table(path):
            yield from self.stream(file_lines(path), str(path))
        elif split_name(path) is not None and not _is_table(path):
            what = "no file with the same lines in another language beside it"
            fix = "parallel files differ in their last suffix alone, such as train.en and train.de"
            raise UserError(what, where=path, fix=fix)
        else:
            yield from self._table_rows(self._open(path, split != "predict"), split)

    def stream(self, lines: Iterable[str], where: str) -> Iterator[Row]:
        """Yield rows to translate: JSON Lines if the first line that is not blank is an object, else a source a line."""
        stream = iter(lines)
        first: list[str] = []
        for line in stream:
            first.append(line if first else line.removeprefix("\ufeff"))
            if line.strip():
                break
        everything = itertools.chain(first, stream)
        if first and is_json_object(first[-1]):
            yield from self._table_rows(json_table(Path(where), everything, look=1), "predict")
            return
        self._report.say(f"{where}: plain text, one source a line")
        blank = 0
        for number, line in enumerate(everything, start=1):
            text = line.removesuffix("\n").removesuffix("\r")
            blank += not text.strip()
            yield Row({"source": text}, None, f"{where}:{number}")
        self._say_blank(blank, where)

    def _direction(self, languages: Iterable[str], where: Path, first: str | None = None) -> Direction:
        known, settings = list(languages), self._settings
        if settings.source is None and settings.target is None:
            if (trained := self.layout.direction) is not None and {trained.source, trained.target} <= set(known):
                return trained
            if first is not None and len(known) == 2:
                return choose_direction(known, first, None, where)
        return choose_direction(known, _name(settings.source), _name(settings.target), where)

    def _pair(self, path: Path) -> tuple[Path, Path, Direction] | None:
        """Return source file, target file and direction of the pair that a file is of, or None."""
        named = None if _is_table(path) else split_name(path)
        if named is None:
            return None
        found = [name for name in _siblings(path) if partner(path, name) is not None]
        if len(found) < 2:
            return None
        # A file that is named is the source, unless the training data or a setting says otherwise.
        direction = self._direction(found, path, first=named[1])
        source, target = partner(path, direction.source), partner(path, direction.target)
        return None if source is None or target is None else (source, target, direction)

    def _parallel(self, source: Path, target: Path, direction: Direction, split: Split) -> Iterator[Row]:
        self._report.say(f"{source} and {target.name}: parallel lines, {direction}")
        if split == "train":
            self.layout = replace(self.layout, direction=direction)
        pairs = ((f"{source}:{number}", one, other) for number, one, other in paired_lines(source, target))
        yield from self._checked(pairs, split, str(source))

    def _open(self, path: Path, need_target: bool) -> Table:
        settings = self._settings
        names = {normal_name(str(name)) for name in (settings.source, settings.target) if name is not None}
        table = read_table(path, known=KNOWN_NAMES | names, header=settings.header)
        delimited = table.named and table.kind not in ("JSON Lines", "Parquet")
        if delimited and settings.header is None and self._columns(table, need_target) is None:
            # A first row such as `No` and `Nein` has a name that could be a language's; that alone makes no header.
            table = read_table(path, known=names, header=False)
        return table

    def _columns(self, table: Table, need_target: bool) -> PairColumns | None:
        source, target = self._settings.source, self._settings.target
        direction, trained = self.layout.direction, self.layout.columns
        if source is None and target is None and direction is not None:
            source, target = direction.source, direction.target
        return choose_columns(table, source, target, trained, need_target=need_target)

    def _table_rows(self, table: Table, split: Split) -> Iterator[Row]:
        need_target = split != "predict"
        columns = self._columns(table, need_target) or first_two(table, need_target=need_target)
        header = "" if table.kind in ("JSON Lines", "Parquet") else " with header" if table.named else " without header"
        self._report.say(f"{table.path}: {table.kind}{header}; {columns}")
        if split == "train":
            self.layout = replace(self.layout, columns=columns)

        def pairs() -> Iterator[tuple[str, str, str | None]]:
            for record in table:
                one, other = columns.texts(record.values)
                where = f"{table.path}:{record.line}"
                for name, value in (("source", one), ("target", other)):
                    if not isinstance(value, str | None):
                        what = f"the {name} is not a string but {type(value).__name__}"
                        raise UserError(what, where=table.path, line=record.line, fix="give each text as one string")
                    _refuse_surrogates(value, table.path, record.line)
                yield where, one or "", other

        yield from self._checked(pairs(), split, str(table.path))

    def _checked(self, pairs: Iterable[tuple[str, str, str | None]], split: Split, where: str) -> Iterator[Row]:
        """Yield rows; pairs with an empty side are an error or left out, but for those to predict."""
        nothing = one_sided = blank = 0
        for place, source, target in pairs:
            empty, bare = not source.strip(), target is None or not target.strip()
            if split == "predict":
                blank += empty
                yield Row({"source": source}, None if bare else target, place)
            elif empty and bare:
                nothing += 1
            elif not (empty or bare):
                yield Row({"source": source}, target, place)
            elif self._settings.empty == "skip":
                one_sided += 1
            else:
                file, _, line = place.rpartition(":")
                what = f"a pair whose {'source' if empty else 'target'} is empty"
                fix = "fill it in, take both lines out, or leave such pairs out with --set task.empty=skip"
                raise UserError(what, where=file, line=int(line), fix=fix)
        self._say_blank(blank, where)
        if nothing or one_sided:
            self._report.warn(
                f"{where}: left out {nothing} pairs with both sides empty, {one_sided} with one side empty"
            )

    def _say_blank(self, blank: int, where: str) -> None:
        if blank:
            self._report.say(f"{where}: {blank} empty source{'s have' if blank > 1 else ' has'} an empty translation")


def _is_table(path: Path) -> bool:
    """Whether a file is a table: by its suffix; of another, where it holds JSON or each line has its tabs."""
    if data_suffix(path) in TABLES:
        return True
    if split_name(path) is not None:
        return False
    lines = [line for line in itertools.islice(file_lines(path), _LOOK) if line.strip()]
    tabs = {line.count("\t") for line in lines}
    return bool(lines) and (is_json_object(lines[0]) or (len(tabs) == 1 and 0 not in tabs))


def _siblings(path: Path) -> list[str]:
    """Return the languages of the files with this file's stem."""
    named = split_name(path)
    others = (split_name(other) for other in sorted(path.parent.iterdir()) if not other.name.startswith("."))
    return list(
        dict.fromkeys(other[1] for other in others if other is not None and named is not None and other[0] == named[0])
    )


def _refuse_surrogates(value: str | None, path: Path, line: int) -> None:
    try:
        (value or "").encode()
    except UnicodeEncodeError as error:
        what = f"half a surrogate pair, \\u{ord(error.object[error.start]):x}, which stands for no character"
        raise UserError(what, where=path, line=line, fix="take it out") from None


def _name(value: str | int | None) -> str | None:
    return None if value is None else str(value)
