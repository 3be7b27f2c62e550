"""All checks in order, and which of them an author leaves out, with a reason."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

from nlpsuite.errors import UserError
from nlpsuite.testing import declaration, learning, predicting, reading, scoring

if TYPE_CHECKING:
    from pathlib import Path

CHECKS = (*declaration.CHECKS, *reading.CHECKS, *learning.CHECKS, *predicting.CHECKS, *scoring.CHECKS)
SKIPS = "skip.toml"
_FEWEST_WORDS = 3


def read_skips(cases: Path) -> dict[str, str]:
    """Return the reasons of the checks that an author leaves out: lines `check = "reason"` in `check/skip.toml`.

    Args:
        cases: The folder of files that the author adds for the checks; it need not exist.

    Raises:
        UserError: The file is not valid, names no check, or gives no reason.
    """
    path = cases / SKIPS
    if not path.is_file():
        return {}
    try:
        skips = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"not valid TOML: {error}", where=path, fix="correct the file") from None
    names = [check.name for check in CHECKS]
    for name, reason in skips.items():
        if name not in names:
            raise UserError(f"no check is called `{name}`", where=path, fix=f"the checks are {', '.join(names)}")
        if not isinstance(reason, str) or len(reason.split()) < _FEWEST_WORDS:
            raise UserError(f"the check `{name}` is left out without a reason", where=path, fix="write a sentence")
    return skips
