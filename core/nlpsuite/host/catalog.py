"""Which plugins are installed, found without importing any of them."""

from __future__ import annotations

import ast
import importlib.util
import os
import re
import sys
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

GROUP = "nlpsuite"
"""The entry-point group of plugins."""

DISABLE = "NLPSUITE_DISABLE_PLUGINS"
"""The environment variable that blocks plugins: names of entry points or distributions, separated by commas; `*` blocks all
but the suite's own."""

OTHERS = "*"
"""In `NLPSUITE_DISABLE_PLUGINS`: every plugin that is not the suite's own; what `suite --no-plugins` sets."""


@dataclass(frozen=True, slots=True)
class Plugin:
    """An entry point of group `nlpsuite`, not loaded.

    Attributes:
        name: The entry point's name, what the user types.
        distribution: The distribution it comes with.
        version: That distribution's version.
        summary: The first line of the module's docstring, else the distribution's summary.
        origin: The package's folder or the module's file; None when the module is missing.
        enabled: Whether `NLPSUITE_DISABLE_PLUGINS` leaves it alone.
        error: Why it cannot be used, as far as that shows without importing it; empty where nothing shows.
        entry_point: What to load.
    """

    name: str
    distribution: str
    version: str
    summary: str
    origin: Path | None
    enabled: bool
    entry_point: metadata.EntryPoint
    error: str = ""

    @property
    def label(self) -> str:
        """Name, distribution and version, for messages."""
        return f"`{self.name}` ({self.distribution} {self.version})"


def find_plugins() -> list[Plugin]:
    """List the installed plugins: nlpsuite's own first, then by distribution and name. Imports none of them."""
    plugins = [_plugin(entry) for entry in metadata.entry_points(group=GROUP)]
    plugins.sort(key=lambda p: (normalise(p.distribution) != GROUP, normalise(p.distribution), p.name))
    meant: dict[str, Plugin] = {}
    owners: dict[str, Plugin] = {}
    for plugin in plugins:
        if plugin.enabled and not plugin.error:
            meant.setdefault(normalise(plugin.name), plugin)
            owners.setdefault(top_module(plugin.entry_point), plugin)
    return [_beside(plugin, meant, owners) for plugin in plugins]


def _beside(plugin: Plugin, meant: Mapping[str, Plugin], owners: Mapping[str, Plugin]) -> Plugin:
    """Return a plugin with the error that lies in what else is installed."""
    if plugin.error or not plugin.enabled:
        return plugin
    first, owner = meant[normalise(plugin.name)], owners[top_module(plugin.entry_point)]
    if first is not plugin:
        return replace(plugin, error=f"its name is that of {first.label}, which goes first")
    if normalise(owner.distribution) != normalise(plugin.distribution):
        return replace(plugin, error=f"its module `{top_module(plugin.entry_point)}` is that of {owner.label}, too")
    return plugin


def disabled_names() -> frozenset[str]:
    """Return the names in `NLPSUITE_DISABLE_PLUGINS`, normalised."""
    return frozenset(normalise(name) for name in os.environ.get(DISABLE, "").split(",") if name.strip())


def is_enabled(name: str, distribution: str) -> bool:
    """Tell whether `NLPSUITE_DISABLE_PLUGINS` leaves a plugin alone."""
    disabled = disabled_names()
    if OTHERS in disabled and normalise(distribution) != GROUP:
        return False
    return not {normalise(name), normalise(distribution)} & disabled


def unknown_disabled(plugins: Iterable[Plugin]) -> list[str]:
    """Return names in `NLPSUITE_DISABLE_PLUGINS` that block nothing, most likely slips."""
    known = {normalise(name) for plugin in plugins for name in (plugin.name, plugin.distribution)}
    return sorted(disabled_names() - known - {OTHERS})


_FIELDS = ("Name", "Version", "Summary")


def normalise(name: str) -> str:
    """Write a name in lower case with single hyphens, so that `My_Task` and `my-task` are the same."""
    return re.sub(r"[-_.\s]+", "-", name.strip().lower())


def top_module(entry_point: metadata.EntryPoint) -> str:
    """Return the top-level module that an entry point lives in."""
    return entry_point.module.partition(".")[0]


def module_origin(module: str) -> Path | None:
    """Return where a top-level module lies, a package's folder or a module's file, without importing it."""
    try:
        spec = importlib.util.find_spec(module)
    except (ImportError, ValueError):
        return None
    if spec is None:
        return None
    folders = list(spec.submodule_search_locations or [])
    place = folders[0] if folders else spec.origin
    return Path(place) if place and os.path.isabs(place) else None


def _summary(origin: Path) -> str:
    """Return the first line of a module's docstring, read without importing the module; empty where there is none.

    Raises:
        SyntaxError: It is no Python.
    """
    file = origin / "__init__.py" if origin.is_dir() else origin
    try:
        docstring = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, RecursionError):
        return ""
    return (docstring or "").strip().partition("\n")[0]


def _plugin(entry: metadata.EntryPoint) -> Plugin:
    module = top_module(entry)
    origin, summary, error = module_origin(module), "", ""
    if module in sys.stdlib_module_names:
        error = f"its module `{module}` has the name of a standard one"
    elif origin is None:
        error = f"its module `{module}` is missing"
    else:
        try:
            summary = _summary(origin)
        except SyntaxError as wrong:
            error = f"its module is no Python: {wrong.msg} ({origin}, line {wrong.lineno})"
    distribution, version, about = _installed(entry)
    # An installation that was broken off leaves entry points behind and not what they are of.
    if not distribution:
        distribution, error = module, error or "it is not whole: the name of its distribution is missing"
    return Plugin(
        name=entry.name,
        distribution=distribution,
        version=version,
        summary=summary or about,
        origin=origin,
        enabled=is_enabled(entry.name, distribution),
        entry_point=entry,
        error=error,
    )


def _installed(entry: metadata.EntryPoint) -> tuple[str, str, str]:
    """Return name, version and summary of the distribution that an entry point is of; empty where it does not say."""
    try:
        about = None if entry.dist is None else entry.dist.metadata
    except (OSError, ValueError):
        about = None
    if about is None:
        return "", "", ""
    name, version, summary = (" ".join(str(about[field]).split()) if field in about else "" for field in _FIELDS)
    return name, version, summary
