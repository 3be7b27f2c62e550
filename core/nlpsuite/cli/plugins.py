"""`suite plugins`: what is installed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from nlpsuite.cli.console import Console
from nlpsuite.cli.options import JsonOption, QuietOption, VerboseOption
from nlpsuite.host.catalog import DISABLE, find_plugins, unknown_disabled

if TYPE_CHECKING:
    from nlpsuite.host.catalog import Plugin


def make_app() -> typer.Typer:
    """Make the group of commands."""
    app = typer.Typer(help="List the installed plugins.", rich_markup_mode=None)
    app.command("list")(list_plugins)
    # A callback keeps `list` a command of its own while it is the only one.
    app.callback()(lambda: None)
    return app


def list_plugins(as_json: JsonOption = False, quiet: QuietOption = False, verbose: VerboseOption = False) -> None:
    """List the installed plugins; imports none of them."""
    console = Console(quiet=quiet, verbose=verbose)
    plugins = find_plugins()
    for name in unknown_disabled(plugins):
        console.warn(f"{DISABLE} names `{name}`, and no plugin or distribution is called that")
    if as_json:
        console.json({"command": "plugins list", "plugins": [describe(plugin) for plugin in plugins]})
    elif plugins:
        rows = [list(describe(plugin).values()) for plugin in plugins]
        console.result_table([name.upper() for name in describe(plugins[0])], rows)
    else:
        console.say("no plugin is installed; a plugin is a package such as nlpsuite-<task>")


def describe(plugin: Plugin) -> dict[str, str]:
    """Return what is shown of a plugin, by the names that `--json` uses, in the order of the table's columns."""
    return {
        "name": plugin.name,
        "state": "enabled" if plugin.enabled else "disabled",
        "distribution": plugin.distribution,
        "version": plugin.version,
        "summary": plugin.summary,
        "origin": "missing" if plugin.origin is None else str(plugin.origin),
    }
