"""Which columns of a table hold the source and the target: by setting, as in training, by name, or the first two."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nlpsuite.api import UserError, choose_direction, normal_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nlpsuite.api import Table

NAMED_PAIRS = (
    *(("source", "target"), ("src", "tgt"), ("src", "trg"), ("src", "dst"), ("source_text", "target_text")),
    *(("src_text", "tgt_text"), ("source_sentence", "target_sentence"), ("original", "translation")),
)
TEXT_NAMES = ("text", "sentence", "input")
WITHIN = "translation"
"""The field that holds both texts by language in data of the HuggingFace hub."""
_CODES = """
af am ar az be bg bn bs ca cs cy da de el en eo es et eu fa fi fr ga gl gu ha he hi hr hu hy id is
it ja jv ka kk km kn ko ku ky la lb lo lt lv mg mi mk ml mn mr ms my nb ne nl nn no oc pa pl ps pt
ro ru rw sd si sk sl so sq sr su sv sw ta te tg th tk tl tr tt ug uk ur uz vi wo xh yi yo zh zu eng
deu ger fra fre spa ita por nld rus zho jpn kor ara hin
"""
_LANGUAGES = """
english german french spanish italian portuguese dutch swedish danish norwegian finnish polish czech
russian ukrainian turkish greek arabic hebrew hindi chinese japanese korean vietnamese indonesian
deutsch
"""
CODES, LANGUAGES = frozenset(_CODES.split()), frozenset(_LANGUAGES.split())
"""Codes and names of languages, as columns are named."""
KNOWN_NAMES = frozenset((*(name for pair in NAMED_PAIRS for name in pair), WITHIN, *TEXT_NAMES, *CODES, *LANGUAGES))


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


def is_language(name: str) -> bool:
    """Whether a column's name names a language: `de`, `de_AT`, `zh-Hans`, `German`."""
    plain = normal_name(name)
    return plain in LANGUAGES or plain.split("_")[0] in CODES


def choose_columns(
    table: Table,
    source: str | int | None,
    target: str | int | None,
    trained: PairColumns | None,
    *,
    need_target: bool,
) -> PairColumns | None:
    """Decide which columns are read, or return None where names do not tell.

    Args:
        table: The table; its first records are looked at.
        source: The setting, or the language of the training files.
        target: The same of the target.
        trained: The columns of the training file, taken where this table has them.
        need_target: Whether the table must have targets.

    Raises:
        UserError: A column that is set is not there, or there are several pairs.
    """
    columns, within = _fields(table)
    if trained is not None and (trained.source in columns or trained.source in table.columns):
        inside = within if trained.source in columns and within is not None else None
        has_target = trained.target in (columns if inside is not None else table.columns)
        if has_target or not need_target:
            return PairColumns(trained.source, trained.target if has_target else None, inside)
    if source is not None or target is not None:
        chosen = _as_set(columns, source, target, within)
        if chosen is not None and (chosen.target is not None or not need_target):
            return chosen
    by_name = {normal_name(name): name for name in reversed(columns)}
    for one, other in NAMED_PAIRS:
        if one in by_name and (other in by_name or not need_target):
            return PairColumns(by_name[one], by_name.get(other), within)
    languages = [name for name in columns if is_language(name)]
    if len(languages) > 2:
        languages = [name for name in languages if normal_name(name) != "id"]
    if len(languages) >= 2:
        direction = choose_direction(languages, _name(source), _name(target), table.path)
        return PairColumns(direction.source, direction.target, within)
    if need_target:
        return None
    only = next((by_name[name] for name in TEXT_NAMES if name in by_name), None)
    if only is None and len(columns) == 1:
        only = columns[0]
    return None if only is None else PairColumns(only, None, within)


def first_two(table: Table, *, need_target: bool) -> PairColumns:
    """Return the columns of a table whose names do not tell: two of them, the source first.

    Raises:
        UserError: There are more or fewer.
    """
    columns = table.columns
    if len(columns) == 2 or (len(columns) == 1 and not need_target):
        return PairColumns(columns[0], columns[1] if len(columns) == 2 else None)
    names = ", ".join(f"`{name}`" for name in columns)
    what = f"which of the columns {names} holds the source and which the target"
    fix = "name them, or give their numbers, with --set task.source=COLUMN --set task.target=COLUMN"
    raise UserError(f"cannot tell {what}", where=table.path, line=1, fix=fix)


def _fields(table: Table) -> tuple[list[str], str | None]:
    """Return the fields that may hold texts, and the column that they are in, if they are in one."""
    within = next((name for name in table.columns if normal_name(name) == WITHIN), None)
    if within is not None:
        inner: list[Any] = [record.values.get(within) for record in table.look(100)]
        if inner and all(isinstance(value, dict) for value in inner):
            return list(dict.fromkeys(name for value in inner for name in value)), within
    return list(table.columns), None


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
    if str(name).isdecimal() and 1 <= int(name) <= len(columns):
        return columns[int(name) - 1]
    return None


def _name(value: str | int | None) -> str | None:
    return None if value is None else str(value)
