"""Which of the user's files is for training, validation and testing; and a seeded split where there is but one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from nlpsuite.errors import UserError
from nlpsuite.tasks.tables import TABLE_SUFFIXES, data_suffix
from nlpsuite.tasks.task import SplitFiles

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence
    from pathlib import Path

    from nlpsuite.report import Reporter
    from nlpsuite.tasks.task import Row

SPLIT_WORDS = {
    "train": ("train", "training"),
    "valid": ("valid", "validation", "dev", "val"),
    "test": ("test", "testing"),
}


def find_splits(path: Path, suffixes: Sequence[str] = TABLE_SUFFIXES) -> SplitFiles:
    """Find train, validation and test by the names of the files or folders in `path`.

    A file, or a folder without such names that holds one file of data or folders named after labels, is training data.

    Args:
        path: The user's file or folder.
        suffixes: The suffixes that data files have for this task; compression is allowed after each.

    Raises:
        UserError: There is nothing at `path`, no training data in it, or two candidates for one split.
    """
    if path.is_file():
        return SplitFiles(train=path, notes=(f"{path.name}: one file, so validation and test rows are split off it",))
    if not path.is_dir():
        raise UserError("no such file or folder", where=path, fix="check the path")
    if any((path / name).is_file() for name in ("dataset_dict.json", "dataset_info.json")):
        fix = f"read it by name, with that library: hf:{path}"
        raise UserError("a data set that the library `datasets` has saved", where=path, fix=fix)
    entries = sorted(entry for entry in path.iterdir() if not entry.name.startswith("."))
    usable = [entry for entry in entries if entry.is_dir() or data_suffix(entry) in suffixes]
    found = {split: _one_of(path, split, usable) for split in SPLIT_WORDS}
    if found["train"] is None:
        return _without_names(path, usable, found, suffixes)
    notes = [f"{split}: {entry.name}" for split, entry in found.items() if entry is not None]
    unused = [entry.name for entry in entries if entry not in found.values()]
    if unused:
        more = f" and {len(unused) - 5} more" if len(unused) > 5 else ""
        notes.append("not used: " + ", ".join(unused[:5]) + more)
    return SplitFiles(found["train"], found["valid"], found["test"], tuple(notes))


def _one_of(path: Path, split: str, entries: Sequence[Path]) -> Path | None:
    """Return the entry named exactly after the split, else the one with the split's word in its name."""
    words = SPLIT_WORDS[split]
    exact = [entry for entry in entries if _stem(entry) in words]
    candidates = exact or [entry for entry in entries if _splits_in(entry) == {split}]
    if len(candidates) > 1:
        names = " and ".join(f"`{entry.name}`" for entry in candidates[:3])
        raise UserError(f"{names} are both {split} data", where=path, fix="keep one, or give a file with --data")
    return candidates[0] if candidates else None


def _stem(entry: Path) -> str:
    return entry.name.split(".")[0].casefold()


def _splits_in(entry: Path) -> set[str]:
    parts = re.split(r"[^a-z]+", entry.name.casefold())
    return {split for split, words in SPLIT_WORDS.items() if any(word in parts for word in words)}


def _without_names(
    path: Path, entries: Sequence[Path], found: dict[str, Path | None], suffixes: Sequence[str]
) -> SplitFiles:
    expected = "name them train, valid and test, for example train.tsv and test.tsv"
    if any(found.values()):
        others = ", ".join(f"`{entry.name}`" for entry in found.values() if entry is not None)
        raise UserError(f"no training data beside {others}", where=path, fix=expected)
    files = [entry for entry in entries if entry.is_file()]
    if any(entry.is_dir() for entry in entries):
        return SplitFiles(train=path, notes=(f"{path.name}: folders named after labels, all taken as training data",))
    if len(files) == 1:
        return SplitFiles(train=files[0], notes=(f"{files[0].name}: the only file, so other rows are split off it",))
    if not files:
        raise UserError("no data files in this folder", where=path, fix=f"data files end in {', '.join(suffixes)}")
    names = ", ".join(f"`{entry.name}`" for entry in files[:5])
    raise UserError(f"cannot tell which of {names} is training data", where=path, fix=expected)


def split_rows(rows: Sequence[Row], *, fraction: float, seed: int, report: Reporter) -> tuple[list[Row], list[Row]]:
    """Split rows in two, each in the order of `rows`; where targets are few, each target in the same share.

    Rows with the very same inputs stay on one side, so that nothing is tested on what it was trained on.

    Args:
        rows: At least two rows.
        fraction: The share of rows to hold out, between 0 and 1.
        seed: Which rows those are.
        report: Told how many.

    Returns:
        The rows kept and the rows held out, neither empty.

    Raises:
        UserError: There are too few rows to split.
    """
    groups: dict[str, list[int]] = {}
    for index, row in enumerate(rows):
        # Rows that differ in their `id` alone are the same.
        inputs = sorted((name, value) for name, value in row.inputs.items() if name != "id")
        groups.setdefault(repr(inputs), []).append(index)
    if len(groups) < 2:
        where = rows[0].where if rows else None
        raise UserError("too few different rows to hold some out", where=where, fix="give more rows")
    strata: dict[Hashable, list[list[int]]] = {}
    by_target = _targets_are_few(rows)
    for group in groups.values():
        strata.setdefault(rows[group[0]].target if by_target else None, []).append(group)
    held = _hold_out(list(strata.values()), fraction, np.random.default_rng(seed))
    kept = [row for index, row in enumerate(rows) if index not in held]
    out = [row for index, row in enumerate(rows) if index in held]
    how = ", in the same share of each label" if by_target else ""
    report.say(f"{len(out)} of {len(rows)} rows held out by seed {seed}{how}")
    return kept, out


def _targets_are_few(rows: Sequence[Row]) -> bool:
    try:
        return 1 < len({row.target for row in rows}) <= len(rows) / 2
    except TypeError:
        return False


def _hold_out(strata: Sequence[Sequence[Sequence[int]]], fraction: float, chance: np.random.Generator) -> set[int]:
    """Draw the share of each stratum's groups: at least one where it has two, never all."""
    held: set[int] = set()
    for groups in strata:
        count = min(len(groups) - 1, max(1, round(fraction * len(groups))))
        for place in chance.permutation(len(groups))[:count]:
            held.update(groups[place])
    if not held:
        held.update(strata[-1][0])
    return held
