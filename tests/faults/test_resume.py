"""Stopped twice and resumed twice: weights, the optimiser's state and the documents are those of a run that was not stopped."""

from __future__ import annotations

import json
import signal

import pytest
import torch

from nlpsuite.backbone.checkpoint import load_backbone

resumed = pytest.mark.fault(
    "stopped and resumed twice: mid-epoch, at its end, mid-accumulation, after validation; 0 and 2 workers; pretrain and run",
    "weights, optimiser state and documents bit-equal to a run that was not stopped",
)
control = pytest.mark.fault(
    "control: resumed without the random state, the optimiser's state, or the place in the order", "differs"
)

COMMANDS = ("pretrain", "run")
MOMENTS = ("mid-epoch", "end of epoch", "mid-accumulation", "after validation")
IN_CI = {("pretrain", "mid-accumulation", 0), ("run", "end of epoch", 2), ("run", "after validation", 0)}
PARTS = 2
"""Micro-batches in a step."""


@pytest.fixture
def words(pretrain_words, backbone_folder, tmp_path):
    """What a user types; on few enough texts for several epochs."""
    good, bad = ("good", "lovely", "great", "warm"), ("bad", "awful", "dull", "cold")
    lines = [f"the {thing} was {word}" for thing in ("film", "book", "meal", "song") for word in good + bad]
    data = tmp_path / "data"
    data.mkdir()
    for name, kept in {"train": lines[:24], "valid": lines[24:]}.items():
        rows = [f"{text}\t{'good' if text.split()[-1] in good else 'bad'}" for text in kept]
        (data / f"{name}.tsv").write_text("\n".join(["text\tlabel", *rows]) + "\n")
    few = tmp_path / "few.txt"
    few.write_text("\n\n".join(f"{line}. {other} indeed." for line, other in zip(lines, lines[7:], strict=False)))
    run = ["run", "sentiment", "--data", data, "--backbone", backbone_folder, "--max-steps", 16]
    sets = (
        "validations=4",
        "validation_share=1",
        "batch_tokens=64",
        "micro_tokens=32",
        "patience=0",
        "dropout=0.2",
        "token_dropout=0.1",
    )
    run += [word for each in sets for word in ("--set", each)]
    pretrain = [few if str(word).endswith("text.txt") else word for word in pretrain_words(steps=16, validations=4)]
    return {"pretrain": pretrain, "run": run}


def log_of(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def end_of_first_epoch(log, command):
    """Return how many entries of the log it takes to see everything that is in it: documents by number, or windows."""
    if command == "pretrain":
        entries = [{document for part in entry for document in part} for entry in log]
    else:
        entries = [{tuple(window) for window in entry} for entry in log]
    everything, seen = set().union(*entries), set()
    for number, entry in enumerate(entries, start=1):
        seen |= entry
        if seen == everything:
            assert 1 < number < len(entries) / 2
            return number
    raise AssertionError


def state(run):
    found = torch.load(run / "checkpoints" / "last.ckpt", weights_only=True)
    return found["state_dict"], found["optimizer_states"]


def same(one, other):
    if isinstance(one, torch.Tensor):
        return torch.equal(one, other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other


def undisturbed(suite, words, tmp_path):
    process = suite(*words, "--out", "whole", hooks=[["note_documents", str(tmp_path / "whole.log")]])
    assert process.wait() == 0, process.err
    return tmp_path / "whole", log_of(tmp_path / "whole.log")


@resumed
@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("command", COMMANDS)
def test_stopped_and_resumed_twice(suite, words, tmp_path, command, moment, workers, all_faults):
    if (command, moment, workers) not in IN_CI and not all_faults:
        pytest.skip("one of those that --all-faults runs")
    typed = [*words[command], "--set", f"workers={workers}"]
    whole, expected = undisturbed(suite, typed, tmp_path)
    # A log's entry is a step of `pretrain`, and a micro-batch of `run`.
    per_entry = PARTS if command == "pretrain" else 1
    epoch = end_of_first_epoch(expected, command) * per_entry
    phase, first, second = {
        "mid-epoch": ("training", 2 * PARTS, 3 * PARTS),
        "end of epoch": ("training", epoch, epoch),
        "mid-accumulation": ("training", 2 * PARTS + 1, 3 * PARTS + 1),
        "after validation": ("validation", 1, 1),
    }[moment]
    log = tmp_path / "stopped.log"
    for nth in (first, second):
        hooks = [["note_documents", str(log)], ["signal_at", phase, nth, signal.SIGTERM]]
        process = suite(*typed, "--out", "stopped", hooks=hooks)
        assert process.wait() == 128 + signal.SIGTERM, process.err
        assert "--resume" in process.err
    process = suite(*typed, "--out", "stopped", hooks=[["note_documents", str(log)]])
    assert process.wait() == 0, process.err
    assert "going on with it" in process.err
    assert log_of(log) == expected
    for one, other in zip(state(whole), state(tmp_path / "stopped"), strict=True):
        assert same(one, other)
    one, two = (load_backbone(run / "model")[0].state_dict() for run in (whole, tmp_path / "stopped"))
    assert same(one, two)


@control
@pytest.mark.parametrize(
    ("command", "what"),
    [("pretrain", "optimizer"), ("pretrain", "position"), ("run", "optimizer"), ("run", "position"), ("run", "chance")],
)
def test_what_is_not_restored_shows(suite, words, tmp_path, command, what):
    """The comparison above can fail: it does where a resumed run forgets."""
    whole, expected = undisturbed(suite, words[command], tmp_path)
    log = tmp_path / "stopped.log"
    hooks = [["note_documents", str(log)], ["signal_at", "training", 2 * PARTS, signal.SIGTERM]]
    process = suite(*words[command], "--out", "stopped", hooks=hooks)
    assert process.wait() == 128 + signal.SIGTERM
    process = suite(*words[command], "--out", "stopped", hooks=[["note_documents", str(log)], ["forget", what]])
    assert process.wait() == 0, process.err
    assert (log_of(log) == expected) == (what != "position")
    assert not same(state(whole), state(tmp_path / "stopped"))
