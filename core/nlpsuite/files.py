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


NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""What the system says where there is no room for what is written: on the disk, in a quota, in a file."""


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
        if error.errno in NO_ROOM:
            raise OSError(error.errno, error.strerror, str(place)) from None
        raise UserError(f"cannot be written ({error.strerror})", where=place, fix="give another folder") from None


@contextmanager
def replacing(path: Path, *, durable: bool = False) -> Iterator[Path]:
    """Give a temporary name in the same folder; on leaving, it takes the place of `path`, or vanishes on an error.

    Args:
        path: What is replaced.
        durable: Whether it must outlive a loss of power, too.
    """
    temporary = path.with_name(temporary_name(path.name))
    try:
        yield temporary
        if durable:
            with temporary.open("rb") as file:
                os.fsync(file.fileno())
        os.replace(temporary, path)
        if durable:
            sync_folder(path.parent)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def sync_folder(folder: Path) -> None:
    """Make the names in a folder outlive a loss of power; nothing where folders cannot be opened, as on Windows."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def hold_folder(folder: Path) -> int | None:
    """Hold a folder for this process; closing the handle, or the process's end however it comes, lets it go.

    Returns:
        The handle; None where folders cannot be held, as on Windows and on some network file systems.

    Raises:
        UserError: Another process holds it.
    """
    try:
        import fcntl
    except ImportError:
        return None
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        fix = "wait for it to end, stop it, or give another --out"
        raise UserError("another process is working on this run", where=folder, fix=fix) from None
    except OSError:
        os.close(handle)
        return None
    return handle


LARGEST_TEXT = 64 << 20
"""Bytes of the largest JSON or YAML file that is read whole; what describes a model or a run has a few thousand."""


def read_small(path: Path) -> str:
    """Read a text file that describes something, such as an artifact's `config.json`.

    Raises:
        OSError: It cannot be read.
        ValueError: It is not UTF-8, or larger than any such file is.
    """
    with path.open("rb") as file:
        data = file.read(LARGEST_TEXT + 1)
    if len(data) > LARGEST_TEXT:
        raise ValueError(f"it is larger than {LARGEST_TEXT >> 20} MB")
    return data.decode("utf-8-sig")


def read_json(path: Path) -> Any:
    """Read a JSON file that describes something.

    Raises:
        OSError: It cannot be read.
        ValueError: It is not JSON, is larger than any such file is, or is nested without end.
    """
    try:
        return json.loads(read_small(path))
    except RecursionError:
        raise ValueError("it is nested too deep") from None


def write_text(path: Path, text: str, *, durable: bool = False) -> None:
    """Write a text file whole or not at all; `durable` as in `replacing`."""
    with replacing(path, durable=durable) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: Path, data: Any, *, durable: bool = False) -> None:
    """Write a JSON file whole or not at all; `durable` as in `replacing`."""
    write_text(path, json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False) + "\n", durable=durable)


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
