"""Writing whole or not at all: names for what is not whole yet, and errors that say where."""

from __future__ import annotations

import errno
import secrets
from contextlib import contextmanager
from typing import TYPE_CHECKING

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
