"""Which split of a data set is for training, validation and testing: as the user says, else by their names."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nlpsuite.errors import UserError
from nlpsuite.tasks.splits import SPLIT_WORDS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from nlpsuite.hub.request import DataRequest

FILES = {"train": "train.jsonl", "valid": "validation.jsonl", "test": "test.jsonl"}
SHOWN = {"train": "training", "valid": "validation", "test": "test"}


@dataclass(frozen=True, slots=True)
class Part:
    """A run of rows of a split.

    Attributes:
        split: The split.
        start: The first row.
        stop: The row after the last; None: to the end.
    """

    split: str
    start: int = 0
    stop: int | None = None


def choose_splits(names: Sequence[str], request: DataRequest) -> dict[str, str]:
    """Return what is read for training, validation and testing, as names or slices; what is not there is left out.

    Args:
        names: The data set's splits.
        request: May say which.

    Raises:
        UserError: A split that is asked for is not there, or there is none to train on, or none to score.
    """
    said: dict[str, str] = dict(request.splits)
    for spec in said.values():
        for name in _named(spec):
            if name not in names:
                raise _no_split(name, names, request.where)
    taken = {name for spec in said.values() for name in _named(spec)}
    found = {role: _find(names, role, taken) or "" for role in FILES if role not in said}
    chosen = {role: spec for role in FILES if (spec := (found | said).get(role, ""))}
    if not request.scores:
        if request.purpose == "text" and "train" in chosen:
            chosen.pop("test", None)
        if "train" not in chosen and len(names) == 1 and not chosen and not said:
            chosen["train"] = names[0]
        if "train" not in chosen:
            fix = "say which is, with --splits train=NAME"
            raise UserError(f"no split for training among {_shown(names)}", where=request.where, fix=fix)
        return chosen
    scored = [role for role in ("test", "valid") if role in chosen]
    if not scored and len(names) == 1 and not said:
        return {"test": names[0]}
    if not scored:
        what, fix = f"no test or validation split among {_shown(names)}", "say which to read, with --splits test=NAME"
        raise UserError(what, where=request.where, fix=fix)
    return {role: chosen[role] for role in scored}


def parts_of(spec: str, sizes: Mapping[str, int | None], where: str) -> list[Part]:
    """Return the rows that a slice such as `train[:1000]`, `train[10%:20%]` or `train+validation` means.

    Args:
        spec: A split or slice, as the library `datasets` writes it.
        sizes: Rows by split; None where they are not known.
        where: The data set, for errors.

    Raises:
        UserError: It is no slice, or the number of rows would have to be known and is not.
    """
    if spec in sizes:
        return [Part(spec)]
    from datasets import ReadInstruction

    unknown = [name for name in _named(spec) if sizes.get(name) is None]
    if unknown and re.search(r"%|\[\s*-|:\s*-", spec):
        what = f"`{spec}` needs the number of rows of `{unknown[0]}`, which the data set does not say"
        raise UserError(what, where=where, fix="count rows from the front, such as train[:1000]")
    endless = 1 << 60
    try:
        found = ReadInstruction.from_spec(spec).to_absolute(
            {name: endless if size is None else size for name, size in sizes.items()}
        )
    except (ValueError, AssertionError) as error:
        fix = "write it like train[:1000], train[10%:20%] or train+validation"
        raise UserError(f"`{spec}` is no split ({str(error).splitlines()[0]})", where=where, fix=fix) from None
    return [Part(each.splitname, each.from_, None if each.to >= endless else each.to) for each in found]


def not_used(names: Sequence[str], chosen: Mapping[str, str]) -> list[str]:
    """Return the splits that nothing is read of."""
    used = {name for spec in chosen.values() for name in _named(spec)}
    return [name for name in names if name not in used]


def _named(spec: str) -> list[str]:
    return [part.partition("[")[0].strip() for part in spec.split("+") if part.strip()]


def _find(names: Sequence[str], role: str, taken: set[str]) -> str | None:
    """Return the split named after a role, else the first with the role's word in its name; none that is taken already."""
    words = SPLIT_WORDS[role]
    exact = [name for name in names if name.casefold() in words]
    found = exact or [name for name in names if _roles_in(name) == {role}]
    return next((name for name in found if name not in taken), None)


def _roles_in(name: str) -> set[str]:
    parts = re.split(r"[^a-z]+", name.casefold())
    return {role for role, words in SPLIT_WORDS.items() if any(word in parts for word in words)}


def _no_split(name: str, names: Sequence[str], where: str) -> UserError:
    near = difflib.get_close_matches(name, names, n=1)
    known = f"there is {_shown(names)}"
    return UserError(f"no split `{name}`", where=where, fix=f"did you mean `{near[0]}`? {known}" if near else known)


def _shown(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names[:12]) + (" ..." if len(names) > 12 else "")
