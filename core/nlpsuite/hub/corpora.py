"""Data sets by name as text to learn a language from: each becomes files of JSON Lines, read like a user's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nlpsuite.errors import UserError
from nlpsuite.hub.names import is_named, parse_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from nlpsuite.report import Reporter


def with_data_sets_read(
    patterns: Sequence[str], *, field: str, rows: int | None, splits: Mapping[str, str], report: Reporter
) -> list[str]:
    """Return what names text, with files in the place of each data set's name.

    Args:
        patterns: Files, folders, globs, `-`, or names such as `hf:ORG/NAME`.
        field: The column that holds the text; the others are not read.
        rows: The most rows of each split, its first ones with text; None: all.
        splits: The data sets' split, or a slice of it, by `train` and `valid`; empty for none.
        report: Told what is read.

    Raises:
        UserError: A data set or its column is not there, the hub cannot be reached, or rows and splits are chosen of files.
    """
    _check(patterns, rows=rows, splits=splits)
    if not any(map(is_named, patterns)):
        return list(patterns)
    from nlpsuite.hub.folder import data_folder
    from nlpsuite.hub.request import request
    from nlpsuite.hub.splits import FILES

    found = []
    for each in patterns:
        if not is_named(each):
            found.append(each)
            continue
        folder = data_folder(request(each, "text", {field: field}, splits, rows), report)
        found += [str(path) for name in FILES.values() if (path := folder / name).is_file()]
    return found


def _check(patterns: Sequence[str], *, rows: int | None, splits: Mapping[str, str]) -> None:
    """Refuse what can be seen to be wrong before anything is read."""
    named = [parse_name(each) for each in patterns if is_named(each)]
    for flag, value in (("--rows", rows), ("--splits", splits)):
        if value and not named:
            fix = "leave it out, or name a data set, such as hf:ORG/NAME"
            raise UserError(f"{flag} is of data sets by name, and none is named", where=" ".join(patterns), fix=fix)
    if other := [role for role in splits if role not in ("train", "valid")]:
        raise UserError(f"text is read for train and valid, not for `{other[0]}`", where="--splits", fix="leave it out")
