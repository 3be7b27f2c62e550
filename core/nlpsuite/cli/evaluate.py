"""`suite evaluate`: score a fine-tuned model on labelled rows, or a backbone on any text."""

from __future__ import annotations

import time
from contextlib import nullcontext
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

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
    parse_count,
)
from nlpsuite.cli.predict import OutOption, ReadingOption, check_new, data_at, record_writer, task_settings
from nlpsuite.cli.scores import show_scores
from nlpsuite.errors import UserError

if TYPE_CHECKING:
    from nlpsuite.inference.evaluate_rows import RowsScore

DEFAULT_OVERLAP = 0.5


class Documents(StrEnum):
    """What separates documents in plain text."""

    auto = "auto"
    blank = "blank"
    line = "line"
    file = "file"


def _parse_limit_bytes(text: str) -> int:
    return parse_count(text, "--limit-bytes")


def evaluate(
    target: Annotated[str, typer.Argument(metavar="RUN|BACKBONE", help="A run's folder, a model folder, or nano.")],
    data: Annotated[
        str,
        typer.Option(
            "--data",
            metavar="FILE|DIR|hf:ORG/NAME",
            help="Labelled rows, or for a backbone any text; or a data set of Hugging Face's hub by name.",
        ),
    ],
    columns: ColumnsOption = None,
    splits: SplitsOption = None,
    out: OutOption = None,
    assignments: ReadingOption = None,
    overlap: Annotated[
        float | None,
        typer.Option("--overlap", min=0, max=0.99, help="Text: share of the context that windows repeat; 0.5."),
    ] = None,
    documents: Annotated[
        Documents | None, typer.Option("--documents", help="Text: what separates documents; found by looking.")
    ] = None,
    field: Annotated[str | None, typer.Option("--field", help="Text: the JSON Lines field that holds it.")] = None,
    limit_bytes: Annotated[
        int | None,
        typer.Option("--limit-bytes", parser=_parse_limit_bytes, metavar="N", help="Text: read the first N bytes."),
    ] = None,
    batch_tokens: BatchTokensOption = None,
    limit: LimitOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Score a fine-tuned model on labelled rows; of a backbone, perplexity and bits per byte on any text.

    The prediction of each row is written beside it, to `evaluations/` in the run's folder or where --out says.
    """
    console = Console(quiet=quiet, verbose=verbose)
    for_text = {"--overlap": overlap, "--documents": documents, "--field": field, "--limit-bytes": limit_bytes}
    check_new(out)
    from nlpsuite.inference.locate import find_backbone
    from nlpsuite.inference.open_model import holds_head

    folder = find_backbone(target)
    score: RowsScore | None = None
    if holds_head(folder):
        _refuse(for_text, target, "is for text, and this target has a task's head")
        asked_of_task = task_settings(assignments)
        rows = Path(data_at(data, "score", columns, splits, limit, console)).expanduser()
        facts, score = _rows(target, rows, out, asked_of_task, batch_tokens, limit, console)
    else:
        _refuse(
            {"--out": out, "--limit": limit, "--set": assignments},
            target,
            "is for labelled rows, and this target is a backbone",
        )
        settings = {"documents": documents and documents.value, "field": field, "limit_bytes": limit_bytes}
        asked = {name: value for name, value in settings.items() if value is not None}
        share = DEFAULT_OVERLAP if overlap is None else overlap
        text = data_at(data, "predict", columns, splits, None, console)
        facts = _text(folder, text, asked, share, batch_tokens, console)
    if as_json:
        console.json({"command": "evaluate", **facts})
    else:
        console.result_table(*_table(facts))
        if score is not None:
            show_scores(console, score.tables, score.notes)


def _refuse(flags: dict[str, Any], target: str, why: str) -> None:
    for flag, value in flags.items():
        if value is not None:
            raise UserError(f"{flag} {why}", where=target, fix="leave it out, or name another target")


def _rows(
    target: str,
    data: Path,
    out: Path | None,
    asked: dict[str, Any],
    batch_tokens: int | None,
    limit: int | None,
    console: Console,
) -> tuple[dict[str, Any], RowsScore]:
    """Score labelled rows, and return what `--json` prints with the scores behind it."""
    from nlpsuite.files import folder_for_file
    from nlpsuite.inference.evaluate_rows import evaluate_rows, file_to_score, table_record
    from nlpsuite.inference.locate import evaluation_file
    from nlpsuite.inference.open_model import batch_tokens_for, open_task_model

    model = open_task_model(target, console, asked)
    source = file_to_score(model.task, data, console)
    own = None if out is not None else evaluation_file(target, source)
    out = out or own
    tokens = batch_tokens_for(model.backbone, batch_tokens)
    with nullcontext() if own is None else folder_for_file(own), record_writer(out) as write:
        score = evaluate_rows(model, source, batch_tokens=tokens, limit=limit, write=write, report=console)
    console.say("predictions: not kept; --out FILE writes them" if out is None else f"predictions: {out}")
    return {
        "run": target,
        "task": model.name,
        "data": str(source),
        "metrics": score.metrics,
        "baseline": score.baseline,
        "rows": score.rows,
        "seconds": round(score.seconds, 3),
        "rows_per_second": round(score.rows / score.seconds, 1),
        "out": None if out is None else str(out),
        "tables": [table_record(table) for table in score.tables],
        "notes": dict(score.notes),
    }, score


def _text(
    folder: Path, data: str, settings: dict[str, Any], overlap: float, batch_tokens: int | None, console: Console
) -> dict[str, Any]:
    """Score a text, and return what `--json` prints."""
    from nlpsuite.inference.evaluate_text import evaluate_text
    from nlpsuite.inference.open_model import batch_tokens_for, open_backbone
    from nlpsuite.inference.read_text import TextToRead

    text = TextToRead(data, **settings, report=console)
    backbone, tokenizer = open_backbone(folder)
    tokens = batch_tokens_for(backbone, batch_tokens)
    begun = time.perf_counter()
    with console.progress("scoring", float(text.stored_bytes), "bytes") as progress:
        score = evaluate_text(backbone, tokenizer, text.pieces(progress), overlap=overlap, batch_tokens=tokens)
    seconds = time.perf_counter() - begun
    if not score.tokens:
        raise UserError("the text holds nothing to predict", where=data, fix="give more text")
    return {
        "backbone": str(folder),
        "data": data,
        "metrics": {"loss": score.loss, "perplexity": score.perplexity, "bits_per_byte": score.bits_per_byte},
        "documents": text.documents,
        "tokens": score.tokens,
        "bytes": score.bytes,
        "overlap": overlap,
        "seconds": round(seconds, 3),
        "tokens_per_second": round(score.tokens / seconds, 1),
    }


def _table(facts: dict[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Lay the scores out for people."""
    if "baseline" in facts and not facts["baseline"]:
        return ["metric", "value"], [[name, f"{value:.4f}"] for name, value in facts["metrics"].items()]
    if "baseline" in facts:
        baseline = facts["baseline"]
        rows = [
            [name, f"{value:.4f}", f"{baseline[name]:.4f}" if name in baseline else ""]
            for name, value in facts["metrics"].items()
        ]
        return ["metric", "value", "simplest guess"], rows
    counts = [[name, f"{facts[name]:,}"] for name in ("documents", "tokens", "bytes")]
    time_row = [["seconds", f"{facts['seconds']:,.1f}"], ["tokens/s", f"{facts['tokens_per_second']:,.0f}"]]
    return ["metric", "value"], [[name, f"{value:.4f}"] for name, value in facts["metrics"].items()] + counts + time_row
