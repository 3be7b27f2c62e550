"""The text files under a folder, and what else lies there and is skipped."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from nlpsuite.errors import UserError
from nlpsuite.text.kinds import by_suffix


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file or hidden folder inside a folder that is not read, and why."""

    path: Path
    reason: str


def text_files(folder: Path) -> tuple[list[Path], list[Skipped]]:
    """List the text files under a folder, sorted by path, and what is skipped.

    Links are followed, but no folder is entered twice.

    Raises:
        UserError: A folder cannot be listed.
    """
    files: list[Path] = []
    skipped: list[Skipped] = []
    seen: set[Path] = set()
    for root, folders, names in os.walk(folder, followlinks=True, onerror=_cannot_list):
        place = Path(root)
        real = place.resolve()
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        skipped += [Skipped(place / name, "hidden") for name in folders if name.startswith(".")]
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for path in (place / name for name in names):
            reason = _why_skipped(path)
            if reason:
                skipped.append(Skipped(path, reason))
            else:
                files.append(path)
    return sorted(files), sorted(skipped, key=lambda item: item.path)


def _why_skipped(path: Path) -> str:
    if path.name.startswith("."):
        return "hidden"
    kind, compression = by_suffix(path)
    if kind is None or (kind == "parquet" and compression):
        return "not a kind of text that is read"
    if not path.is_file():
        return "not a file" if path.exists() else "a broken link"
    return "" if path.stat().st_size else "empty"


def _cannot_list(error: OSError) -> None:
    raise UserError(f"cannot be listed ({error.strerror})", where=error.filename, fix="check its permissions")
