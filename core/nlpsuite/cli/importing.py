"""`suite import`: take a pretrained model of another make as a backbone."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from nlpsuite.cli.console import Console
from nlpsuite.cli.options import JsonOption, QuietOption, VerboseOption


def import_(
    source: Annotated[
        str,
        typer.Argument(metavar="DIR|ORG/NAME", help="A folder in Hugging Face's layout, or a model's name on its hub."),
    ],
    out: Annotated[Path | None, typer.Option("--out", help="The new folder; models/<name> by default.")] = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Take a pretrained model (Qwen3, Qwen2.5, Llama, SmolLM2, Mistral) as a backbone for `--backbone` and `--init`."""
    from nlpsuite.inference.importing import import_model
    from nlpsuite.people import people_count

    console = Console(quiet=quiet, verbose=verbose)
    place = Path(source).expanduser()
    folder = out or Path("models") / (place.resolve().name if place.is_dir() else source.rstrip("/").rsplit("/", 1)[-1])
    found = import_model(source, folder, console)
    if as_json:
        console.json({"command": "import", "model": str(folder), **found})
        return
    found["parameters"] = people_count(found["parameters"])
    found["special tokens"] = ", ".join(f"{name} {piece}" for name, piece in found["special tokens"].items())
    console.result_table(["what", "value"], [[name, str(value)] for name, value in found.items()])
    console.result(f"next: suite run sentiment --backbone {shlex.quote(str(folder))}")
