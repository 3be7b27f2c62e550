"""SIGKILL at random instants of a run: the same command, typed again, ends with the very weights of a run that was not killed."""

from __future__ import annotations

import csv
import os
import random
import signal
import time

import pytest
import torch

from nlpsuite.backbone.checkpoint import load_backbone
from nlpsuite.files import temporary_pattern
from nlpsuite.training.checkpoints import LAST, PREVIOUS

INTERVAL = 2
KILLS = 50

kill = pytest.mark.fault(
    "SIGKILL at random instants, for half of them with TMPDIR on another file system",
    "the same command goes on to the same weights; at most one interval between checkpoints lost; nothing temporary left",
)


def weights(run):
    return load_backbone(run / "model")[0].state_dict()


def last_validated(run):
    if not (run / "metrics.csv").exists():
        return 0
    with (run / "metrics.csv").open(newline="") as file:
        return max((int(row["step"]) for row in csv.DictReader(file) if row.get("val/loss")), default=0)


def saved(run):
    steps = []
    for name in (LAST, PREVIOUS):
        if (run / "checkpoints" / name).is_file():
            steps.append(torch.load(run / "checkpoints" / name, weights_only=True)["global_step"])
    return max(steps, default=0)


@pytest.fixture(scope="module")
def whole():
    """Weights and duration of a run that is not killed, made by the first test that needs them."""
    return {}


@kill
@pytest.mark.parametrize("number", range(KILLS))
def test_a_killed_run_goes_on(suite, pretrain_words, tmp_path, whole, number, all_faults):
    if number >= 8 and not all_faults:
        pytest.skip("one of those that --all-faults runs")
    words = pretrain_words(steps=40, validations=40 // INTERVAL)
    if not whole:
        begun = time.monotonic()
        process = suite(*words, "--out", "whole")
        assert process.wait() == 0, process.err
        whole.update(seconds=time.monotonic() - begun, weights=weights(tmp_path / "whole"))
    draw, run = random.Random(number), tmp_path / "run"
    other = {"TMPDIR": "/dev/shm"} if number % 2 and os.path.isdir("/dev/shm") else {}
    process = suite(*words, "--out", "run", **other)
    time.sleep(draw.uniform(0.2, 1.0) * whole["seconds"])
    if process.poll() is None:
        os.kill(process.pid, signal.SIGKILL)
    assert process.wait() in (0, -signal.SIGKILL)
    if process.status != 0:
        assert last_validated(run) - saved(run) <= INTERVAL
        again = suite(*words, "--out", "run", **other)
        assert again.wait() == 0, again.err
    made = weights(run)
    assert all(torch.equal(value, made[name]) for name, value in whole["weights"].items())
    assert list(run.rglob(temporary_pattern())) == []
