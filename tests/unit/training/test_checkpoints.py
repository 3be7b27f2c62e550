"""Checkpoints that outlive a kill at any instant, and files that are not what was written."""

from __future__ import annotations

import json
import os
import signal
import warnings
from typing import TYPE_CHECKING

import pytest
import torch

from nlpsuite.errors import UserError
from nlpsuite.files import temporary_pattern
from nlpsuite.report import Silent
from nlpsuite.training import checkpoints
from nlpsuite.training.checkpoints import (
    LAST,
    MANIFEST,
    PREVIOUS,
    VerifiedCheckpointIO,
    check_written_here,
    find_checkpoint,
)
from nlpsuite.training.runfolder import RunFolder

if TYPE_CHECKING:
    from pathlib import Path


class Spy(Silent):
    def __init__(self):
        self.warnings = []

    def warn(self, text):
        self.warnings.append(text)


def state(step: int) -> dict:
    return {"global_step": step, "nlpsuite": {"seconds": 1.0}, "weights": torch.full((1000,), float(step))}


def save(folder: Path, *steps: int) -> None:
    for step in steps:
        VerifiedCheckpointIO().save_checkpoint(state(step), folder / LAST)


def step_found(folder: Path, report=None) -> int:
    found = find_checkpoint(folder, report or Silent())
    assert torch.equal(found.state["weights"], state(found.state["global_step"])["weights"])
    assert found.path.parent == folder
    return found.state["global_step"]


def test_the_last_and_the_one_before_are_kept_and_known(tmp_path):
    save(tmp_path, 1, 2, 3, 4)
    assert {path.name for path in tmp_path.iterdir()} == {LAST, PREVIOUS, MANIFEST}
    assert step_found(tmp_path) == 4
    assert torch.load(tmp_path / PREVIOUS, weights_only=True)["global_step"] == 3
    listed = json.loads((tmp_path / MANIFEST).read_text())["checkpoints"]
    assert [each["step"] for each in listed] == [4, 3, 2, 1]
    assert listed[0]["bytes"] == (tmp_path / LAST).stat().st_size


def truncate(path):
    os.truncate(path, path.stat().st_size // 2)


def flip(path):
    data = bytearray(path.read_bytes())
    # In the middle of the numbers, where reading alone would not notice.
    data[data.index(torch.full((4,), 2.0).numpy().tobytes()) + 5] ^= 1
    path.write_bytes(data)


def empty(path):
    path.write_bytes(b"")


def forge(path):
    torch.save(state(7), path)


@pytest.mark.parametrize("harm", [truncate, flip, empty, forge])
def test_of_a_last_one_that_is_not_what_was_written_the_one_before_is_used(tmp_path, harm):
    save(tmp_path, 1, 2)
    harm(tmp_path / LAST)
    spy = Spy()
    assert step_found(tmp_path, spy) == 1
    (warning,) = spy.warnings
    assert str(tmp_path / LAST) in warning
    assert "going on from the one before, of step 1" in warning


def test_of_a_last_one_that_is_missing_the_one_before_is_used(tmp_path):
    save(tmp_path, 1, 2)
    (tmp_path / LAST).unlink()
    assert step_found(tmp_path) == 1


def test_where_none_is_whole_it_is_an_error_and_no_fresh_start(tmp_path):
    save(tmp_path, 1, 2)
    truncate(tmp_path / LAST)
    empty(tmp_path / PREVIOUS)
    with pytest.raises(UserError, match=r"no checkpoint is whole: .*last\.ckpt is damaged"):
        find_checkpoint(tmp_path, Silent())
    (tmp_path / LAST).unlink()
    (tmp_path / PREVIOUS).unlink()
    with pytest.raises(UserError, match="has no checkpoint to go on from"):
        find_checkpoint(tmp_path, Silent())


@pytest.mark.parametrize("text", [None, "{", '{"checkpoints": 3}', "[]"])
def test_without_a_manifest_a_file_is_judged_by_itself(tmp_path, text):
    save(tmp_path, 1, 2)
    if text is None:
        (tmp_path / MANIFEST).unlink()
    else:
        (tmp_path / MANIFEST).write_text(text)
    with pytest.raises(UserError, match=r"nothing says where .* add --trust-checkpoint"):
        check_written_here(tmp_path)
    assert step_found(tmp_path) == 2
    truncate(tmp_path / LAST)
    assert step_found(tmp_path) == 1
    save(tmp_path, 5)
    check_written_here(tmp_path)


def test_a_state_from_elsewhere_is_noticed(tmp_path):
    theirs, mine = tmp_path / "theirs", tmp_path / "mine"
    theirs.mkdir()
    save(theirs, 1, 2)
    theirs.rename(mine)
    with pytest.raises(UserError, match=f"written in {theirs}; .* add --trust-checkpoint"):
        check_written_here(mine)
    save(mine, 3)
    check_written_here(mine)
    # A link to the folder is the folder.
    (tmp_path / "link").symlink_to(mine)
    check_written_here(tmp_path / "link")


def test_a_checkpoint_never_runs_code(tmp_path):
    class Harm:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "canary"),)

    torch.save(state(1) | {"harm": Harm()}, tmp_path / LAST)
    with pytest.raises(UserError, match="no checkpoint is whole"):
        find_checkpoint(tmp_path, Silent())
    with pytest.raises(Exception, match="weights_only"):
        VerifiedCheckpointIO().load_checkpoint(tmp_path / LAST, weights_only=False)
    assert not (tmp_path / "canary").exists()


PHASES = ("torch.save", "_sha256", "_note", "os.replace", "os.replace 2", "sync_folder")


@pytest.mark.fault(
    "SIGKILL before and after each phase of a save", "a checkpoint that is whole; nothing temporary left"
)
@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("phase", PHASES)
def test_a_kill_in_any_phase_of_a_save_leaves_a_whole_checkpoint(tmp_path, phase, after):
    """In a process of its own, killed right before or right after a phase: at most the newest checkpoint is lost."""
    run = RunFolder.create(tmp_path / "run")
    save(run.checkpoints, 1, 2)
    run.release()
    with warnings.catch_warnings():
        # Later Pythons warn of threads that a child does not have; this one needs none.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        kill_at(phase, after=after)
        save(run.checkpoints, 3)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status), "the child came to its end: the phase is not one of a save"
    assert step_found(run.checkpoints) in (2, 3)
    if phase == "sync_folder":
        assert step_found(run.checkpoints) == 3
    again = RunFolder.existing(run.path, trusted=True)
    again.claim()
    assert list(again.checkpoints.glob(temporary_pattern())) == [], "nothing half-written is left"
    save(again.checkpoints, 3, 4)
    assert step_found(again.checkpoints) == 4


def kill_at(phase: str, *, after: bool) -> None:
    name, _, nth = phase.partition(" ")
    owner, attribute = (
        (getattr(checkpoints, name.split(".")[0]), name.split(".")[1]) if "." in name else (checkpoints, name)
    )
    real, calls = getattr(owner, attribute), []

    def killed(*words, **named):
        calls.append(1)
        hit = len(calls) == int(nth or 1)
        if hit and not after:
            os.kill(os.getpid(), signal.SIGKILL)
        found = real(*words, **named)
        if hit:
            os.kill(os.getpid(), signal.SIGKILL)
        return found

    setattr(owner, attribute, killed)


def test_a_full_disk_leaves_the_last_good_one_and_nothing_else(tmp_path, monkeypatch):
    save(tmp_path, 1, 2)

    class Full(checkpoints._Hashing):
        def write(self, data):
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoints, "_Hashing", Full)
    with pytest.raises((OSError, RuntimeError)):
        save(tmp_path, 3)
    assert {path.name for path in tmp_path.iterdir()} == {LAST, PREVIOUS, MANIFEST}
    assert step_found(tmp_path) == 2


def test_a_disk_that_gives_back_something_else_is_an_error_and_the_last_one_stays(tmp_path, monkeypatch):
    save(tmp_path, 1)
    monkeypatch.setattr(checkpoints, "_sha256", lambda path: "another")
    with pytest.raises(UserError, match="gives back something else than was written"):
        save(tmp_path, 2)
    monkeypatch.undo()
    assert step_found(tmp_path) == 1
