"""`suite plugins check`: whether a plugin keeps what every task promises."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nlpsuite.cli.console import Console
from nlpsuite.cli.options import JsonOption, QuietOption, VerboseOption
from nlpsuite.cli.outcome import FAILED

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    from nlpsuite.host.catalog import Plugin
    from nlpsuite.host.manager import PluginHost
    from nlpsuite.testing.run import Outcome
    from nlpsuite.testing.subject import Subject

TargetArgument = Annotated[str, typer.Argument(metavar="TARGET", help="A plugin's name or folder.")]


def check(
    target: TargetArgument,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Check that a plugin keeps what every task promises; exit status 1 where it does not."""
    from nlpsuite.host.manager import PluginHost
    from nlpsuite.host.resolve import resolve
    from nlpsuite.testing.run import run_checks
    from nlpsuite.testing.suite import CHECKS

    console = Console(quiet=quiet, verbose=verbose)
    host = PluginHost.installed(console)
    spec = resolve(target, host)
    plugin = host.owner(spec.name)
    assert plugin is not None, "a resolved task has an owner"
    outcomes: list[Outcome] = []
    with _reachable(plugin, host), console.progress("checking", len(CHECKS), "checks") as bar:
        for outcome in run_checks(_subject(plugin, spec)):
            outcomes.append(outcome)
            bar.update(len(outcomes), outcome.check.name)
    broken = sum(outcome.result == "broken" for outcome in outcomes)
    if as_json:
        console.json({"command": "plugins check", "task": spec.name, "broken": broken, "checks": described(outcomes)})
    else:
        rows = [[o.check.name, o.result, o.message or o.check.promise] for o in outcomes]
        console.result_table(["CHECK", "RESULT", "PROMISE"], rows)
        console.say(
            f"{len(outcomes) - broken} of {len(outcomes)} checks passed" + (f", {broken} broken" if broken else "")
        )
    if broken:
        raise typer.Exit(FAILED)


def described(outcomes: Sequence[Outcome]) -> list[dict[str, Any]]:
    """Return outcomes as `--json` shows them."""
    return [
        {"check": o.check.name, "promise": o.check.promise, "result": o.result, "message": o.message} for o in outcomes
    ]


def _reachable(plugin: Plugin, host: PluginHost) -> AbstractContextManager[None]:
    """Let a plugin that only its folder declares be imported for as long as it is checked."""
    from nlpsuite.host.folder import importable

    return nullcontext() if plugin in host.plugins else importable(plugin)


def _subject(plugin: Plugin, spec: Any) -> Subject:
    """Make what is checked; a fault of the plugin on the way is the plugin's.

    Raises:
        UserError: It cannot be made.
    """
    from nlpsuite.errors import UserError
    from nlpsuite.host.checks import describe
    from nlpsuite.testing.subject import make_subject

    try:
        return make_subject(spec, plugin.entry_point.value)
    except UserError:
        raise
    except Exception as error:
        what = f"task `{spec.name}` cannot be made: {describe(error)}"
        raise UserError(what, where=plugin.label, fix=f"correct {plugin.distribution}") from error
