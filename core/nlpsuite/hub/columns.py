"""The columns of a data set: renamed as the user says, without those that hold no text or numbers."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nlpsuite.errors import UserError
from nlpsuite.hub.values import converter, described, holds_text, is_text, only_text
from nlpsuite.tasks.columns import ID_NAMES, LABEL_NAMES
from nlpsuite.tasks.headers import normal_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from nlpsuite.hub.request import DataRequest
    from nlpsuite.hub.values import Convert

_CERTAIN = ("label", "labels", "target", "gold_label")


@dataclass(frozen=True, slots=True)
class Reading:
    """How the rows of a split are read.

    Attributes:
        source: The column of the data set behind each name, and the fields inside it that lead to the value.
        convert: What makes JSON of the column's values.
        texts: The names whose values hold the row's text.
        label: The name of the labels, if one column is named for them.
        left_out: Columns that hold no text or numbers, with their kinds.
        shadowed: Columns whose names others have been given.
    """

    source: Mapping[str, tuple[str, tuple[str, ...]]]
    convert: Mapping[str, Convert]
    texts: tuple[str, ...]
    label: str | None
    left_out: Mapping[str, str]
    shadowed: tuple[str, ...] = ()

    @property
    def used(self) -> list[str]:
        """The columns of the data set that are read."""
        return list(dict.fromkeys(column for column, _ in self.source.values()))

    def row(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return a row as JSON values, by the new names."""
        made: dict[str, Any] = {}
        for name, (column, inside) in self.source.items():
            value = self.convert[column](values.get(column))
            for field in inside:
                value = value.get(field) if isinstance(value, dict) else None
            made[name] = value
        return made


def read_columns(features: Mapping[str, Any], renames: Mapping[str, str], where: str) -> Reading:
    """Decide how rows are read.

    Args:
        features: What `datasets` says of each column; None where it says nothing.
        renames: The column by the name it is to have; `a.b` is field `b` inside column `a`. Columns that are not in `features`
            are passed over: `check_names` complains of them.
        where: The data set, for errors.

    Raises:
        UserError: No column holds text.
    """
    made = {name: converter(feature) for name, feature in features.items()}
    convert = {name: each for name, each in made.items() if each is not None}
    left_out = {name: described(features[name]) for name in features if name not in convert}
    places = {new: place for new, old in renames.items() if (place := _place(old, features)) is not None}
    moved = {column for column, _ in places.values()}
    source: dict[str, tuple[str, tuple[str, ...]]] = {}
    for name in convert:
        source |= {new: place for new, place in places.items() if place[0] == name}
        if name not in moved and name not in places:
            source[name] = (name, ())
    for new, (column, _) in places.items():
        if column in left_out:
            what = f"column `{column}` holds {left_out[column]}, which is no text"
            raise UserError(what, where=where, fix=f"name another column as {new}")
    wordy = [name for name, (column, _) in source.items() if holds_text(features[column])]
    if not wordy:
        kinds = ", ".join(f"`{name}` ({described(feature)})" for name, feature in features.items())
        raise UserError(f"no column of text among {kinds}", where=where, fix="name a data set of text")
    label = _label({name: features[column] for name, (column, _) in source.items()})
    names = [name for name in wordy if name != label and normal_name(name) not in ID_NAMES]
    shadowed = tuple(name for name in convert if name in places and name not in moved)
    return Reading(source, convert, tuple(names or wordy), label, left_out, shadowed)


def read_text(features: Mapping[str, Any], request: DataRequest) -> Reading:
    """Decide how rows are read of which nothing but the text is wanted.

    Args:
        features: As `read_columns` has them.
        request: Says in `columns` where the text is.

    Raises:
        UserError: It is not text that is there.
    """
    source: dict[str, tuple[str, tuple[str, ...]]] = {}
    for new, old in request.columns.items():
        if (place := _place(old, features)) is None:
            continue
        kind = _kind(place, features)
        if not is_text(kind):
            wordy = ", ".join(f"`{name}`" for name, feature in features.items() if is_text(feature)) or "none"
            what = f"column `{old}` holds {described(kind)}, which is no text"
            fix = f"say with --field which one holds the text; columns of text: {wordy}"
            raise UserError(what, where=request.where, fix=fix)
        source[new] = place
    return Reading(source, {column: only_text for column, _ in source.values()}, tuple(source), None, {})


def check_names(columns: Sequence[str], features: Mapping[str, Any], request: DataRequest) -> None:
    """Refuse a name that no split has.

    Args:
        columns: All columns of the splits that are read.
        features: What is known of them.
        request: Which names are asked for.

    Raises:
        UserError: There is one.
    """
    for new, old in request.columns.items():
        if _place(old, features) is None:
            near = difflib.get_close_matches(old, columns, n=1)
            known = "columns: " + ", ".join(f"`{name}`" for name in columns)
            what = f"no column `{old}`, which --columns {new}={old} asks for"
            if request.purpose == "text":
                what, known = f"no column `{old}`", f"say with --field which one holds the text; {known}"
            raise UserError(what, where=request.where, fix=f"did you mean `{near[0]}`? {known}" if near else known)


def _place(name: str, features: Mapping[str, Any]) -> tuple[str, tuple[str, ...]] | None:
    """Return the column that a name means and the fields inside it, or None where there is none."""
    if name in features:
        return name, ()
    column, *inside = name.split(".")
    feature = features.get(column)
    if column not in features or not inside:
        return None
    for field in inside:
        if type(feature).__name__.startswith("Translation"):
            feature = dict.fromkeys(getattr(feature, "languages", ()) or ())
        if not isinstance(feature, dict) or field not in feature:
            return None
        feature = feature[field]
    return column, tuple(inside)


def _kind(place: tuple[str, tuple[str, ...]], features: Mapping[str, Any]) -> Any:
    """Return what is said of the values in a place; None where nothing is."""
    column, inside = place
    feature = features[column]
    for field in inside:
        feature = feature.get(field) if isinstance(feature, dict) else None
    return feature


def _label(features: Mapping[str, Any]) -> str | None:
    """Return the name of the labels: of numbered classes by any usual name, of other values by one that means nothing else."""
    by_name = {normal_name(name): name for name in reversed(list(features))}
    for usual in LABEL_NAMES:
        name = by_name.get(usual)
        if name is not None and (usual in _CERTAIN or type(features[name]).__name__ == "ClassLabel"):
            return name
    return None
