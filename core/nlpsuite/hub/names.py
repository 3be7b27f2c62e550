"""The names of data sets: `hf:ORG/NAME`, `hf:ORG/NAME/CONFIG`, `hf:NAME@REVISION`, `hf:./folder`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from nlpsuite.errors import UserError

PREFIX = "hf:"
_PART = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_FOLDER = (".", "/", "~")
_FIX = "write hf:ORG/NAME, hf:ORG/NAME/CONFIG, hf:ORG/NAME@REVISION, or hf:./folder"


@dataclass(frozen=True, slots=True)
class DataName:
    """What a name means.

    Attributes:
        text: The name as it was typed, for messages.
        repository: `NAME` or `ORG/NAME` on the hub; None for a folder.
        folder: A folder on this machine; None for a repository.
        config: Which of several configurations, or None.
        revision: A branch, a tag or a commit of the repository, or None.
    """

    text: str
    repository: str | None = None
    folder: Path | None = None
    config: str | None = None
    revision: str | None = None

    @property
    def slug(self) -> str:
        """A short name for a folder's name."""
        base = self.repository or (self.folder.name if self.folder else "")
        whole = f"{base}-{self.config}" if self.config else base
        return re.sub(r"[^A-Za-z0-9._-]+", "-", whole).strip(".-")[:60] or "data"


def is_named(data: str) -> bool:
    """Whether what a user gives as data is the name of a data set, and no path."""
    return data.startswith(PREFIX)


def in_full(data: str) -> str:
    """Return data so that it means the same from any folder: a path in full, in a name too; a hub's name as it is."""
    if not is_named(data):
        return str(Path(data).expanduser().absolute())
    place = data.removeprefix(PREFIX)
    return PREFIX + str(Path(place).expanduser().absolute()) if place.startswith(_FOLDER) else data


def parse_name(text: str) -> DataName:
    """Read a name.

    Of a folder that is not there, but whose parent is, the last part is the configuration, as it is of a repository.

    Args:
        text: The name, `hf:` included.

    Raises:
        UserError: It is no such name, or there is no such folder.
    """
    rest = text.removeprefix(PREFIX)
    if rest.startswith(_FOLDER):
        return _folder(text, Path(rest).expanduser().absolute())
    name, at, revision = rest.partition("@")
    parts = name.split("/")
    if at and not revision:
        raise UserError("no revision after the @", where=text, fix=_FIX)
    if not 1 <= len(parts) <= 3 or not all(parts) or not all(map(_PART.fullmatch, parts[:2])):
        raise UserError("not the name of a data set", where=text, fix=_FIX)
    config = parts[2] if len(parts) == 3 else None
    return DataName(text, repository="/".join(parts[:2]), config=config, revision=revision or None)


def _folder(text: str, path: Path) -> DataName:
    if path.is_dir():
        return DataName(text, folder=path)
    if path.is_file():
        raise UserError("a file, not a folder of a data set", where=text, fix=f"read it as it is: --data {path}")
    if not path.parent.is_dir():
        raise UserError("no such folder", where=text, fix="check the path")
    # Configurations are named at the head of a folder's page.
    page = path.parent / "README.md"
    if not page.is_file() or "config_name" not in page.read_text(encoding="utf-8", errors="replace"):
        raise UserError("no such folder", where=text, fix="check the path")
    return DataName(text, folder=path.parent, config=path.name)
