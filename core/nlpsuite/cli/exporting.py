"""`suite export`: give a model away in the layout that other tools read."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from nlpsuite.cli.console import Console
from nlpsuite.cli.options import JsonOption, QuietOption, VerboseOption


class Stored(StrEnum):
    """What weights are stored as."""

    float32 = "float32"
    bfloat16 = "bfloat16"
    float16 = "float16"


def export(
    target: Annotated[str, typer.Argument(metavar="RUN|BACKBONE", help="A run's folder, a model folder, or nano.")],
    to: Annotated[Path, typer.Option("--to", help="The new folder.")],
    store: Annotated[Stored, typer.Option("--store", help="What weights are stored as.")] = Stored.float32,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Write a model for transformers, vLLM, llama.cpp and others: no code of ours is needed to load it.

    Before the folder is whole, token ids and logits of a probe are compared with those here; a difference stops the export.
    """
    from nlpsuite.inference.exporting import export_model

    console = Console(quiet=quiet, verbose=verbose)
    found = export_model(target, to, store.value, console)
    if as_json:
        console.json({"command": "export", "folder": str(to), **found})
        return
    console.result_table(["what", "value"], [[name, str(value)] for name, value in found.items()])
