"""Rows of a source and its translation: from parallel files, tables, or lines as they stream in."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nlpsuite.api import (
    Row,
    UserError,
    choose_direction,
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
    refuse_half_characters,
    split_name,
)
from nlpsuite_translation.columns import (
    KNOWN_NAMES,
    PairColumns,
    Wanted,
    check_languages,
    check_set,
    choose_columns,
    first_two,
    id_column,
)
from nlpsuite_translation.formats import bar_table, is_delimited, is_table, siblings
from nlpsuite_translation.languages import check_language, english_first, find_language, in_languages
from nlpsuite_translation.layout import Layout

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from nlpsuite.api import Direction, Reporter, Split, SplitFiles, Table
    from nlpsuite_translation import TranslationSettings


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
        if split == "train":
            self.layout = Layout()
        pair = self._pair(path, split)
        if pair is not None:
            yield from self._parallel(*pair, split)
        elif (bars := bar_table(path)) is not None:
            yield from self._table_rows(bars, split)
        elif split == "predict" and not is_table(path):
            self._check_suffix(path)
            yield from self.stream(file_lines(path), str(path))
        elif split_name(path) is not None and not is_table(path):
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

    @property
    def _asked(self) -> bool:
        """Whether the settings say which columns or files to read, rather than what the training data was like."""
        now = self._settings.source, self._settings.target
        return not self.layout.known or (now != (None, None) and now != self.layout.asked)

    def _direction(self, languages: Iterable[str], where: Path, first: str | None = None) -> Direction:
        known, settings, trained = english_first(languages), self._settings, self.layout.direction
        if not self._asked:
            model = self.layout.languages
            found = None if model is None else in_languages(known, model, where)
            if found is not None:
                return found
            if trained is not None and {trained.source, trained.target} <= set(known):
                return trained
        if settings.source is None and settings.target is None and first is not None and len(known) == 2:
            return choose_direction(known, first, None, where)
        return choose_direction(known, _name(settings.source), _name(settings.target), where)

    def _check_suffix(self, path: Path) -> None:
        """Refuse plain text whose suffix names another language than the model's source."""
        named, model = split_name(path), self.layout.languages
        if named is not None and model is not None and not self._asked:
            check_language(named[1], model.source, model, path)

    def _pair(self, path: Path, split: Split) -> tuple[Path, Path, Direction] | None:
        """Return source file, target file and direction of the pair that a file is of, or None."""
        named = None if is_table(path) else split_name(path)
        if named is None:
            return None
        found = [name for name in siblings(path) if partner(path, name) is not None]
        model = None if self._asked else self.layout.languages
        if len(found) < 2 or (split == "predict" and model is not None and find_language(found, model.target) is None):
            # To predict, a file beside it in a language that the model does not write is of no use.
            return None
        # A file that is named is the source, unless the training data or a setting says otherwise.
        direction = self._direction(found, path, first=named[1])
        source, target = partner(path, direction.source), partner(path, direction.target)
        return None if source is None or target is None else (source, target, direction)

    def _parallel(self, source: Path, target: Path, direction: Direction, split: Split) -> Iterator[Row]:
        self._report.say(f"{source} and {target.name}: parallel lines, {direction}")
        if split == "train":
            self._learn(direction=direction)
        pairs = ((f"{source}:{number}", one, other, None) for number, one, other in paired_lines(source, target))
        yield from self._checked(pairs, split, str(source))

    def _open(self, path: Path, need_target: bool) -> Table:
        settings = self._settings
        names = {normal_name(str(name)) for name in (settings.source, settings.target) if name is not None}
        table = read_table(path, known=KNOWN_NAMES | names, header=settings.header)
        header = table.named and is_delimited(table) and settings.header is None
        if header and choose_columns(table, self._wanted(), need_target=need_target) is None:
            # A first row such as `No` and `Nein` has a name that could be a language's; that alone makes no header.
            table = read_table(path, known=names, header=False)
        return table

    def _wanted(self) -> Wanted:
        source, target, layout = self._settings.source, self._settings.target, self.layout
        return Wanted(source, target) if self._asked else Wanted(source, target, layout.columns, layout.languages)

    def _learn(self, **found: Any) -> None:
        self.layout = replace(self.layout, **found, asked=(self._settings.source, self._settings.target))

    def _columns(self, table: Table, *, need_target: bool) -> PairColumns:
        """Return the columns to read, and say what was decided of them."""
        wanted, passed_over = self._wanted(), None
        if self._asked:
            check_set(table, wanted, need_target=need_target)
        columns = choose_columns(table, wanted, need_target=need_target)
        if columns is None:
            columns, passed_over = first_two(table, need_target=need_target)
        check_languages(columns, wanted.model, table)
        header = "" if table.named and not is_delimited(table) else f" with{'' if table.named else 'out'} header"
        ignored = f"; {passed_over} holds attributions and is not used" if passed_over else ""
        self._report.say(f"{table.path}: {table.kind}{header}; {columns}{ignored}")
        if wanted.model is not None and not table.named and columns.target is not None:
            taken = (
                f"{columns.source} is taken for `{wanted.model.source}`, {columns.target} for `{wanted.model.target}`"
            )
            self._report.warn(
                f"{table.path}: no header, so {taken}; the other way with --set task.source=2 task.target=1"
            )
        return columns

    def _table_rows(self, table: Table, split: Split) -> Iterator[Row]:
        columns = self._columns(table, need_target=split != "predict")
        if split == "train":
            self._learn(columns=columns)
        identity = id_column(table, columns)

        def pairs() -> Iterator[tuple[str, str, str | None, Any]]:
            for record in table:
                one, other = columns.texts(record.values)
                where = f"{table.path}:{record.line}"
                for name, value in (("source", one), ("target", other)):
                    if not isinstance(value, str | None):
                        what = f"the {name} is not a string but {type(value).__name__}"
                        raise UserError(what, where=table.path, line=record.line, fix="give each text as one string")
                    refuse_half_characters(value or "", table.path, record.line)
                yield where, one or "", other, None if identity is None else record.values.get(identity)

        yield from self._checked(pairs(), split, str(table.path))

    def _checked(self, pairs: Iterable[tuple[str, str, str | None, Any]], split: Split, where: str) -> Iterator[Row]:
        """Yield rows; pairs with an empty side are an error or left out, but for those to predict."""
        nothing = one_sided = blank = 0
        for place, source, target, identity in pairs:
            inputs = {"source": source} if identity is None else {"id": identity, "source": source}
            empty, bare = not source.strip(), target is None or not target.strip()
            if split == "predict":
                blank += empty
                yield Row(inputs, None if bare else target, place)
            elif empty and bare:
                nothing += 1
            elif not (empty or bare):
                yield Row(inputs, target, place)
            elif self._settings.empty == "skip":
                one_sided += 1
            else:
                file, _, line = place.rpartition(":")
                what = f"a pair whose {'source' if empty else 'target'} is empty"
                fix = "fill it in, take both lines out, or leave such pairs out with --set task.empty=skip"
                raise UserError(what, where=file, line=int(line), fix=fix)
        self._say_blank(blank, where)
        self._report.left_out(nothing, "pairs with both sides empty", where)
        self._report.left_out(one_sided, "pairs with one side empty", where)

    def _say_blank(self, blank: int, where: str) -> None:
        if blank:
            self._report.say(f"{where}: {blank} empty source{'s have' if blank > 1 else ' has'} an empty translation")


def _name(value: str | int | None) -> str | None:
    return None if value is None else str(value)
