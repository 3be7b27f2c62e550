"""The benchmarks of pretraining: places for their tables, rows that name real settings, and one score for all."""

from __future__ import annotations

import importlib
import math
from pathlib import Path

import numpy as np
import pytest
import torch

from nlpsuite.backbone.config import preset
from nlpsuite.config import build, merge
from nlpsuite.training.pretraining.settings import ModelSettings, PretrainSettings

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def bench(monkeypatch):
    """Import a script of the benchmarks, which are no part of the package."""
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    return importlib.import_module


@pytest.mark.parametrize(
    "name",
    [
        "pretrain_speed",
        "gpu_speed",
        "time_to_loss",
        "ablations",
        "objectives",
        "blimp",
        "step_profile",
        "command_line",
        "lines_of_code",
    ],
)
def test_every_script_has_a_place_for_its_table(bench, name):
    script = bench(name)
    page = script.PAGE.read_text(encoding="utf-8")
    begin, end = script.MARKS
    assert page.count(begin) == page.count(end) == 1
    assert page.index(begin) < page.index(end)


def test_a_gpus_rows_are_of_the_sizes_they_say_and_its_speed_is_that_of_warm_steps(bench):
    gpu = bench("gpu_speed")
    millions = {}
    for name, sets in gpu.ROWS.items():
        shape = {key.removeprefix("model."): value for key, value in sets.items() if key.startswith("model.")}
        values = merge({"size": "nano"}, shape)
        model = build(ModelSettings, values, where=name)
        millions[name] = preset(model.size, **model.model_dump(exclude={"size"})).parameters / 1e6
    assert millions["50M, 2,048 tokens a row"] == pytest.approx(50, rel=0.05)
    assert millions["base, 124M"] == pytest.approx(124, rel=0.01)
    seconds = (1.0, 31.0, 61.0, 91.0)
    rows = [{"seconds": str(at), "tokens": str(int(1000 * max(0.0, at - 30))), "train/loss": "1"} for at in seconds]
    assert gpu.warm_speed([*rows, {"seconds": "95", "tokens": "61000", "train/loss": ""}]) == pytest.approx(1000)
    with pytest.raises(SystemExit, match="too short"):
        gpu.warm_speed(rows[:1])


def test_rows_of_the_ablations_change_settings_that_exist(bench):
    ablations = bench("ablations")
    settings = PretrainSettings()
    for name, change in [*ablations.CHANGES.items(), *bench("objectives").CHANGES.items()]:
        values: dict = {}
        for key, value in change.items():
            *sections, last = key.split(".")
            values = merge(values, {sections[0]: {last: value}} if sections else {last: value})
        build(PretrainSettings, values, where=name)
    for key, value in ablations.DEFAULTS.items():
        assert getattr(settings, key) == value, "the row of the defaults is not that of the defaults"


def test_a_table_of_ablations_is_told_beside_its_first_row(bench):
    record = {"bits_per_byte": 2.0, "steps": 1_000, "tokens_per_second": 3_000.0}
    found = bench("ablations").table({"plain": record, "other": record | {"bits_per_byte": 1.95}})
    assert "| other | 1.9500 | -0.0500 | 1,000 | 3,000 |" in found


def test_a_network_that_learned_masked_tokens_alone_has_no_figure_left_to_right(bench):
    record = {
        "change": {"objective.name": "masked"}, "bits_per_byte": 9.0, "blimp": {"causal": 0.5, "masked": 0.61},
        "sst2": 0.7, "conll2003": 0.65, "tokens_per_second": 3_000.0,
    }  # fmt: skip
    assert "| masked | – | – | 61.0 | 70.0 | 65.0 | 3,000 |" in bench("objectives").table({"masked": record})


def test_lines_of_code_are_those_that_hold_code(bench):
    source = '''"""A docstring
of two lines."""

import os  # one

# none
def f(x):
    """None."""
    text = """one
    two"""
    return (x,
            text)


class C:
    """None."""
'''
    assert bench("lines_of_code").code_lines(source) == 7
    assert bench("lines_of_code").other_lines('{\n  // none\n\n  "a": 1\n}\n') == 3


def test_peers_are_tuned_before_they_are_timed(bench):
    contest = bench("time_to_loss")
    names = contest.rows()
    records: dict = {}
    with pytest.raises(LookupError, match="not tuned yet"):
        contest.best("llama", records)
    for name in names[: names.index("llama-30m")]:
        records[name] = {"bits_per_byte": 2.0 if name != "llama-2e-3-8" else 1.9}
    assert contest.best("llama", records) == {"lr": "2e-3", "rows": 8}


def test_the_score_of_an_even_guess_is_the_logarithm_of_the_vocabulary(bench, tmp_path, text_file):
    """All networks are scored by one function; a network that knows nothing has a known score."""
    contest, text = bench("peerbench.contest"), bench("peerbench.text")
    folder = contest.prepare(text_file, tmp_path, 320)
    _, valid, tokenizer = text.open_text(folder)
    found = text.bits_per_byte(lambda ids: torch.zeros(*ids.shape, tokenizer.vocab_size), folder, 32)
    scored = np.concatenate([valid.document(number)[1:] for number in range(len(valid))])
    size = tokenizer.byte_lengths[scored.astype(np.int64)].sum()
    assert found == pytest.approx(math.log2(tokenizer.vocab_size) * len(scored) / size, rel=0.02)


def test_the_clock_of_the_peers_warms_up_and_ends_at_nothing(bench, monkeypatch):
    clock_module = bench("peerbench.clock")
    now = [0.0]
    monkeypatch.setattr(clock_module.time, "perf_counter", lambda: now[0])
    clock = clock_module.Clock(100.0)
    factors = []
    for now[0] in (0.0, 1.0, 2.0, 51.0, 100.0):
        factors.append(clock.factor())
    assert factors == pytest.approx([1e-3, 0.5, 1.0, 0.5, 1e-3])
    assert clock.over
