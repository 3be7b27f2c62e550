"""`suite predict`: the input, the label and the probability of each label, one line of JSON for each input."""

from __future__ import annotations

import json
import shlex
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nlpsuite.cli.console import Console
from nlpsuite.cli.options import (
    BatchTokensOption,
    ColumnsOption,
    JsonOption,
    LimitOption,
    QuietOption,
    SplitsOption,
    VerboseOption,
    parse_pairs,
)
from nlpsuite.cli.progress import format_seconds
from nlpsuite.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from nlpsuite.hub.request import Purpose

RunArgument = Annotated[str, typer.Argument(metavar="RUN", help="A run's folder, or its model folder.")]
OutOption = Annotated[
    Path | None, typer.Option("--out", metavar="FILE", help="Write the predictions to this new file.")
]

ReadingOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="task.NAME=VALUE", help="The task's own setting, such as task.text=COLUMN; repeatable."
    ),
]


def predict(
    run: RunArgument,
    file: Annotated[
        str,
        typer.Argument(
            metavar="[FILE|-]", help="Texts: a table, JSON Lines, or one a line; - for a pipe; or hf:ORG/NAME."
        ),
    ] = "-",
    columns: ColumnsOption = None,
    splits: SplitsOption = None,
    out: OutOption = None,
    assignments: ReadingOption = None,
    batch_tokens: BatchTokensOption = None,
    limit: LimitOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Predict texts with a fine-tuned model; prints JSON Lines in the order of the input, one for each input."""
    console = Console(quiet=quiet, verbose=verbose)
    if as_json and out is None:
        raise UserError("stdout holds the predictions", where="--json", fix="add --out FILE")
    check_new(out)
    from nlpsuite.inference.open_model import batch_tokens_for, open_task_model
    from nlpsuite.inference.predict import predict_groups, prediction_record, rows_to_predict

    model = open_task_model(run, console, task_settings(assignments))
    source = data_at(file, "predict", columns, splits, limit, console)
    if file == "-" and sys.stdin.isatty():
        console.say("type one text a line; Ctrl-D ends")
    begun, count = time.perf_counter(), 0
    with rows_to_predict(model.task, source) as groups, record_writer(out) as to_file:
        tokens = batch_tokens_for(model.backbone, batch_tokens)
        for row, prediction in predict_groups(model, groups, batch_tokens=tokens, limit=limit):
            (to_file or console.json)(prediction_record(row, prediction))
            count += 1
    seconds = time.perf_counter() - begun
    if not count:
        console.warn(f"{file}: no input, so no predictions")
    place = "" if out is None else f", in {out}"
    console.say(f"{count:,} predictions in {format_seconds(seconds)}, {count / seconds:,.0f} a second{place}")
    if as_json:
        facts = {"command": "predict", "run": run, "task": model.name, "rows": count, "out": str(out)}
        console.json(facts | {"seconds": round(seconds, 3), "rows_per_second": round(count / seconds, 1)})


def data_at(
    data: str,
    purpose: Purpose,
    columns: list[str] | None,
    splits: list[str] | None,
    limit: int | None,
    console: Console,
) -> str:
    """Return the path of data: as it was typed, or of the rows of a data set by its name, which are read first.

    Args:
        data: What the user typed.
        purpose: To `score` or to `predict`.
        columns: What `--columns` says.
        splits: What `--splits` says.
        limit: The most rows that are needed, or None.
        console: Told what is read.

    Raises:
        UserError: The data set cannot be read, or the flags stand beside a file.
    """
    from nlpsuite.hub.names import in_full, is_named

    names, slices = parse_pairs(columns, "--columns"), parse_pairs(splits, "--splits")
    if not is_named(data):
        for flag, value in (("--columns", names), ("--splits", slices)):
            if value is not None:
                raise UserError(f"{flag} is for a data set by name, hf:ORG/NAME", where=data, fix="leave it out")
        return data
    from nlpsuite.hub.folder import data_file
    from nlpsuite.hub.request import request

    return str(data_file(request(in_full(data), purpose, names or {}, slices or {}, limit), console))


def task_settings(assignments: list[str] | None) -> dict[str, Any]:
    """Return what `--set` says of the task, by the names of its settings.

    Raises:
        UserError: Something else is set.
    """
    from nlpsuite.config import parse_assignments

    values = parse_assignments(assignments or [])
    own = values.pop("task", {})
    if values or not isinstance(own, dict):
        name = next(iter(values), "task")
        raise UserError(f"`{name}` is no setting of the task", where="--set", fix="write --set task.NAME=VALUE")
    return own


def check_new(out: Path | None) -> None:
    """Refuse a file to write to that is there already, or whose folder is not.

    Raises:
        UserError: It is so.
    """
    if out is None:
        return
    if out.exists():
        raise UserError("exists already", where=out, fix="give another --out, or remove it")
    if not out.parent.is_dir():
        raise UserError("its folder does not exist", where=out, fix=f"make it: mkdir -p {shlex.quote(str(out.parent))}")


@contextmanager
def record_writer(out: Path | None) -> Iterator[Callable[[dict[str, Any]], object] | None]:
    """Give what writes a record to a file that is there when it is whole; None where there is no file."""
    if out is None:
        yield None
        return
    from nlpsuite.files import replacing

    with replacing(out) as temporary, temporary.open("w", encoding="utf-8") as file:
        yield lambda record: file.write(json.dumps(record, ensure_ascii=False) + "\n")
