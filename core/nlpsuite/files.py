"""Writing whole or not at all: names for what is not whole yet, replacement by renaming, and errors that say where."""

from __future__ import annotations

import errno
import json
import os
import secrets
import shutil
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nlpsuite.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""What the system says where there is no room for what is written: on the disk, in a quota, in a file."""


LOCK = ".lock"
"""The file that is held in place of a folder, where a folder cannot be."""
_HELD: set[int] = set()


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


@contextmanager
def folder_for_file(path: Path) -> Iterator[None]:
    """Make the folder that a file goes into, where it is not there; one that stays empty, for an error came, is taken away.

    Raises:
        UserError: The folder cannot be made.
    """
    made = missing_folders(path.parent)
    with writing_to(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
    try:
        yield
    except BaseException:
        remove_empty(made)
        raise


def missing_folders(folder: Path) -> list[Path]:
    """Return a folder and those above it that are not there, the innermost first."""
    return [each for each in (folder, *folder.parents) if not each.exists()]


def remove_empty(folders: Iterable[Path]) -> None:
    """Take those folders away that are there, the innermost first, up to one that holds something of somebody else's."""
    with suppress(OSError):
        for folder in folders:
            if folder.is_dir():
                folder.rmdir()


def empty(folder: Path) -> None:
    """Take out everything that is in a folder, if it is there."""
    for entry in folder.iterdir() if folder.is_dir() else ():
        shutil.rmtree(entry, ignore_errors=True) if entry.is_dir() else entry.unlink(missing_ok=True)


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
        The handle; None where nothing can be held, as on Windows and on some network file systems.

    Raises:
        UserError: Another process holds it.
    """
    try:
        import fcntl
    except ImportError:
        return None
    # Over NFS a folder cannot be held, but a file that is open for writing can.
    for place, how in ((folder, os.O_RDONLY), (folder / LOCK, os.O_RDWR | os.O_CREAT)):
        try:
            handle = os.open(place, how)
        except OSError:
            continue
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            fix = "wait for it to end, stop it, or give another --out"
            raise UserError("another process is working on this run", where=folder, fix=fix) from None
        except OSError:
            os.close(handle)
            continue
        _HELD.add(handle)
        return handle
    return None


def let_go(handle: int | None = None) -> None:
    """Let go of a folder, or of all that this process holds."""
    for each in list(_HELD) if handle is None else [handle]:
        _HELD.discard(each)
        os.close(each)


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
        # A path may hold bytes that are no text; in JSON their escapes read back as they were.
        temporary.write_text(text, encoding="utf-8", errors="backslashreplace")


def write_json(path: Path, data: Any, *, durable: bool = False) -> None:
    """Write a JSON file whole or not at all; `durable` as in `replacing`."""
    write_text(path, json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False) + "\n", durable=durable)


def data_place() -> Path:
    """Return the folder where data sets are kept for all of a user's runs."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return Path(base) / "nlpsuite" / "data"


def bytes_in(folder: Path) -> int:
    """Return the bytes of all files in a folder and those below it: what a run that goes on has already taken."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


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
