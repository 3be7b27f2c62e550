"""From what the user typed to a task: a folder, else an installed name, else an error that says what to type.

A target with a path separator is a folder. A bare word is a folder where there is one that holds a plugin, else a name,
so that a folder of data that happens to be called `sentiment` does not hide the plugin of that name.
"""

from __future__ import annotations

import difflib
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from nlpsuite.errors import UserError
from nlpsuite.host.catalog import normalise
from nlpsuite.host.folder import declared_in, importable, living_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nlpsuite.host.catalog import Plugin
    from nlpsuite.host.manager import PluginHost
    from nlpsuite.host.spec import TaskSpec

_DISTRIBUTION_PREFIX = "nlpsuite-"


def resolve(target: str, host: PluginHost) -> TaskSpec[Any]:
    """Return the task that `suite run TARGET` means; loads no plugin but that one where the target names it.

    Args:
        target: A plugin's folder, the name of an installed plugin, or the name of a task.
        host: The plugins there are.

    Raises:
        UserError: Nothing is meant, several things are, or the plugin is disabled or broken.
    """
    # os.path and not pathlib: a target that no file system would take as a name is just no folder.
    place = os.path.expanduser(target)
    if os.path.isdir(place):
        spec = _in_folder(Path(place), host)
        if spec is not None:
            return spec
    is_path = any(separator and separator in place for separator in (os.sep, os.altsep)) or place in (".", "..")
    if is_path or os.path.isfile(place):
        _refuse_path(target, place, host)
    return resolve_name(target, host)


def resolve_name(name: str, host: PluginHost) -> TaskSpec[Any]:
    """Return the task of an installed plugin by the plugin's or the task's name; folders are not looked at.

    Upper case and `_` for `-` are forgiven, and so is the distribution's `nlpsuite-` before the name.

    Raises:
        UserError: No plugin has it, the plugin has several tasks, or it is disabled or broken.
    """
    plugin = _plugin_named(name, host.plugins)
    if plugin is not None:
        return _task_of(plugin, host.load(plugin))
    tasks = host.tasks()
    if normalise(name) in tasks:
        return tasks[normalise(name)]
    raise UserError(
        f"no task is called `{name}`", fix=_advice(name, [plugin.name for plugin in host.plugins] + list(tasks))
    )


def _in_folder(folder: Path, host: PluginHost) -> TaskSpec[Any] | None:
    installed = living_in(folder, host.plugins)
    found = installed or declared_in(folder)
    if not found:
        return None
    if len(found) > 1:
        names = ", ".join(plugin.name for plugin in found)
        fix = f"run one of them by name: {names}" if installed else f"install the folder, and run one by name: {names}"
        raise UserError("several plugins live in this folder", where=folder, fix=fix)
    if installed:
        return _task_of(found[0], host.load(found[0]))
    with importable(found[0]):
        return _task_of(found[0], host.load(found[0]), "install the folder, and name one of them")


def _task_of(plugin: Plugin, specs: Sequence[TaskSpec[Any]], how: str = "name one of them") -> TaskSpec[Any]:
    for spec in specs:
        if len(specs) == 1 or spec.name == normalise(plugin.name):
            return spec
    if not specs:
        raise UserError(f"plugin {plugin.label} offers no task", fix="name another plugin")
    names = ", ".join(spec.name for spec in specs)
    raise UserError(f"plugin {plugin.label} offers several tasks", fix=f"{how}: {names}")


def _refuse_path(target: str, place: str, host: PluginHost) -> NoReturn:
    if os.path.isdir(place):
        what = "no plugin lives in this folder: it has no pyproject.toml with an entry point of group nlpsuite"
    else:
        what = "a file is no plugin" if os.path.exists(place) else "no such folder"
    name = os.path.basename(os.path.abspath(place))
    raise UserError(what, where=target, fix=_advice(name, [plugin.name for plugin in host.plugins]))


def _plugin_named(name: str, plugins: Sequence[Plugin]) -> Plugin | None:
    wanted = normalise(name)
    for candidate in (wanted, wanted.removeprefix(_DISTRIBUTION_PREFIX)):
        named = [plugin for plugin in plugins if normalise(plugin.name) == candidate]
        if named:
            # The one that can be used, where there are several of the name.
            return next((plugin for plugin in named if plugin.enabled and not plugin.error), named[0])
    return None


def _advice(name: str, known: Sequence[str]) -> str:
    by_normal = {normalise(item): item for item in known}
    if normalise(name) in by_normal:
        return f"write suite run {by_normal[normalise(name)]}"
    bare = normalise(name).removeprefix(_DISTRIBUTION_PREFIX)
    install = f"pip install {_DISTRIBUTION_PREFIX}{bare}" if re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", bare) else ""
    near = difflib.get_close_matches(normalise(name), list(by_normal), n=3)
    if near:
        # Not the line that installs a package of the misspelt name: anyone may have published one.
        return "did you mean " + " or ".join(f"`{by_normal[item]}`" for item in near) + "?"
    return "installed: " + (", ".join(sorted(set(known))) or "none") + (f"; to add it: {install}" if install else "")
