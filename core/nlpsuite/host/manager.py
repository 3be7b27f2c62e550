"""Loads plugins one by one, so that a broken one harms no other, and calls their hooks through typed methods."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

import pluggy

from nlpsuite.errors import UserError
from nlpsuite.host import hookspecs
from nlpsuite.host.catalog import DISABLE, OTHERS, disabled_names, find_plugins, normalise
from nlpsuite.host.checks import PluginFault, blame, check_hooks, check_specs, describe
from nlpsuite.host.spec import API_VERSION

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pytorch_lightning import Callback

    from nlpsuite.host.catalog import Plugin
    from nlpsuite.host.checks import PluginProblem
    from nlpsuite.host.spec import RunInfo, TaskSpec
    from nlpsuite.report import Reporter


TRACE = "NLPSUITE_TRACE_PLUGINS"
"""The environment variable that, if it is set to anything, has the host tell what it loads and what that brings."""


class LoadedPlugin:
    """One imported plugin and its hooks.

    It has a pluggy manager of its own: a call reaches this plugin alone, and a fault has one owner.

    Args:
        plugin: The plugin to import.

    Raises:
        PluginFault: It cannot be imported, or its hooks are not as they should be.
    """

    def __init__(self, plugin: Plugin):
        self.plugin = plugin
        self._manager = pluggy.PluginManager(hookspecs.PROJECT)
        self._manager.add_hookspecs(hookspecs)
        if plugin.error:
            raise PluginFault(plugin, plugin.error)
        with blame(plugin, "it cannot be imported"):
            implementation = plugin.entry_point.load()
        with blame(plugin, "its hooks cannot be used"):
            check_hooks(plugin, implementation)
            self._manager.register(implementation)
            self._manager.check_pending()
        with blame(plugin, "nlpsuite_tasks failed"):
            self.tasks = check_specs(plugin, self._only(self._manager.hook.nlpsuite_tasks()))

    def offers(self, task: str) -> bool:
        """Tell whether one of the plugin's tasks has this name."""
        return any(spec.name == task for spec in self.tasks)

    def callbacks(self, run: RunInfo) -> list[Callback]:
        """Return the plugin's callbacks for a run.

        Raises:
            PluginFault: The hook fails or returns anything else.
        """
        with blame(self.plugin, "nlpsuite_callbacks failed"):
            returned = self._only(self._manager.hook.nlpsuite_callbacks(run=run))
            callbacks = [] if returned is None else list(returned)
        if not callbacks:
            return []
        from pytorch_lightning import Callback

        for item in callbacks:
            if not isinstance(item, Callback):
                reason = f"nlpsuite_callbacks returned {type(item).__name__} where a Lightning Callback belongs"
                raise PluginFault(self.plugin, reason)
        return callbacks

    @staticmethod
    def _only(results: list[Any]) -> Any:
        # pluggy leaves out a plugin without the hook, and one that returned None.
        return results[0] if results else None


class PluginHost:
    """The plugins of one command.

    Nothing is imported at first. `load` imports the plugin that the user asked for, and a fault in it is an error;
    `load_all` imports the rest, and a fault there is a warning.

    Args:
        plugins: The plugins there are, in order of precedence; `find_plugins()` lists the installed ones.
        report: Where to warn of broken plugins.

    Attributes:
        plugins: The plugins there are.
        problems: The broken ones that were met and left out.
    """

    def __init__(self, plugins: Sequence[Plugin], report: Reporter):
        self.plugins = tuple(plugins)
        self.problems: list[PluginProblem] = []
        self._report = report
        self._traced = bool(os.environ.get(TRACE))
        self._loaded: dict[Plugin, LoadedPlugin] = {}

    @classmethod
    def installed(cls, report: Reporter) -> PluginHost:
        """Return a host of the plugins that are installed."""
        return cls(find_plugins(), report)

    def load(self, plugin: Plugin) -> tuple[TaskSpec[Any], ...]:
        """Load one plugin, the one that the user asked for, and return its tasks.

        Args:
            plugin: One of `plugins`, or another one, such as that of a folder.

        Raises:
            UserError: It is disabled or broken.
        """
        if not plugin.enabled:
            others = "leave --no-plugins out, or take * out of the variable"
            fix = others if OTHERS in disabled_names() else "take it out of the variable"
            raise UserError(f"plugin {plugin.label} is disabled", where=DISABLE, fix=fix)
        try:
            return self._load(plugin).tasks
        except PluginFault as fault:
            raise _as_error(fault) from fault

    def load_all(self) -> None:
        """Load every enabled plugin that is not loaded yet; warn of a broken one, once, and leave it out."""
        left_out = {problem.plugin for problem in self.problems}
        for plugin in self.plugins:
            if plugin.enabled and plugin not in left_out:
                try:
                    self._load(plugin)
                except PluginFault as fault:
                    self._warn(fault)

    def tasks(self) -> Mapping[str, TaskSpec[Any]]:
        """Load all plugins and return the tasks they offer, by name."""
        self.load_all()
        return {spec.name: spec for loaded in self._loaded.values() for spec in loaded.tasks}

    def callbacks(self, run: RunInfo) -> list[Callback]:
        """Load all plugins and return the callbacks they have for a run.

        A plugin whose hook is at fault is a warning, or an error where it offers the run's own task.

        Raises:
            UserError: The plugin that offers the run's task is at fault.
        """
        self.load_all()
        callbacks: list[Callback] = []
        for loaded in self._loaded.values():
            try:
                brought = loaded.callbacks(run)
                if not loaded.offers(run.task):
                    brought = self._guarded(loaded.plugin, brought)
                if brought:
                    names = ", ".join(each.state_key for each in brought)
                    self._trace(f"{loaded.plugin.label} brings callbacks to `{run.task}`: {names}")
                callbacks += brought
            except PluginFault as fault:
                if loaded.offers(run.task):
                    raise _as_error(fault) from fault
                self._warn(fault)
        return callbacks

    def _guarded(self, plugin: Plugin, callbacks: list[Callback]) -> list[Callback]:
        """Keep what goes wrong in the callbacks of a plugin that the user did not ask for away from the run."""
        if not callbacks:
            return []
        from nlpsuite.host.guarded import GuardedCallback

        def fault_of(callback: Callback) -> Callable[[Exception], None]:
            name = type(callback).__name__
            return lambda error: self._warn(PluginFault(plugin, f"its callback {name} failed: {describe(error)}"))

        return [GuardedCallback(callback, fault_of(callback)) for callback in callbacks]

    def _load(self, plugin: Plugin) -> LoadedPlugin:
        if plugin not in self._loaded:
            begun = time.perf_counter()
            new = self._import(plugin)
            for spec in new.tasks:
                owner = self.owner(spec.name) or self._namesake(spec.name, plugin)
                if owner is not None:
                    raise PluginFault(plugin, f"its task `{spec.name}` is already offered by plugin {owner.label}")
            self._loaded[plugin] = new
            self._warn_of_age(new)
            spent = 1000 * (time.perf_counter() - begun)
            offered = ", ".join(f"`{spec.name}`" for spec in new.tasks) or "no task"
            self._trace(f"{plugin.label} imported in {spent:.0f} ms from {plugin.origin}; it offers {offered}")
        return self._loaded[plugin]

    def _namesake(self, task: str, plugin: Plugin) -> Plugin | None:
        """Return the plugin that goes before another one and has the name of its task: models would be taken for its own."""
        before = self.plugins[: self.plugins.index(plugin)] if plugin in self.plugins else self.plugins
        return next((p for p in before if p.enabled and not p.error and normalise(p.name) == task), None)

    def _import(self, plugin: Plugin) -> LoadedPlugin:
        try:
            return LoadedPlugin(plugin)
        except PluginFault as fault:
            self._trace(str(fault.problem))
            raise

    def _warn_of_age(self, loaded: LoadedPlugin) -> None:
        for spec in loaded.tasks:
            if spec.api_version < API_VERSION:
                self._report.warn(
                    f"plugin {loaded.plugin.label} is written for plugin API {spec.api_version}, which the next nlpsuite "
                    f"will no longer take; update it"
                )

    def _trace(self, text: str) -> None:
        if self._traced:
            self._report.say(f"plugins: {text}")

    def owner(self, task: str) -> Plugin | None:
        """Return the loaded plugin that offers a task, or None."""
        return next((plugin for plugin, loaded in self._loaded.items() if loaded.offers(task)), None)

    def _warn(self, fault: PluginFault) -> None:
        self.problems.append(fault.problem)
        self._report.warn(str(fault.problem))


def _as_error(fault: PluginFault) -> UserError:
    return UserError(str(fault.problem), fix=f"correct, update or remove {fault.problem.plugin.distribution}")
