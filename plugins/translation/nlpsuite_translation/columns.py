"""Which columns of a table hold the source and the target: by setting, as in training, by name, or the first two."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nlpsuite.api import UserError, choose_direction, normal_name
from nlpsuite_translation.languages import (
    LANGUAGE_NAMES,
    NAMED_PAIRS,
    TEXT_NAMES,
    check_language,
    english_first,
    find_language,
    language_of,
    other_languages,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nlpsuite.api import Direction, Table

WITHIN = "translation"
"""The field that holds both texts by language in data of the HuggingFace hub."""
KNOWN_NAMES = frozenset((*(name for pair in NAMED_PAIRS for name in pair), WITHIN, *TEXT_NAMES, *LANGUAGE_NAMES))
_ATTRIBUTION = re.compile(r"(?i)\s*(cc[ -]?by|cc0|public domain|licen[cs]e|attribution|©|\(c\))")
"""How the third column of sentence pairs from Tatoeba begins, which names the licence and the authors."""


@dataclass(frozen=True, slots=True)
class PairColumns:
    """Where a record holds its two texts.

    Attributes:
        source: The column of the source.
        target: The column of the target, or None.
        within: The column whose value holds both by language, or None.
    """

    source: str
    target: str | None
    within: str | None = None

    def texts(self, values: Mapping[str, Any]) -> tuple[Any, Any]:
        """Return source and target of a record, None where there is none."""
        inner = values if self.within is None else values.get(self.within)
        if not isinstance(inner, dict):
            return None, None
        return inner.get(self.source), None if self.target is None else inner.get(self.target)

    def __str__(self) -> str:
        prefix = "" if self.within is None else f"{self.within}."
        target = "" if self.target is None else f" -> `{prefix}{self.target}`"
        return f"`{prefix}{self.source}`{target}"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is known of the columns before a table is looked at.

    Attributes:
        source: The column that the user asks for, by name or number, or None.
        target: The same of the target.
        trained: The columns of the training file, taken where this table has them, or None.
        model: The languages of the training data, or None.
    """

    source: str | int | None = None
    target: str | int | None = None
    trained: PairColumns | None = None
    model: Direction | None = None


def choose_columns(table: Table, wanted: Wanted, *, need_target: bool) -> PairColumns | None:
    """Decide which columns are read, or return None where names do not tell.

    Args:
        table: The table; its first records are looked at.
        wanted: What is known before.
        need_target: Whether the table must have targets.

    Raises:
        UserError: A column that is set is not there, there are several pairs, or they are in other languages.
    """
    columns, within = _fields(table)
    trained, model = wanted.trained, wanted.model
    if trained is not None and (trained.source in columns or trained.source in table.columns):
        inside = within if trained.source in columns and within is not None else None
        has_target = trained.target in (columns if inside is not None else table.columns)
        if has_target or not need_target:
            return PairColumns(trained.source, trained.target if has_target else None, inside)
    chosen = _by_language(columns, model, within)
    if chosen is None and (wanted.source is not None or wanted.target is not None):
        chosen = _as_set(columns, wanted.source, wanted.target, within)
    if chosen is not None and (chosen.target is not None or not need_target):
        return chosen
    return _by_name(table, columns, within, wanted, need_target=need_target)


def _by_name(
    table: Table, columns: list[str], within: str | None, wanted: Wanted, *, need_target: bool
) -> PairColumns | None:
    by_name = {normal_name(name): name for name in reversed(columns)}
    for one, other in NAMED_PAIRS:
        if one in by_name and (other in by_name or not need_target):
            return PairColumns(by_name[one], by_name.get(other), within)
    languages = english_first(name for name in columns if language_of(name))
    if len(languages) > 2:
        languages = [name for name in languages if normal_name(name) != "id"]
    if len(languages) >= 2:
        if wanted.model is not None:
            raise other_languages(languages, wanted.model, table.path)
        direction = choose_direction(languages, _name(wanted.source), _name(wanted.target), table.path)
        return PairColumns(direction.source, direction.target, within)
    if need_target:
        return None
    only = next((by_name[name] for name in TEXT_NAMES if name in by_name), None)
    if only is None and len(columns) == 1:
        only = columns[0]
    return None if only is None else PairColumns(only, None, within)


def check_set(table: Table, wanted: Wanted, *, need_target: bool) -> None:
    """Refuse a table that lacks a column that the user asks for; the target's only where there must be one.

    Raises:
        UserError: It does.
    """
    columns, _ = _fields(table)
    for setting, name in (("source", wanted.source), ("target", wanted.target if need_target else None)):
        if name is None or _resolve(columns, name) is not None:
            continue
        known = ", ".join(f"`{column}`" for column in columns)
        if table.named:
            what = f"no column `{name}`, which task.{setting} asks for"
            raise UserError(what, where=table.path, fix=f"there is {known}")
        what = f"no column `{name}`, which task.{setting} asks for: the file has no header, and {len(columns)} columns"
        fix = "give the columns' numbers, such as --set task.source=2 --set task.target=1"
        raise UserError(what, where=table.path, line=1, fix=fix)


def check_languages(columns: PairColumns, model: Direction | None, table: Table) -> None:
    """Refuse columns that name other languages than the model's.

    Raises:
        UserError: They do.
    """
    if model is not None:
        check_language(columns.source, model.source, model, table.path)
        if columns.target is not None:
            check_language(columns.target, model.target, model, table.path)


def first_two(table: Table, *, need_target: bool) -> tuple[PairColumns, str | None]:
    """Return the columns of a table whose names do not tell, two of them, the source first; and one that is passed over.

    Raises:
        UserError: There are more or fewer, but for a third column that holds attributions.
    """
    columns = table.columns
    if len(columns) == 2 or (len(columns) == 1 and not need_target):
        return PairColumns(columns[0], columns[1] if len(columns) == 2 else None), None
    if len(columns) == 3 and not table.named:
        third = [str(record.values.get(columns[2])) for record in table.look(100)]
        if all(map(_ATTRIBUTION.match, third)):
            return PairColumns(columns[0], columns[1]), columns[2]
    names = ", ".join(f"`{name}`" for name in columns)
    what = f"which of the columns {names} holds the source and which the target"
    fix = "name them, or give their numbers, with --set task.source=COLUMN --set task.target=COLUMN"
    raise UserError(f"cannot tell {what}", where=table.path, line=1, fix=fix)


def id_column(table: Table, columns: PairColumns) -> str | None:
    """Return the column of the rows' own ids, or None; `id` may also be Indonesian."""
    texts = () if columns.within is not None else (columns.source, columns.target)
    return next((name for name in table.columns if normal_name(name) == "id" and name not in texts), None)


def _fields(table: Table) -> tuple[list[str], str | None]:
    """Return the fields that may hold texts, and the column that they are in, if they are in one."""
    within = next((name for name in table.columns if normal_name(name) == WITHIN), None)
    if within is not None:
        inner: list[Any] = [record.values.get(within) for record in table.look(100)]
        if inner and all(isinstance(value, dict) for value in inner):
            return list(dict.fromkeys(name for value in inner for name in value)), within
    return list(table.columns), None


def _by_language(columns: list[str], model: Direction | None, within: str | None) -> PairColumns | None:
    if model is None or (source := find_language(columns, model.source)) is None:
        return None
    return PairColumns(source, find_language(columns, model.target), within)


def _as_set(
    columns: list[str], source: str | int | None, target: str | int | None, within: str | None
) -> PairColumns | None:
    one, other = _resolve(columns, source), _resolve(columns, target)
    if len(columns) == 2 and (one is None) != (other is None):
        # The language that is not set is the other one of two.
        rest = next(name for name in columns if name not in (one, other))
        one, other = (
            rest if one is None and source is None else one,
            rest if other is None and target is None else other,
        )
    return None if one is None else PairColumns(one, other, within)


def _resolve(columns: list[str], name: str | int | None) -> str | None:
    if name is None:
        return None
    for column in columns:
        if normal_name(column) == normal_name(str(name)):
            return column
    if str(name).isdecimal():
        return columns[int(name) - 1] if 1 <= int(name) <= len(columns) else None
    return find_language(columns, str(name)) if language_of(str(name)) else None


def _name(value: str | int | None) -> str | None:
    return None if value is None else str(value)
