"""`suite export`: give a model away in the layout that other tools read."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from nlpsuite.cli.console import Console
from nlpsuite.cli.options import JsonOption, QuietOption, VerboseOption, parse_size
from nlpsuite.errors import UserError


class Stored(StrEnum):
    """What weights are stored as."""

    float32 = "float32"
    bfloat16 = "bfloat16"
    float16 = "float16"


class Format(StrEnum):
    """What is written."""

    safetensors = "safetensors"
    onnx = "onnx"


def export(
    target: Annotated[str, typer.Argument(metavar="RUN|BACKBONE", help="A run's folder, a model folder, or nano.")],
    to: Annotated[Path, typer.Option("--to", help="The new folder.")],
    store: Annotated[Stored, typer.Option("--store", help="What weights are stored as.")] = Stored.float32,
    format_: Annotated[
        Format,
        typer.Option("--format", help="safetensors: weights in Hugging Face's layout; onnx: the task as a graph."),
    ] = Format.safetensors,
    shard_size: Annotated[
        str | None,
        typer.Option("--shard-size", metavar="SIZE", help="What one file of weights holds at most, such as 2GB; 5GB."),
    ] = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Write a model for transformers, vLLM, llama.cpp and others: no code of ours is needed to load it.

    Before the folder is whole, token ids and logits of a probe are compared with those here; a difference stops the export.
    With --format onnx the graph is the whole task, from token ids to scores, checked in onnxruntime.
    """
    from nlpsuite.host.manager import PluginHost

    console = Console(quiet=quiet, verbose=verbose)
    shard_bytes = parse_size(shard_size or "5GB", "--shard-size")
    host = PluginHost.installed(console)
    if format_ is Format.onnx:
        from nlpsuite.inference.exporting_onnx import export_graph

        if store is not Stored.float32:
            raise UserError("a graph is stored as float32", where="--store", fix="leave it out")
        if shard_size is not None:
            raise UserError("a graph is one file", where="--shard-size", fix="leave it out")
        found = export_graph(target, to, host)
    else:
        from nlpsuite.inference.exporting import export_model

        found = export_model(target, to, store.value, shard_bytes, host, console)
    if as_json:
        console.json({"command": "export", "folder": str(to), **found})
        return
    console.result_table(["what", "value"], [[name, str(value)] for name, value in found.items()])
