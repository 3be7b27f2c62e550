"""The flags that several commands share, and the small units people type: `1h30m`, `1.5M`.

Every flag is None when it is not given, so that it overrides a recipe only when the user typed it.
"""

from __future__ import annotations

import re
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any

import typer

from nlpsuite.errors import UserError

_SECONDS = {"d": 86400, "h": 3600, "m": 60, "s": 1}
_PAIRS = {"--columns": "text=sentence,label=stars", "--splits": "train=train,valid=validation,test=test"}
_TIMES = {"": 1, "k": 10**3, "m": 10**6, "b": 10**9, "g": 10**9, "t": 10**12}


class Precision(StrEnum):
    """What numbers the network computes with."""

    auto = "auto"
    fp32 = "32"
    bf16 = "bf16"
    fp16 = "16"


def parse_duration(text: str, where: str = "--time") -> float:
    """Read a duration such as `30m`, `1h30m`, `90s`, `1.5h` or `2d` as seconds.

    Raises:
        UserError: It has no unit, is not a duration, or is zero.
    """
    compact = re.sub(r"\s+", "", text).lower()
    if re.fullmatch(r"[0-9]+(\.[0-9]+)?", compact):
        raise UserError(f"`{text}` has no unit", where=where, fix=f"write {compact}s, {compact}m or {compact}h")
    parts = re.findall(r"([0-9]+(?:\.[0-9]+)?)([dhms])", compact)
    units = [unit for _, unit in parts]
    # Units fall in size and none comes twice, so that `30m1h` or `1m1m`, most likely slips, are not added up.
    in_order = units == [unit for unit in _SECONDS if unit in units]
    if not parts or "".join(number + unit for number, unit in parts) != compact or not in_order:
        raise UserError(f"`{text}` is not a duration", where=where, fix="write it like 30m, 1h30m or 90s")
    seconds = float(sum(Decimal(number) * _SECONDS[unit] for number, unit in parts))
    if seconds <= 0:
        raise UserError(f"`{text}` is no time at all", where=where, fix="give more than zero")
    return seconds


def parse_count(text: str, where: str = "count") -> int:
    """Read a whole number above zero, with `_` or `,` between thousands and k, M, B (or G), T if wanted: `1.5M`.

    Raises:
        UserError: It is not a number, not whole, or zero.
    """
    match = re.fullmatch(r"([0-9]+|[0-9]{1,3}(?:[,_][0-9]{3})+)(\.[0-9]+)?([kmbgt]?)", text.strip().lower())
    if match is None:
        raise UserError(f"`{text}` is not a count", where=where, fix="write it like 5000, 200k or 1.5M")
    whole, fraction, unit = match.groups()
    value = Decimal(re.sub("[,_]", "", whole) + (fraction or "")) * _TIMES[unit]
    if value <= 0 or value != int(value):
        raise UserError(f"`{text}` is not a whole number above zero", where=where, fix="write it like 5000 or 1.5M")
    return int(value)


def parse_size(text: str, where: str) -> int:
    """Read a number of bytes such as `500MB` or `2GB`.

    Raises:
        UserError: It is none, or less than a megabyte.
    """
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)\s*(mb|gb)", text.strip().lower())
    size = int(Decimal(match[1]) * (10**6 if match[2] == "mb" else 10**9)) if match else 0
    if size < 10**6:
        raise UserError(f"`{text}` is no size of a file", where=where, fix="write it like 500MB or 2GB")
    return size


def parse_devices(text: str, where: str = "--devices") -> str:
    """Check which devices to use: `auto`, how many (`2`), or their indices (`0,1`; `3,` is the one with index 3).

    Raises:
        UserError: It is none of these.
    """
    compact = text.replace(" ", "").lower()
    if compact == "auto" or re.fullmatch(r"[1-9][0-9]*|[0-9]+,([0-9]+,?)*", compact):
        return compact
    raise UserError(
        f"`{text}` names no devices", where=where, fix="write auto, a number such as 2, or indices such as 0,1"
    )


def parse_rate(text: str, where: str = "--lr") -> float:
    """Read a learning rate above zero, such as `3e-4`.

    Raises:
        UserError: It is not a finite number above zero.
    """
    if re.fullmatch(r"[0-9]*\.?[0-9]+(e[+-]?[0-9]{1,3})?", text.strip().lower()):
        rate = float(text)
        if 0 < rate < float("inf"):
            return rate
    raise UserError(f"`{text}` is not a learning rate", where=where, fix="write it like 3e-4")


def given(**flags: Any) -> dict[str, Any]:
    """Keep the flags the user typed, those that are not None."""
    return {name: value for name, value in flags.items() if value is not None}


def check_trust(trust: bool, *, resume: bool) -> None:
    """Check that a flag of resuming was not typed where nothing is resumed.

    Raises:
        UserError: It was.
    """
    if trust and not resume:
        raise UserError(
            "there is no checkpoint to trust", where="--trust-checkpoint", fix="add --resume, or leave it out"
        )


def parse_pairs(texts: list[str] | None, where: str) -> dict[str, str] | None:
    """Read `text=sentence,label=stars`, in one flag or several; None where there is none.

    Raises:
        UserError: An item has no `=`, or a name is given twice.
    """
    if texts is None:
        return None
    pairs: dict[str, str] = {}
    for item in (part.strip() for text in texts for part in text.split(",")):
        name, equals, value = (part.strip() for part in item.partition("="))
        if not equals or not name:
            raise UserError(f"`{item}` is no NAME=VALUE", where=where, fix=f"write it like {where} {_PAIRS[where]}")
        if name in pairs:
            raise UserError(f"`{name}` is given twice", where=where, fix="give it once")
        pairs[name] = value
    return pairs


def _parse_time(text: str) -> float:
    return parse_duration(text, "--time")


def _parse_batch_tokens(text: str) -> int:
    return parse_count(text, "--batch-tokens")


def _parse_limit(text: str) -> int:
    return parse_count(text, "--limit")


def _parse_rows(text: str) -> int:
    return parse_count(text, "--rows")


def _parse_max_tokens(text: str) -> int:
    return parse_count(text, "--max-tokens")


def _parse_max_steps(text: str) -> int:
    return parse_count(text, "--max-steps")


def _parse_epochs(text: str) -> int:
    return parse_count(text, "--epochs")


def _parse_devices(text: str) -> str:
    return parse_devices(text)


def _parse_rate(text: str) -> float:
    return parse_rate(text)


def _note_verbose(context: typer.Context, value: bool) -> bool:
    # The command's frame shows a traceback only with -v, and it sees errors after the command has ended.
    if value:
        context.ensure_object(dict)["verbose"] = True
    return value


class BadNumbers(StrEnum):
    """What to do where a loss or gradient is not finite."""

    stop = "stop"
    skip = "skip"
    rollback = "rollback"


OnNanOption = Annotated[
    BadNumbers | None,
    typer.Option(
        "--on-nan", help="Where a loss or gradient is not finite: stop, skip the step, or go back to the last save."
    ),
]
TrustOption = Annotated[
    bool, typer.Option("--trust-checkpoint", help="Go on even from a state that was written in another folder.")
]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="Set any setting, for example --set a.b=1. Repeatable."),
]
SeedOption = Annotated[
    int | None, typer.Option("--seed", min=0, max=2**32 - 1, metavar="N", help="Seed of all chance.")
]
EpochsOption = Annotated[
    int | None, typer.Option("--epochs", parser=_parse_epochs, metavar="N", help="Passes over the training rows.")
]
BatchTokensOption = Annotated[
    int | None,
    typer.Option("--batch-tokens", parser=_parse_batch_tokens, metavar="N", help="Tokens in a batch, such as 16k."),
]
RateOption = Annotated[
    float | None, typer.Option("--lr", parser=_parse_rate, metavar="RATE", help="Highest learning rate, such as 3e-4.")
]
PretrainRateOption = Annotated[
    float | None,
    typer.Option(
        "--lr",
        parser=_parse_rate,
        metavar="RATE",
        help="Highest learning rate of AdamW, such as 3e-3; Muon's, for the matrices, is --set optimizer.matrix_lr.",
    ),
]
LimitOption = Annotated[
    int | None,
    typer.Option("--limit", parser=_parse_limit, metavar="N", help="Use only N inputs, for a quick try."),
]
ColumnsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--columns",
        metavar="NAME=COLUMN,...",
        help="Of a data set by name: the column to read as text, label, or what else the plugin reads.",
    ),
]
SplitsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--splits",
        metavar="train=SPLIT,...",
        help="Of a data set by name: the split, or slice such as train[:1000], for train, valid and test.",
    ),
]
PrecisionOption = Annotated[Precision | None, typer.Option("--precision", help="Numbers to compute with.")]
DevicesOption = Annotated[
    str | None,
    typer.Option(
        "--devices", parser=_parse_devices, metavar="auto|N|I,J", help="How many devices, or which ones; auto: one."
    ),
]
NodesOption = Annotated[int | None, typer.Option("--nodes", min=1, metavar="N", help="Machines that train together.")]
StrategyOption = Annotated[
    str | None,
    typer.Option("--strategy", metavar="NAME", help="How devices share the work: ddp, or fsdp for pretraining."),
]
TimeOption = Annotated[
    float | None,
    typer.Option("--time", parser=_parse_time, metavar="30m", help="Time budget the training is planned for."),
]
RowsOption = Annotated[
    int | None,
    typer.Option(
        "--rows", parser=_parse_rows, metavar="N", help="Of data sets by name: the first N rows of each split; all."
    ),
]
MaxTokensOption = Annotated[
    int | None,
    typer.Option("--max-tokens", parser=_parse_max_tokens, metavar="N", help="Tokens to train on, such as 1.5B."),
]
MaxStepsOption = Annotated[
    int | None,
    typer.Option("--max-steps", parser=_parse_max_steps, metavar="N", help="Optimiser steps to train for."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout as the last thing.")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Print warnings and results only.")]
VerboseOption = Annotated[
    bool, typer.Option("--verbose", "-v", callback=_note_verbose, help="Print more, and a traceback where it fails.")
]
