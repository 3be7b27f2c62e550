"""`suite plugins new`: a complete package for a task of one's own."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from nlpsuite.cli.console import Console
from nlpsuite.cli.options import JsonOption, QuietOption, VerboseOption
from nlpsuite.host.scaffold import Kind, PluginName, write_plugin

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="What users will type after `suite run`.")]
KindOption = Annotated[
    Kind,
    typer.Option(
        "--kind", help="text: labels of texts; pair: of pairs; tokens: words; span: parts; generate: writing."
    ),
]
ToOption = Annotated[Path, typer.Option("--to", metavar="DIR", help="The folder to write it into.")]


def new(
    name: NameArgument,
    kind: KindOption = Kind.TEXT,
    to: ToOption = Path(),
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Write a new plugin: a package that installs, trains and passes its tests as it is."""
    console = Console(quiet=quiet, verbose=verbose)
    parsed = PluginName.parse(name)
    files = write_plugin(parsed, kind, to.expanduser())
    folder = to.expanduser() / parsed.distribution
    if as_json:
        listed = [str(file) for file in files]
        console.json({"command": "plugins new", "name": parsed.task, "folder": str(folder), "files": listed})
        return
    console.result(str(folder))
    place = shlex.quote(f"./{folder}" if not folder.is_absolute() else str(folder))
    then = f"pip install -e {place} && suite plugins check {parsed.task} && suite run {parsed.task}"
    console.say(f"{len(files)} files; next: {then}")
