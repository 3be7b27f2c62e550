"""The command `suite`: its commands and its frame."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.main import get_command

from nlpsuite import __version__
from nlpsuite.cli import evaluate, exporting, generate, importing, outcome, plugins, predict, pretrain, run, tokenizer
from nlpsuite.cli.console import Console
from nlpsuite.host.catalog import DISABLE, OTHERS

if TYPE_CHECKING:
    from collections.abc import Sequence

HELP = "Pretrain a language model on your own text, and grow NLP tasks on it through plugins."


def make_app() -> typer.Typer:
    """Make the application. A command's file imports nothing heavy at its top, so that `suite --help` is quick."""
    app = typer.Typer(
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback(help=HELP)(_root)
    app.command("pretrain")(pretrain.pretrain)
    app.command("run")(run.run)
    app.command("predict")(predict.predict)
    app.command("evaluate")(evaluate.evaluate)
    app.command("generate")(generate.generate)
    app.command("import")(importing.import_)
    app.command("export")(exporting.export)
    app.add_typer(plugins.make_app(), name="plugins")
    app.add_typer(tokenizer.make_app(), name="tokenizer")
    return app


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `suite` and return its exit status.

    Args:
        arguments: What the user typed after `suite`; those of this process if None.

    Returns:
        0 done, 1 failed, 2 the user's input is wrong, 128 + the signal's number after a signal.
    """
    typed = list(sys.argv[1:] if arguments is None else arguments)
    # What the terminal's encoding lacks is shown as an escape; it never ends the command.
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    noted: dict[str, Any] = {"typed": typed}
    try:
        status = get_command(make_app()).main(typed or ["--help"], "suite", standalone_mode=False, obj=noted)
        sys.stdout.flush()
        if status == 128 + signal.SIGINT:
            raise KeyboardInterrupt
    except BaseException as error:
        return outcome.tell(error, Console(), verbose=noted.get("verbose", False))
    return status if isinstance(status, int) else 0


def _show_version(wanted: bool) -> None:
    if wanted:
        Console().result(f"suite {__version__}")
        raise typer.Exit


def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and end.")
    ] = False,
    no_plugins: Annotated[
        bool, typer.Option("--no-plugins", help="Load no plugin but the suite's own, whatever is installed.")
    ] = False,
) -> None:
    """Take the flags that stand before a command."""
    if no_plugins:
        # In the environment, so that processes which this one starts for other devices know it too.
        os.environ[DISABLE] = ",".join(filter(None, [os.environ.get(DISABLE), OTHERS]))
