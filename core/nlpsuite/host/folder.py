"""A plugin in a folder: the installed one that lives there, else the one that the folder's own pyproject.toml names."""

from __future__ import annotations

import sys
import tomllib
from contextlib import contextmanager
from importlib import metadata
from typing import TYPE_CHECKING, Any

from nlpsuite.errors import UserError
from nlpsuite.host.catalog import GROUP, Plugin, is_enabled, module_origin, top_module

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path


def living_in(folder: Path, plugins: Iterable[Plugin]) -> list[Plugin]:
    """Return the installed plugins whose package or module lies in `folder`, in its `src`, or is `folder` itself."""
    folder = folder.resolve()
    found = []
    for plugin in plugins:
        origin = None if plugin.origin is None else plugin.origin.resolve()
        if origin is not None and folder in (origin, origin.parent, _project_of(origin)):
            found.append(plugin)
    return found


def declared_in(folder: Path) -> list[Plugin]:
    """Return the plugins that a folder's own pyproject.toml declares; none where it has no such file or entry point.

    Raises:
        UserError: The file is not what it should be.
    """
    path = folder / "pyproject.toml"
    if not path.is_file():
        return []
    try:
        project: Any = tomllib.loads(path.read_text(encoding="utf-8")).get("project", {})
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"not valid TOML: {error}", where=path, fix="correct the file") from None
    except OSError as error:
        raise UserError(f"cannot be read ({error.strerror})", where=path, fix="check its permissions") from None
    try:
        entries = project.get("entry-points", {}).get(GROUP, {}).items()
        return [_declared(folder, project, str(name), value) for name, value in entries]
    except (AttributeError, TypeError, ValueError):
        fix = f'write a line `name = "module"` under [project.entry-points.{GROUP}]'
        raise UserError("its entry points are not as they should be", where=path, fix=fix) from None


@contextmanager
def importable(plugin: Plugin) -> Iterator[None]:
    """Let a plugin that a folder declares be imported, for as long as the context lasts.

    The folder goes to the end of `sys.path`, so nothing in it can stand in for an installed or standard module.

    Raises:
        UserError: Its module is missing, or another module has its name.
    """
    assert plugin.origin is not None
    root = str(plugin.origin.parent)
    module = top_module(plugin.entry_point)
    taken = module_origin(module)
    if module in sys.stdlib_module_names:
        raise UserError(f"plugin {plugin.label} would shadow the standard module `{module}`", fix="rename its module")
    if taken is None and module in sys.modules:
        raise UserError(f"plugin {plugin.label} would shadow the loaded module `{module}`", fix="rename its module")
    if taken is not None and taken.resolve() != plugin.origin.resolve():
        what = f"plugin {plugin.label} would shadow another module `{module}`, at {taken}"
        raise UserError(what, where=root, fix="rename its module, or install the folder with pip install -e")
    sys.path.append(root)
    try:
        yield
    finally:
        if root in sys.path:
            # The last one: the same folder may have been on the path before.
            del sys.path[len(sys.path) - 1 - sys.path[::-1].index(root)]


def _declared(folder: Path, project: dict[str, Any], name: str, value: str) -> Plugin:
    entry = metadata.EntryPoint(name=name, value=value, group=GROUP)
    distribution = str(project.get("name", folder.name))
    module = top_module(entry)
    if not module.isidentifier():
        raise ValueError(value)
    places = [root / file for root in (folder, folder / "src") for file in (module, f"{module}.py")]
    origin = next((place for place in places if place.exists()), None)
    if origin is None:
        fix = f"correct pyproject.toml, or write suite run {name} if it is installed"
        raise UserError(f"module `{module}` of plugin `{name}` is not in this folder", where=folder, fix=fix)
    return Plugin(
        name=name,
        distribution=distribution,
        version=str(project.get("version", "unknown version")),
        summary=" ".join(str(project.get("description", "")).split()),
        origin=origin.resolve(),
        enabled=is_enabled(name, distribution),
        entry_point=entry,
    )


def _project_of(origin: Path) -> Path | None:
    return origin.parent.parent if origin.parent.name == "src" else None
