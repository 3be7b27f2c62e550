from __future__ import annotations

import pytest
import typer
from typer.main import get_command

from nlpsuite.cli import options as o
from nlpsuite.errors import UserError


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90),
        ("30m", 1800),
        ("1h30m", 5400),
        ("1h 30m", 5400),
        ("1.5H", 5400),
        ("2d", 172800),
        ("1d2h3m4s", 93784),
        ("0.5s", 0.5),
    ],
)
def test_durations(text, seconds):
    assert o.parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "m", "abc", "30x", "-5m", "1m1h", "1m1m", "1e3s", "30m!", "nan", "inf s", "٣m", "0s", "0h0m"]
)
def test_nonsense_is_no_duration(text):
    with pytest.raises(UserError, match=r"^--time: "):
        o.parse_duration(text)


@pytest.mark.parametrize("text", ["45", "1.5"])
def test_a_duration_without_a_unit_says_which(text):
    with pytest.raises(UserError, match=f"^--time: `{text}` has no unit; write {text}s, {text}m or {text}h$"):
        o.parse_duration(text)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("5", 5),
        ("1.5M", 1_500_000),
        ("200k", 200_000),
        ("10B", 10**10),
        ("2g", 2 * 10**9),
        ("1,000,000", 10**6),
        ("1_000", 1000),
        ("0.1m", 100_000),
    ],
)
def test_counts(text, count):
    assert o.parse_count(text) == count


@pytest.mark.parametrize(
    "text", ["", "0", "-1", "1.5", "1,00", "k", "1kk", "1.0001k", "abc", "1e6", "nan", "0.0000001M", "٣"]
)
def test_nonsense_is_no_count(text):
    with pytest.raises(UserError, match=r"^--limit: "):
        o.parse_count(text, "--limit")


@pytest.mark.parametrize("text", ["auto", "1", "12", "0,1", "3,", "0, 2"])
def test_devices(text):
    assert o.parse_devices(text) == text.replace(" ", "")


@pytest.mark.parametrize("text", ["", "0", "-1", "gpu", "1,,2", ",1"])
def test_nonsense_is_no_devices(text):
    with pytest.raises(UserError, match=r"^--devices: "):
        o.parse_devices(text)


@pytest.mark.parametrize(("text", "rate"), [("3e-4", 3e-4), ("0.001", 0.001), (".5", 0.5), ("1", 1.0)])
def test_rates(text, rate):
    assert o.parse_rate(text) == rate


@pytest.mark.parametrize("text", ["0", "-1", "nan", "inf", "1e400", "1e999", "fast", ""])
def test_nonsense_is_no_rate(text):
    with pytest.raises(UserError, match=r"^--lr: "):
        o.parse_rate(text)


def test_given_keeps_what_was_typed():
    assert o.given(seed=0, lr=None, name="", flag=False) == {"seed": 0, "name": "", "flag": False}


def run(*arguments: str) -> tuple[dict[str, object], dict[str, bool]]:
    app = typer.Typer()
    seen: dict[str, object] = {}

    @app.command()
    def command(
        assignments: o.SetOption = None,
        seed: o.SeedOption = None,
        epochs: o.EpochsOption = None,
        batch_tokens: o.BatchTokensOption = None,
        lr: o.RateOption = None,
        limit: o.LimitOption = None,
        precision: o.PrecisionOption = None,
        devices: o.DevicesOption = None,
        nodes: o.NodesOption = None,
        strategy: o.StrategyOption = None,
        seconds: o.TimeOption = None,
        max_tokens: o.MaxTokensOption = None,
        max_steps: o.MaxStepsOption = None,
        as_json: o.JsonOption = False,
        quiet: o.QuietOption = False,
        verbose: o.VerboseOption = False,
    ) -> None:
        seen.update(locals())

    noted: dict[str, bool] = {}
    get_command(app).main(list(arguments), "x", standalone_mode=False, obj=noted)
    seen.pop("seen")
    return {name: value for name, value in seen.items() if value not in (None, False, [])}, noted


def test_flags_that_are_not_given_are_none():
    assert run() == ({}, {})


def test_every_flag_arrives_with_its_type():
    line = (
        "--set a.b=1 --set c=d --seed 3 --epochs 2 --batch-tokens 16k --lr 3e-4 --limit 1k --precision bf16 "
        "--devices 0,1 --nodes 2 --strategy ddp --time 1h30m --max-tokens 1.5M --max-steps 10 --json -q -v"
    )
    values, noted = run(*line.split())
    assert values == {
        "assignments": ["a.b=1", "c=d"],
        "seed": 3,
        "epochs": 2,
        "batch_tokens": 16_000,
        "lr": 3e-4,
        "limit": 1000,
        "precision": "bf16",
        "devices": "0,1",
        "nodes": 2,
        "strategy": "ddp",
        "seconds": 5400.0,
        "max_tokens": 1_500_000,
        "max_steps": 10,
        "as_json": True,
        "quiet": True,
        "verbose": True,
    }
    assert noted == {"verbose": True}


def test_a_value_that_does_not_fit_names_its_flag():
    with pytest.raises(UserError, match=r"^--batch-tokens: `lots`"):
        run("--batch-tokens", "lots")
