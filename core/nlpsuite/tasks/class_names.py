"""Names for numbered classes, from a `classes.txt` beside the data, as AG News has one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nlpsuite.errors import UserError
from nlpsuite.tasks.lines import file_lines

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

FILES = ("classes.txt", "labels.txt")


def find_class_names(folder: Path, labels: Collection[str]) -> dict[str, str]:
    """Return the name of each label, if a file in the folder lists as many different names as there are numbered labels.

    The labels must be 1 to N or 0 to N - 1, and the file must have N lines.

    Args:
        folder: Where the training data is.
        labels: Its labels.
    """
    if not labels or not all(label.isdecimal() for label in labels):
        return {}
    numbers = sorted({int(label) for label in labels})
    if len(numbers) != len(labels) or numbers not in (
        list(range(1, len(numbers) + 1)),
        list(range(len(numbers))),
    ):
        return {}
    for file in FILES:
        try:
            names = [line.strip() for line in file_lines(folder / file)]
        except UserError:
            continue
        names = names[:-1] if names and not names[-1] else names
        if len(names) == len(numbers) and len(set(names)) == len(names) and all(names):
            return {str(number): name for number, name in zip(numbers, names, strict=True)}
    return {}
