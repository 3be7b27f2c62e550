"""`suite plugins`: what is installed; a new one; and whether one keeps its promises."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from nlpsuite.cli.console import Console
from nlpsuite.cli.options import JsonOption, QuietOption, VerboseOption
from nlpsuite.cli.plugins_check import check
from nlpsuite.cli.plugins_new import new
from nlpsuite.host.catalog import DISABLE, find_plugins, unknown_disabled

if TYPE_CHECKING:
    from nlpsuite.host.catalog import Plugin


def make_app() -> typer.Typer:
    """Make the group of commands."""
    app = typer.Typer(help="List plugins, begin a new one, and check one.", rich_markup_mode=None)
    app.command("list")(list_plugins)
    app.command("new")(new)
    app.command("check")(check)
    return app


LoadOption = Annotated[bool, typer.Option("--load", help="Import each, to find out whether it can be used.")]


def list_plugins(
    load: LoadOption = False, as_json: JsonOption = False, quiet: QuietOption = False, verbose: VerboseOption = False
) -> None:
    """List the installed plugins; imports none of them unless asked to."""
    console = Console(quiet=quiet, verbose=verbose)
    plugins = _loaded(find_plugins(), console) if load else find_plugins()
    for name in unknown_disabled(plugins):
        console.warn(f"{DISABLE} names `{name}`, and no plugin or distribution is called that")
    if as_json:
        console.json({"command": "plugins list", "plugins": [describe(plugin) for plugin in plugins]})
    elif plugins:
        rows = [list(describe(plugin).values()) for plugin in plugins]
        console.result_table([name.upper() for name in describe(plugins[0])], rows)
    else:
        console.say("no plugin is installed; a plugin is a package such as nlpsuite-<task>")


def _loaded(plugins: list[Plugin], console: Console) -> list[Plugin]:
    """Import every enabled plugin and return them with what is wrong with each."""
    from nlpsuite.host.manager import PluginHost

    host = PluginHost(plugins, console)
    host.load_all()
    reasons = {problem.plugin: problem.reason for problem in host.problems}
    return [replace(plugin, error=reasons.get(plugin, plugin.error)) for plugin in plugins]


def describe(plugin: Plugin) -> dict[str, str]:
    """Return what is shown of a plugin, by the names that `--json` uses, in the order of the table's columns."""
    return {
        "name": plugin.name,
        "state": "disabled" if not plugin.enabled else "broken" if plugin.error else "enabled",
        "distribution": plugin.distribution,
        "version": plugin.version,
        "summary": plugin.summary,
        "origin": "missing" if plugin.origin is None else str(plugin.origin),
        "error": plugin.error,
    }
