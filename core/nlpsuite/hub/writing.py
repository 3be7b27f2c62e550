"""Writes the rows of a split as JSON Lines; rows that nothing can be learned from are counted and left out."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from nlpsuite.hub.columns import Reading
    from nlpsuite.report import Progress

_EVERY = 1000


@dataclass(slots=True)
class Account:
    """What became of the rows of a split.

    Attributes:
        kept: Rows written.
        blank: Rows without any text, left out.
        unlabelled: Rows without a label among others that have one, left out.
        labelled: Whether any row has a label; None where no column is named for labels.
    """

    kept: int = 0
    blank: int = 0
    unlabelled: int = 0
    labelled: bool | None = None


def write_rows(
    rows: Iterable[Mapping[str, Any]], reading: Reading, path: Path, *, every: bool, limit: int | None, bar: Progress
) -> Account:
    """Write rows to a new file.

    Args:
        rows: As JSON values.
        reading: Says which of their values are text, and which a label.
        path: The file.
        every: Whether every row is kept, as for a prediction of each.
        limit: Stop after so many.
        bar: Told how many were read.

    Returns:
        What became of them. Where no row has a label, all are kept.
    """
    account, bare = Account(), path.with_suffix(".bare")
    labels = reading.label is not None
    numbers_say_none = True
    seen = 0
    with path.open("w", encoding="utf-8") as file, bare.open("w", encoding="utf-8") as unlabelled:
        for seen, row in enumerate(rows, start=1):
            label = row.get(reading.label or "")
            numbers_say_none = numbers_say_none and label == -1
            if not every and not any(has_text(row[name]) for name in reading.texts):
                account.blank += 1
            elif not every and labels and label is None:
                account.unlabelled += 1
                unlabelled.write(json.dumps(row, ensure_ascii=False) + "\n")
            else:
                account.kept += 1
                file.write(json.dumps(row, ensure_ascii=False) + "\n")
            if seen % _EVERY == 0:
                bar.update(seen)
            if account.kept == limit:
                break
        bar.update(seen)
    if labels:
        account.labelled = account.kept > 0 and not numbers_say_none
    if not account.kept and account.unlabelled:
        bare.replace(path)
        account.kept, account.unlabelled = account.unlabelled, 0
    bare.unlink(missing_ok=True)
    return account


def has_text(value: Any) -> bool:
    """Whether any text stands in a JSON value that is not blank."""
    if isinstance(value, str):
        return bool(value.strip())
    if isinstance(value, dict):
        return any(map(has_text, value.values()))
    return isinstance(value, list) and any(map(has_text, value))
