"""Whether what is asked for is the run that was stopped: shared by the commands that can go on with one."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from nlpsuite.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from nlpsuite.config import Settings


def is_stopped_run(out: Path) -> bool:
    """Whether a folder holds a run that has saved its state and is not finished."""
    from nlpsuite.training.checkpoints import has_checkpoint

    return has_checkpoint(out / "checkpoints") and not is_finished_run(out)


def is_finished_run(out: Path) -> bool:
    """Whether a folder holds a run that has written its figures, which is the last thing it does."""
    return os.path.isfile(out / "metrics.json")


def check_same(
    before: Settings, wanted: Settings, free: Collection[str], out: Path, *, found: Collection[str] = ()
) -> None:
    """Check that two runs have the same settings.

    Args:
        before: Those of the stopped run.
        wanted: Those asked for.
        free: Names that may differ.
        out: The run's folder, for errors.
        found: Names of settings that a run finds out where they are not set.

    Raises:
        UserError: One differs.
    """
    old, new = before.model_dump(mode="json"), wanted.model_dump(mode="json")
    if name := _differs(without(old, *free), without(new, *free), found):
        fix = "leave it out, or start a new run in another --out"
        raise UserError(f"setting `{name}` differs from the stopped run's", where=out, fix=fix)


def without(values: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """Return a mapping without some of its keys."""
    return {name: value for name, value in values.items() if name not in names}


def _differs(old: Mapping[str, Any], new: Mapping[str, Any], found: Collection[str], inside: str = "") -> str | None:
    """Return the full name of a setting that is not the same in both."""
    for name in {**old, **new}:
        one, other = old.get(name), new.get(name)
        if isinstance(one, dict) and isinstance(other, dict):
            if inner := _differs(one, other, found, f"{inside}{name}."):
                return inner
        elif one != other and not (other is None and name in found):
            return f"{inside}{name}"
    return None
