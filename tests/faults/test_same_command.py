"""The command that was stopped, typed again: it goes on, starts again where nothing was saved, and minds its settings."""

from __future__ import annotations

import os
import shutil
import signal

import pytest


@pytest.fixture
def stopped(suite, pretrain_words):
    """Stop a run in the middle, and return what was typed."""
    words = [*pretrain_words(steps=12, validations=3), "--out", "run"]
    process = suite(*words, hooks=[["signal_at", "training", 9, signal.SIGTERM]])
    assert process.wait() == 128 + signal.SIGTERM, process.err
    return words


def test_other_settings_are_another_run(suite, stopped, tmp_path):
    before = (tmp_path / "run" / "checkpoints" / "last.ckpt").read_bytes()
    for more, said in (
        (["--lr", "1e-3"], "setting `optimizer.lr` differs"),
        (["--seed", "5"], "setting `seed` differs"),
        (["--objective", "masked"], "setting `objective.name` differs"),
        (["--max-steps", "20"], "setting `max_steps` differs"),
    ):
        process = suite(*stopped, *more)
        assert process.wait() == 2
        assert said in process.err
    (tmp_path / "other.txt").write_text((tmp_path / "text.txt").read_text())
    words = ["other.txt" if str(word).endswith("text.txt") else word for word in stopped]
    process = suite(*words)
    assert process.wait() == 2
    assert "a stopped run on other text" in process.err
    assert (tmp_path / "run" / "checkpoints" / "last.ckpt").read_bytes() == before
    process = suite(*stopped, "--set", "workers=0", "--on-nan", "skip")
    assert process.wait() == 0, process.err
    assert "holds this very run, stopped; going on with it" in process.err


def test_a_step_that_is_no_whole_number_of_rows_is_known_again(suite, pretrain_words):
    sets = ("--set", "optimizer.batch_tokens=250", "--set", "optimizer.micro_tokens=100")
    words = [*pretrain_words(steps=12, validations=3), *sets, "--out", "run"]
    process = suite(*words, hooks=[["signal_at", "training", 9, signal.SIGTERM]])
    assert process.wait() == 128 + signal.SIGTERM, process.err
    process = suite(*words)
    assert process.wait() == 0, process.err
    assert "holds this very run, stopped; going on with it" in process.err


def test_as_many_devices_as_cannot_have_the_same_number_of_rows_are_refused(suite, stopped, tmp_path):
    process = suite("pretrain", "--resume", "--out", "run", "--devices", "3")
    assert process.wait() == 2
    assert "a step of the stopped run has 8 rows, which cannot be dealt out evenly to 3 devices" in process.err
    assert "go on with 2" in process.err
    assert process.err.count("error:") == 1
    process = suite(*stopped)
    assert process.wait() == 0, process.err


def test_a_finished_run_is_left_alone(suite, stopped):
    assert suite(*stopped).wait() == 0
    process = suite(*stopped)
    assert process.wait() == 2
    assert "the output folder is not empty" in process.err


@pytest.mark.parametrize("changed", [False, True])
def test_tokens_that_are_gone_are_made_again_of_the_same_text_alone(suite, stopped, tmp_path, changed):
    shutil.rmtree(tmp_path / "tokens")
    if changed:
        with (tmp_path / "text.txt").open("a") as file:
            file.write("\n\nAnd something new.\n")
    process = suite(*stopped)
    assert process.wait() == (2 if changed else 0), process.err
    assert ("the text or its tokenizer is not what it was" in process.err) == changed


def test_a_copy_of_a_run_needs_trust(suite, stopped, tmp_path):
    shutil.copytree(tmp_path / "run", tmp_path / "copy")
    for words in (["pretrain", "--resume", "--out", "copy"], [*stopped[:-1], "copy"]):
        process = suite(*words)
        assert process.wait() == 2
        assert "add --trust-checkpoint" in process.err
    process = suite("pretrain", "--resume", "--trust-checkpoint", "--out", "copy")
    assert process.wait() == 0, process.err


@pytest.mark.parametrize("phase", ["startup", "training"])
def test_a_run_killed_before_it_saved_anything_starts_again(suite, pretrain_words, tmp_path, phase):
    words = [*pretrain_words(steps=6, validations=1), "--out", "run"]
    process = suite(*words, hooks=[["signal_at", phase, 1, signal.SIGKILL]])
    assert process.wait() == -signal.SIGKILL
    assert (tmp_path / "run").is_dir()
    process = suite(*words)
    assert process.wait() == 0, process.err
    assert "was stopped before its first save; it starts again" in process.err


def test_a_folder_with_something_of_the_users_is_not_taken_for_a_begun_run(suite, pretrain_words, tmp_path):
    words = [*pretrain_words(steps=6, validations=1), "--out", "run"]
    process = suite(*words, hooks=[["signal_at", "training", 1, signal.SIGKILL]])
    assert process.wait() == -signal.SIGKILL
    for place in (tmp_path / "run" / "thesis.txt", tmp_path / "run" / "checkpoints" / "epoch1.pt"):
        place.write_text("mine")
        process = suite(*words)
        assert process.wait() == 2
        assert "the output folder is not empty" in process.err
        assert place.read_text() == "mine"
        os.remove(place)
