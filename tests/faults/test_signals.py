"""Signals to all processes of a terminal or a job, those that make batches among them: the run stops where it can go on."""

from __future__ import annotations

import json
import signal

import pytest

to_all = pytest.mark.fault(
    "SIGINT, SIGTERM, SIGUSR1 to a run and its two workers, as from Ctrl-C or a scheduler",
    "a checkpoint; the same command goes on",
)


@pytest.fixture
def words(pretrain_words, backbone_folder, tmp_path):
    """What a user types."""
    lines = [f"the {thing} was {word}\t{label}" for thing in ("film", "book", "meal", "song", "walk", "room")
             for word, label in (("good", "good"), ("bad", "bad"), ("warm", "good"), ("dull", "bad"))]  # fmt: skip
    data = tmp_path / "data"
    data.mkdir()
    for name in ("train", "valid"):
        (data / f"{name}.tsv").write_text("\n".join(["text\tlabel", *lines]) + "\n")
    run = ["run", "sentiment", "--data", data, "--backbone", backbone_folder, "--max-steps", 30]
    run += ["--set", "validations=3", "--set", "validation_share=1", "--set", "batch_tokens=64"]
    return {"pretrain": pretrain_words(steps=30, validations=3), "run": run}


@to_all
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGUSR1])
@pytest.mark.parametrize("command", ["pretrain", "run"])
def test_a_signal_to_all(suite, words, tmp_path, command, number, all_faults):
    if (command, number) not in {("pretrain", signal.SIGINT), ("run", signal.SIGUSR1)} and not all_faults:
        pytest.skip("one of those that --all-faults runs")
    typed = [*words[command], "--out", "out", "--set", "workers=2"]
    process = suite(*typed, hooks=[["signal_at", "training", 7, number, 0, None, True]])
    said = 128 + (signal.SIGINT if number == signal.SIGINT else signal.SIGTERM)
    assert process.wait() == said, process.err
    assert "Traceback" not in process.err
    again = suite(*typed)
    assert again.wait() == 0, again.err
    assert "going on with it" in again.err
    assert json.loads((tmp_path / "out" / "metrics.json").read_text())["steps"] == 30


several_run = pytest.mark.fault(
    "two processes that fine-tune: SIGTERM to the second, a loss gone bad in one", "both do the same"
)


@several_run
def test_both_processes_of_a_fine_tuning_stop_for_one(several, words, tmp_path):
    typed = [*words["run"], "--out", "out", "--devices", 2]
    for process in several(*typed, hooks=[["signal_at", "training", 7, signal.SIGTERM, 1]]):
        assert process.wait() == 128 + signal.SIGTERM, process.err
    for process in several(*typed):
        assert process.wait() == 0, process.err
    assert json.loads((tmp_path / "out" / "metrics.json").read_text())["steps"] == 30


@several_run
@pytest.mark.parametrize("how", ["stop", "skip", "rollback"])
def test_numbers_go_bad_in_one_process_of_a_fine_tuning(several, words, tmp_path, how):
    typed = [*words["run"], "--out", "out", "--devices", 2, "--on-nan", how]
    first, second = several(*typed, hooks=[["spoil_task", 22, 1]])
    assert first.wait() == second.wait() == (2 if how == "stop" else 0), first.err + second.err
    assert "data/train.tsv:" in first.err
    if how != "stop":
        assert json.loads((tmp_path / "out" / "metrics.json").read_text())["bad_steps"] == 1
