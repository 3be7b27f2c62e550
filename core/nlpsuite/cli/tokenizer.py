"""`suite tokenizer`: train one on text, and see what it makes of text."""

from __future__ import annotations

import sys
import time
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nlpsuite.cli.console import Console
from nlpsuite.cli.options import (
    JsonOption,
    QuietOption,
    RowsOption,
    SeedOption,
    SplitsOption,
    VerboseOption,
    parse_count,
    parse_pairs,
)
from nlpsuite.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import BinaryIO

    from nlpsuite.text.tokenizer import Tokenizer

DEFAULT_SEED, DEFAULT_VOCAB_SIZE = 1, 8192
_MEASURED_LINES = 5000


class Documents(StrEnum):
    """What separates documents in plain text."""

    auto = "auto"
    blank = "blank"
    line = "line"
    file = "file"


def make_app() -> typer.Typer:
    """Make the group of commands."""
    app = typer.Typer(help="Train a tokenizer, and see what it makes of text.", rich_markup_mode=None)
    app.command("train")(train)
    app.command("encode")(encode)
    return app


def _parse_vocab_size(text: str) -> int:
    return parse_count(text, "--vocab-size")


def _parse_max_bytes(text: str) -> int:
    return parse_count(text, "--max-bytes")


def train(
    text: Annotated[list[str], typer.Argument(metavar="TEXT...", help="Files, folders, globs, -, or hf:ORG/NAME.")],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="A new folder for the tokenizer.")],
    vocab_size: Annotated[
        int | None,
        typer.Option("--vocab-size", parser=_parse_vocab_size, metavar="N", help="The number of pieces; 8192."),
    ] = None,
    max_bytes: Annotated[
        int | None,
        typer.Option("--max-bytes", parser=_parse_max_bytes, metavar="N", help="Train on a sample this large; 64M."),
    ] = None,
    documents: Annotated[
        Documents, typer.Option("--documents", help="What separates documents in plain text.")
    ] = Documents.auto,
    field: Annotated[
        str,
        typer.Option("--field", metavar="NAME", help="The field of JSON records, or the column, that holds the text."),
    ] = "text",
    rows: RowsOption = None,
    splits: SplitsOption = None,
    seed: SeedOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Train a tokenizer on a sample of the text."""
    from nlpsuite.config import build
    from nlpsuite.hub.corpora import with_data_sets_read
    from nlpsuite.text.corpus import TextSettings, read_corpus
    from nlpsuite.text.sample import sample_text
    from nlpsuite.text.sources import find_sources
    from nlpsuite.text.train_tokenizer import SAMPLE_BYTES, train_tokenizer

    console = Console(quiet=quiet, verbose=verbose)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UserError("the output folder is not empty", where=out, fix="give another --out, or remove it")
    begun, used_seed = time.perf_counter(), DEFAULT_SEED if seed is None else seed
    settings = build(TextSettings, {"documents": documents.value, "field": field}, where="suite tokenizer train")
    slices = parse_pairs(splits, "--splits") or {}
    sources = find_sources(with_data_sets_read(text, field=field, rows=rows, splits=slices, report=console))
    with read_corpus(sources, settings, seed=used_seed, report=console) as corpus:
        lines, sample = sample_text(corpus, max_bytes=max_bytes or SAMPLE_BYTES, seed=used_seed)
    console.say(sample.sentence())
    tokenizer = train_tokenizer(lines, vocab_size=vocab_size or DEFAULT_VOCAB_SIZE, report=console)
    facts = {
        "tokenizer": str(tokenizer.save(out)),
        "sha256": tokenizer.sha256,
        "vocab_size": tokenizer.vocab_size,
        "documents_seen": sample.documents_seen,
        "bytes_seen": sample.bytes_seen,
        "documents_used": sample.documents_sampled,
        "bytes_used": sample.bytes_sampled,
        "lines": sample.lines,
        "lines_split": sample.lines_split,
        "blank_lines": sample.blank_lines,
        "bytes_per_token": round(_bytes_per_token(tokenizer, lines), 3),
        "seed": used_seed,
        "seconds": round(time.perf_counter() - begun, 3),
    }
    if as_json:
        console.json({"command": "tokenizer train"} | facts)
    else:
        console.result_table([], [[name.replace("_", " "), str(value)] for name, value in facts.items()])


def encode(
    tokenizer: Annotated[
        Path, typer.Argument(metavar="TOKENIZER", help="A tokenizer.model, or a folder with one, such as a backbone's.")
    ],
    file: Annotated[str, typer.Argument(metavar="[FILE|-]", help="Text, one a line; - is stdin.")] = "-",
    ids: Annotated[bool, typer.Option("--ids", help="Show the ids; so it is without a flag.")] = False,
    pieces: Annotated[bool, typer.Option("--pieces", help="Show the pieces; \u2581 is a space.")] = False,
    offsets: Annotated[bool, typer.Option("--offsets", help="Show id:begin:end, in characters of the line.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line, with all of it.")] = False,
    verbose: VerboseOption = False,
) -> None:
    """Show lines of text as tokens: for each line in, one line out."""
    if ids + pieces + offsets + as_json > 1:
        raise UserError("only one output at a time", where="--ids, --pieces, --offsets, --json", fix="give one of them")
    from nlpsuite.text.json_tokenizer import load_tokenizer

    console, model = Console(verbose=verbose), load_tokenizer(tokenizer)
    for number, line in enumerate(_lines(file), start=1):
        try:
            found, spans = model.encode_with_offsets(line)
        except UserError as error:
            raise UserError(error.what, where=_name(file), line=number, fix=error.fix) from None
        if as_json:
            console.json(_described(model, line, found, spans))
        elif pieces:
            console.result(" ".join(model.piece(index) for index in found))
        elif offsets:
            console.result(" ".join(f"{index}:{begin}:{end}" for index, (begin, end) in zip(found, spans, strict=True)))
        else:
            console.result(" ".join(map(str, found)))


def _described(tokenizer: Tokenizer, line: str, ids: Sequence[int], spans: Sequence[tuple[int, int]]) -> dict[str, Any]:
    return {"text": line, "ids": ids, "pieces": [tokenizer.piece(index) for index in ids], "offsets": spans}


def _bytes_per_token(tokenizer: Tokenizer, lines: Sequence[str]) -> float:
    measured = lines[:: max(1, len(lines) // _MEASURED_LINES)]
    tokens = sum(len(ids) for ids in tokenizer.encode_arrays(measured))
    return sum(len(line.encode()) for line in measured) / tokens


def _name(file: str) -> str:
    return "<stdin>" if file == "-" else file


def _lines(file: str) -> Iterator[str]:
    """Read lines as they come in, without their ends.

    Raises:
        UserError: The file cannot be read, or a line is not UTF-8.
    """
    if file == "-":
        yield from _decoded(sys.stdin.buffer, _name(file))
        return
    try:
        with open(file, "rb") as stream:
            yield from _decoded(stream, file)
    except OSError as error:
        raise UserError(f"cannot be read ({error.strerror})", where=file, fix="give a file of text, or -") from None


def _decoded(stream: BinaryIO, name: str) -> Iterator[str]:
    for number, line in enumerate(stream, start=1):
        try:
            text = line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError:
            raise UserError(
                "not UTF-8", where=name, line=number, fix="convert the file, for example with iconv"
            ) from None
        yield text.removesuffix("\n").removesuffix("\r")
