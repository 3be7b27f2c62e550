"""Writing whole or not at all: names for what is not whole yet, replacement by renaming, and errors that say where."""

from __future__ import annotations

import errno
import json
import os
import secrets
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from nlpsuite.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def temporary_name(name: str) -> str:
    """Return a name that no other process uses for what becomes `name` when it is whole."""
    return f".{name}.{secrets.token_hex(4)}.tmp"


def temporary_pattern() -> str:
    """Return a glob pattern that all temporary names match, and hardly any other."""
    return f".*.{'[0-9a-f]' * 8}.tmp"


@contextmanager
def writing_to(place: Path) -> Iterator[None]:
    """Give the errors of writing a place.

    Raises:
        UserError: The place cannot be written to.
        OSError: The disk is full; its file name is the place.
    """
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise OSError(error.errno, error.strerror, str(place)) from None
        raise UserError(f"cannot be written ({error.strerror})", where=place, fix="give another folder") from None


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary name in the same folder; on leaving, it takes the place of `path`, or vanishes on an error."""
    temporary = path.with_name(temporary_name(path.name))
    try:
        yield temporary
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_text(path: Path, text: str) -> None:
    """Write a text file whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: Path, data: Any) -> None:
    """Write a JSON file whole or not at all."""
    write_text(path, json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def check_space(path: Path, needed: float) -> None:
    """Check that the disk under `path` has room.

    Raises:
        UserError: It has less than `needed` bytes.
    """
    free = shutil.disk_usage(path).free
    if free < needed:
        raise UserError(
            f"the disk has {free / 1e6:,.0f} MB free and the run needs {needed / 1e6:,.0f} MB",
            where=path,
            fix="free some space or give --out on another disk",
        )
