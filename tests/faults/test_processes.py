"""Two processes that train as one: one is stopped in any phase, numbers go bad in one, and their number changes on the way."""

from __future__ import annotations

import json
import signal
import time

import pytest

stopped = pytest.mark.fault(
    "SIGTERM to one of two processes, in startup, training, validation, save",
    "no hang: all end within 30 s; the same command goes on",
)
changed = pytest.mark.fault(
    "2, then 1, then 2 processes (gloo)", "the same documents in the same order; loss within 1e-6 of one process's"
)
bad = pytest.mark.fault(
    "a loss that is not finite in one of two processes", "both stop before the update, and skip together"
)

PHASES = ("startup", "training", "validation", "save")


@stopped
@pytest.mark.parametrize("rank", [1, 0])
@pytest.mark.parametrize("phase", PHASES)
def test_one_is_stopped(suite, pretrain_words, tmp_path, phase, rank, all_faults):
    if (phase, rank) not in {("startup", 1), ("training", 1)} and not all_faults:
        pytest.skip("one of those that --all-faults runs")
    words = [*pretrain_words(steps=30, validations=3), "--out", "run", "--devices", 2]
    nth = {"startup": 1, "training": 3}.get(phase, 2)
    if phase == "save" and rank == 1:
        pytest.skip("only the first process saves")
    marks = tmp_path / "when"
    hooks = [["in_children", ["signal_at", phase, nth, signal.SIGTERM, rank, str(marks)]]]
    process = suite(*words, hooks=hooks)
    assert process.wait(150) == 128 + signal.SIGTERM, process.err
    assert time.time() - float(marks.read_text()) < 30
    again = suite(*words)
    assert again.wait(150) == 0, again.err
    assert ("going on with it" in again.err) == (phase != "startup")
    assert json.loads((tmp_path / "run" / "metrics.json").read_text())["steps"] == 30


@bad
@pytest.mark.parametrize("how", ["stop", "skip"])
def test_numbers_go_bad_in_one(several, pretrain_words, tmp_path, how):
    words = [*pretrain_words(steps=12, validations=3), "--objective", "hybrid", "--out", "run", "--on-nan", how]
    first, second = several(*words, hooks=[["spoil", 5, 1]])
    assert first.wait() == second.wait() == (2 if how == "stop" else 0), first.err
    metrics = tmp_path / "run" / "metrics.json"
    if how == "stop":
        assert "at step 3 (document " in first.err
        assert "Traceback" not in first.err + second.err
        assert not metrics.exists()
    else:
        assert json.loads(metrics.read_text())["bad_steps"] == 1
        assert "at step 3" in first.err


def test_a_process_without_a_row_to_validate_does_not_hang(suite, several, pretrain_words, tmp_path):
    words = [*pretrain_words(steps=4, validations=2), "--set", "valid_tokens=32"]
    alone = suite(*words, "--out", "alone")
    assert alone.wait() == 0, alone.err
    for process in several(*words, "--out", "both"):
        assert process.wait(60) == 0, process.err
    one, other = (json.loads((tmp_path / name / "metrics.json").read_text()) for name in ("alone", "both"))
    assert 0 < one["validation_tokens"] <= 32
    assert other["validation_tokens"] == one["validation_tokens"], "the one row counts once"
    assert other["val/loss"] == pytest.approx(one["val/loss"], rel=1e-5)


def steps_of(*logs):
    """Return the documents of each step, over all processes."""
    read = [[json.loads(line) for line in log.read_text().splitlines()] for log in logs]
    return [
        sorted(document for parts in entry for part in parts for document in part) for entry in zip(*read, strict=True)
    ]


@changed
def test_the_number_of_processes_changes_on_the_way(suite, several, pretrain_words, tmp_path):
    words = pretrain_words(steps=30, validations=3)
    process = suite(*words, "--out", "alone", hooks=[["note_documents", str(tmp_path / "alone.log")]])
    assert process.wait() == 0, process.err
    words = [*words, "--out", "run"]
    stop = ["signal_at", "training", 8, signal.SIGTERM]
    for process in several(*words, hooks=[["note_documents", str(tmp_path / "first-RANK.log")], stop]):
        assert process.wait() == 128 + signal.SIGTERM, process.err
    process = suite(
        *words, hooks=[["note_documents", str(tmp_path / "second.log")], ["signal_at", "training", 17, signal.SIGTERM]]
    )
    assert process.wait() == 128 + signal.SIGTERM, process.err
    for process in several(*words, hooks=[["note_documents", str(tmp_path / "third-RANK.log")]]):
        assert process.wait() == 0, process.err
    parts = [
        steps_of(*(tmp_path / f"first-{rank}.log" for rank in (0, 1))),
        steps_of(tmp_path / "second.log"),
        steps_of(*(tmp_path / f"third-{rank}.log" for rank in (0, 1))),
    ]
    assert all(parts)
    assert [step for part in parts for step in part] == steps_of(tmp_path / "alone.log")
    one, other = (json.loads((tmp_path / name / "metrics.json").read_text()) for name in ("alone", "run"))
    assert other["steps"] == one["steps"] == 30
    assert other["val/loss"] == pytest.approx(one["val/loss"], rel=1e-6)
    assert other["validation_tokens"] == one["validation_tokens"]
