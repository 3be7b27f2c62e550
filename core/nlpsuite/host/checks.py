"""What makes a plugin usable, and how a fault in one is told: in one line, with the distribution to blame."""

from __future__ import annotations

import difflib
import inspect
import re
import traceback
from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from nlpsuite.config import Settings
from nlpsuite.host import hookspecs
from nlpsuite.host.spec import API_VERSION, OLDEST_API_VERSION, TaskSpec

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nlpsuite.host.catalog import Plugin

PREFIX = f"{hookspecs.PROJECT}_"
HOOKS = tuple(name for name in vars(hookspecs) if name.startswith(PREFIX))
"""The names of all hooks."""

_REASON_LENGTH = 300


@dataclass(frozen=True, slots=True)
class PluginProblem:
    """Why a plugin cannot be used.

    Attributes:
        plugin: The plugin, as the catalogue lists it.
        reason: One line.
    """

    plugin: Plugin
    reason: str

    def __str__(self) -> str:
        return f"plugin {self.plugin.label} cannot be used: {self.reason}"


class PluginFault(Exception):
    """A plugin is broken; the host decides whether that is a warning or an error."""

    def __init__(self, plugin: Plugin, reason: str):
        self.problem = PluginProblem(plugin, reason)
        super().__init__(str(self.problem))


@contextmanager
def blame(plugin: Plugin, what: str) -> Iterator[None]:
    """Turn whatever a plugin's own code raises into a `PluginFault` that begins with `what`."""
    try:
        yield
    except PluginFault:
        raise
    # SystemExit too: a module that calls sys.exit at import must not end the command.
    except (Exception, SystemExit) as error:
        raise PluginFault(plugin, f"{what}: {describe(error)}") from error


def check_hooks(plugin: Plugin, obj: object) -> None:
    """Check the names of a plugin's hooks: none is misspelt, the required one is there, each is marked.

    Raises:
        PluginFault: One is not.
    """
    for name in dir(obj):
        if not name.startswith(PREFIX) or isinstance(getattr(obj, name), ModuleType):
            continue
        if name not in HOOKS:
            near = difflib.get_close_matches(name, HOOKS, n=1)
            hint = f"did you mean {near[0]}?" if near else "the hooks are " + ", ".join(HOOKS)
            raise PluginFault(plugin, f"`{name}` is no hook; {hint}")
        if not hasattr(getattr(obj, name), f"{PREFIX}impl"):
            raise PluginFault(plugin, f"`{name}` is not marked with @hookimpl")
    if not hasattr(obj, "nlpsuite_tasks"):
        raise PluginFault(plugin, "it does not implement nlpsuite_tasks")


def check_specs(plugin: Plugin, returned: object) -> tuple[TaskSpec[Any], ...]:
    """Check what `nlpsuite_tasks` returned, and return it typed.

    Raises:
        PluginFault: It is no sequence of sound task specs with names of their own.
    """
    if not isinstance(returned, Sequence) or isinstance(returned, (str, bytes)):
        raise PluginFault(plugin, f"nlpsuite_tasks returned {type(returned).__name__}, not a sequence of TaskSpec")
    for spec in returned:
        if not isinstance(spec, TaskSpec):
            raise PluginFault(plugin, f"nlpsuite_tasks returned {type(spec).__name__} where a TaskSpec belongs")
        reason = _fault_of(spec)
        if reason:
            raise PluginFault(plugin, reason)
    names = [spec.name for spec in returned]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise PluginFault(plugin, f"it offers task `{twice}` twice")
    return tuple(returned)


def _fault_of(spec: TaskSpec[Any]) -> str | None:
    # The version comes first: a plugin for another API may give every other field another meaning.
    known = isinstance(spec.api_version, int) and not isinstance(spec.api_version, bool)
    if not (known and OLDEST_API_VERSION <= spec.api_version <= API_VERSION):
        return f"it is written for plugin API {spec.api_version!r}, and this nlpsuite speaks {API_VERSION}"
    if not isinstance(spec.name, str) or not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", spec.name):
        return f"{spec.name!r} is no task name; a name has lower-case letters, digits and single hyphens"
    if not isinstance(spec.summary, str) or not spec.summary.strip() or len(spec.summary.splitlines()) != 1:
        return f"task `{spec.name}` has no summary of one line"
    if not (inspect.isclass(spec.config) and issubclass(spec.config, Settings)):
        return f"the config of task `{spec.name}` is no subclass of nlpsuite.api.Settings"
    if not callable(spec.build):
        return f"the build of task `{spec.name}` cannot be called"
    if spec.examples is not None and not isinstance(spec.examples, Path):
        return f"the examples of task `{spec.name}` are no pathlib.Path"
    return None


def describe(error: BaseException) -> str:
    """Return an exception in one line, with the place where it was raised."""
    message = " ".join(str(error).split())
    text = type(error).__name__ + (f": {message}" if message else "")
    if len(text) > _REASON_LENGTH:
        text = text[:_REASON_LENGTH] + "..."
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if not frame.filename.startswith("<frozen")]
    # The last frame is where it was raised; the import machinery's own frames say nothing about the plugin.
    inside = [frame for frame in frames if "importlib" not in Path(frame.filename).parts and frame.filename != __file__]
    return f"{text} ({inside[-1].filename}:{inside[-1].lineno})" if inside else text
