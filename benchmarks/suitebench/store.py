"""The kept records of rows: one JSON file, written whole after each row, so that a stopped table goes on where it was."""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Record = dict[str, Any]


class Store:
    """Records by the names of their rows, in a file.

    Args:
        path: The file; it need not be there yet.
    """

    def __init__(self, path: Path):
        self.path = path

    def read(self) -> dict[str, Record]:
        """Return every record."""
        if not self.path.exists():
            return {}
        records: dict[str, Record] = json.loads(self.path.read_text(encoding="utf-8"))
        return records

    def put(self, name: str, record: Record) -> None:
        """Add a record, or put it in place of the one there; those of other processes are kept."""
        with self._alone():
            self._write(self.read() | {name: record})

    def drop(self, name: str) -> None:
        """Take a record away, if it is there."""
        with self._alone():
            self._write({key: record for key, record in self.read().items() if key != name})

    def _write(self, records: dict[str, Record]) -> None:
        temporary = self.path.with_name(self.path.name + ".part")
        text = json.dumps(records, indent=2, sort_keys=True, ensure_ascii=False)
        temporary.write_text(text + "\n", encoding="utf-8")
        os.replace(temporary, self.path)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with locked(self.path.parent, wait=True):
            yield


@contextmanager
def locked(path: Path, *, wait: bool) -> Iterator[bool]:
    """Hold a lock while the block runs, so that two tables at once do not get in each other's way.

    Args:
        path: A folder, or a file that is made and left there.
        wait: Whether to wait for whoever holds it.

    Yields:
        Whether it is held; always true where the system has no such locks.
    """
    try:
        import fcntl
    except ImportError:
        yield True
        return
    handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR | os.O_CREAT)
    try:
        held = True
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            held = False
        yield held
    finally:
        os.close(handle)
