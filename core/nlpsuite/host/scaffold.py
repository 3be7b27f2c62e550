"""A new plugin: a complete package, written from the files under `assets/scaffold`, that runs and passes its tests as it is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from importlib import resources
from typing import TYPE_CHECKING

from nlpsuite.errors import UserError
from nlpsuite.host.catalog import find_plugins, normalise

if TYPE_CHECKING:
    from collections.abc import Iterator
    from importlib.resources.abc import Traversable
    from pathlib import Path


class Kind(StrEnum):
    """What kinds of tasks there are files for."""

    TEXT = "text"
    TOKENS = "tokens"
    SPAN = "span"
    PAIR = "pair"
    GENERATE = "generate"


_STAND_IN = "sketch"
"""The name that the files have in place of the plugin's."""
_PREFIX = "nlpsuite-"
_SHARED = dict.fromkeys((Kind.TEXT, Kind.PAIR), ("common", "labels"))
"""The folders whose files several kinds have, for those kinds that have more than `common`."""


@dataclass(frozen=True, slots=True)
class PluginName:
    """A plugin's name in the forms that a package needs.

    Attributes:
        task: What users type, such as `fair-trade`.
    """

    task: str

    @classmethod
    def parse(cls, name: str) -> PluginName:
        """Take a name, with `nlpsuite-` before it or without.

        Raises:
            UserError: It is no name of a task, or an installed plugin has it.
        """
        task = normalise(name).removeprefix(_PREFIX)
        if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", task):
            raise UserError(
                f"{name!r} is no name for a task", fix="use lower-case letters, digits and hyphens: fair-trade"
            )
        for plugin in find_plugins():
            if task in (normalise(plugin.name), normalise(plugin.distribution).removeprefix(_PREFIX)):
                raise UserError(f"a plugin called {plugin.label} is installed", fix="take another name")
        return cls(task)

    @property
    def distribution(self) -> str:
        """What users install."""
        return _PREFIX + self.task

    @property
    def module(self) -> str:
        """What Python imports."""
        return self.distribution.replace("-", "_")

    @property
    def title(self) -> str:
        """The beginning of its classes' names."""
        return "".join(part.capitalize() for part in self.task.split("-"))

    def fill(self, text: str) -> str:
        """Put the name in place of the stand-in, in all of its forms at once: a name may hold the stand-in itself."""
        forms = {_STAND_IN: self.task, _STAND_IN.capitalize(): self.title}
        forms[f"nlpsuite_{_STAND_IN}"] = self.module
        forms[f"test_{_STAND_IN}"] = f"test_{self.task.replace('-', '_')}"
        pattern = "|".join(sorted(forms, key=len, reverse=True))
        return re.sub(pattern, lambda found: forms[found[0]], text)


def write_plugin(name: PluginName, kind: Kind, parent: Path) -> list[Path]:
    """Write a new package into `parent/nlpsuite-NAME` and return its files.

    Raises:
        UserError: The folder is there already, or cannot be made.
    """
    folder = parent / name.distribution
    try:
        folder.mkdir(parents=True)
    except FileExistsError:
        raise UserError(
            "the folder is there already", where=folder, fix="take another name, or --to another folder"
        ) from None
    except OSError as error:
        raise UserError(
            f"cannot be made ({error.strerror})", where=folder, fix="take another folder with --to"
        ) from None
    written = []
    root = resources.files("nlpsuite") / "assets" / "scaffold"
    for source in (*_SHARED.get(kind, ("common",)), kind.value):
        for parts, file in _files(root / source, ()):
            # Under its own name it would say what is packed with the suite.
            path = folder.joinpath(*(name.fill(part).replace("dot-", ".") for part in parts))
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(name.fill(file.read_text(encoding="utf-8")), encoding="utf-8")
            written.append(path)
    return sorted(written)


def _files(folder: Traversable, parts: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Traversable]]:
    for entry in sorted(folder.iterdir(), key=lambda each: each.name):
        # Installing compiles every file of a package, these too.
        if entry.name == "__pycache__":
            continue
        if entry.is_dir():
            yield from _files(entry, (*parts, entry.name))
        else:
            yield (*parts, entry.name), entry
