"""Data sets by name as text to learn a language from: each becomes a folder of JSON Lines, read like a user's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nlpsuite.hub.names import is_named

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nlpsuite.report import Reporter


def with_data_sets_read(patterns: Sequence[str], *, field: str, rows: int | None, report: Reporter) -> list[str]:
    """Return what names text, with a folder in the place of each data set's name.

    Args:
        patterns: Files, folders, globs, `-`, or names such as `hf:ORG/NAME`.
        field: The column that holds the text; the others are not read.
        rows: The most training rows of each data set, its first ones; None: all.
        report: Told what is read.

    Raises:
        UserError: A data set or its column is not there, or the hub cannot be reached.
    """
    if not any(map(is_named, patterns)):
        return list(patterns)
    from nlpsuite.hub.folder import data_folder
    from nlpsuite.hub.request import request

    return [
        str(data_folder(request(each, "text", {field: field}, {}, rows), report)) if is_named(each) else each
        for each in patterns
    ]
