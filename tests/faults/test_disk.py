"""A disk that is full, in each phase of a run: the last good state stays, one line says so, nothing half-written is left."""

from __future__ import annotations

import json

import pytest

from nlpsuite.files import temporary_pattern

full = pytest.mark.fault(
    "disk full (RLIMIT_FSIZE) at the start, in a checkpoint, in the model, in the best weights; pretrain and run",
    "one clear line; last good checkpoint intact, nothing temporary left, and the same command goes on once there is room",
)

PRETRAIN = {"start": None, "checkpoint": ("write", 2), "model": ("model", 1)}


@full
@pytest.mark.parametrize("phase", list(PRETRAIN))
def test_the_disk_is_full_while_pretraining(suite, pretrain_words, tmp_path, phase):
    words = [*pretrain_words(steps=10, validations=5), "--out", "run"]
    where = PRETRAIN[phase]
    process = suite(*words, hooks=[["full_disk", 1500] if where is None else ["full_disk_at", *where, 20_000]])
    assert process.wait() in (1, 2), process.err
    _check(process, tmp_path / "run")
    again = suite(*words)
    assert again.wait() == 0, again.err
    assert ("going on with it" in again.err) == (phase != "start")
    assert json.loads((tmp_path / "run" / "metrics.json").read_text())["steps"] == 10


@full
@pytest.mark.parametrize("phase", ["start", "write", "model", "validation"])
def test_the_disk_is_full_while_fine_tuning(suite, tmp_path, backbone_folder, phase):
    data = tmp_path / "train.tsv"
    lines = [f"the {thing} was {word}\t{label}" for thing in ("film", "book", "meal", "song", "walk", "room")
             for word, label in (("good", "good"), ("bad", "bad"), ("warm", "good"), ("dull", "bad"))]  # fmt: skip
    data.write_text("\n".join(["text\tlabel", *lines]) + "\n")
    words = ["run", "sentiment", "--data", data, "--backbone", backbone_folder, "--max-steps", 8, "--out", "run"]
    words += ["--set", "validations=4", "--set", "validation_share=1", "--set", "batch_tokens=64"]
    # The second validation saves the weights that are the best so far, if they are.
    nth = {"write": 2, "model": 1, "validation": 2}.get(phase)
    process = suite(*words, hooks=[["full_disk", 300] if nth is None else ["full_disk_at", phase, nth, 2000]])
    assert process.wait() in (1, 2), process.err
    _check(process, tmp_path / "run")
    again = suite(*words)
    assert again.wait() == 0, again.err
    assert ("going on with it" in again.err) == (phase != "start"), again.err
    assert json.loads((tmp_path / "run" / "metrics.json").read_text())["steps"] == 8


def _check(process, run):
    last = process.err.strip().splitlines()[-1]
    assert last.startswith("error: "), process.err
    assert "a file may not be that large here" in last, last
    assert "Traceback" not in process.err
    left = [path for path in run.rglob("*") if path.match(temporary_pattern())]
    assert left == []
    assert not (run / "metrics.json").exists()
