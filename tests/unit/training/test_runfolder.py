from __future__ import annotations

import csv
import json

import pytest

from nlpsuite.errors import Interrupted, UserError
from nlpsuite.files import check_space, replacing, temporary_name, write_json
from nlpsuite.training import runfolder
from nlpsuite.training.runfolder import RunFolder


def test_a_folder_that_holds_something_is_refused(tmp_path):
    (tmp_path / "x").write_text("")
    with pytest.raises(UserError, match="not empty"):
        RunFolder.create(tmp_path)
    with pytest.raises(UserError, match="is a file"):
        RunFolder.create(tmp_path / "x")


def test_a_run_that_fails_at_once_leaves_the_folders_as_they_were(tmp_path):
    def fail(path):
        run = RunFolder.create(path)
        run.write_config({"a": 1})
        with pytest.raises(UserError), run.discarded_on_failure(keep=False):
            raise UserError("no", where="here", fix="do")

    fail(tmp_path / "runs" / "all" / "ner")
    assert not list(tmp_path.iterdir())
    (tmp_path / "mine").mkdir()
    fail(tmp_path / "mine")
    assert not list((tmp_path / "mine").iterdir())
    (tmp_path / "runs" / "other").mkdir(parents=True)
    fail(tmp_path / "runs" / "ner")
    assert [path.name for path in (tmp_path / "runs").iterdir()] == ["other"]


@pytest.mark.parametrize("while_it", ["hold_folder", "begin_manifest"])
def test_a_signal_while_the_folder_is_made_leaves_nothing(tmp_path, monkeypatch, while_it):
    def stop(folder):
        if while_it == "begin_manifest":
            (folder / "half").write_text("")
        raise Interrupted(15)

    monkeypatch.setattr(runfolder, while_it, stop)
    with pytest.raises(Interrupted):
        RunFolder.create(tmp_path / "runs" / "ner")
    assert not list(tmp_path.iterdir())
    monkeypatch.undo()
    RunFolder.create(tmp_path / "runs" / "ner").release()


def test_a_folder_of_another_tool_is_not_taken_for_a_run_that_was_begun(tmp_path):
    folder = tmp_path / "theirs"
    (folder / "checkpoints").mkdir(parents=True)
    for name in ("config.yaml", "metrics.csv", "train.log", "checkpoints/best-3.safetensors"):
        (folder / name).write_text("theirs")
    with pytest.raises(UserError, match="not empty"):
        RunFolder.create(folder)
    assert (
        (folder / "metrics.csv").read_text() == (folder / "checkpoints" / "best-3.safetensors").read_text() == "theirs"
    )


def test_a_run_that_was_begun_here_starts_again(tmp_path):
    run = RunFolder.create(tmp_path / "run")
    run.write_config({"a": 1})
    run.append_metrics({"step": 1})
    (run.checkpoints / "best-3.safetensors").write_text("x")
    with pytest.raises(UserError, match="another process is working on this run"):
        RunFolder.create(run.path)
    assert (run.path / "metrics.csv").exists()
    run.release()
    again = RunFolder.create(run.path)
    assert again.begun_before
    assert not (run.path / "metrics.csv").exists()
    assert [path.name for path in again.checkpoints.iterdir()] == ["manifest.json"]
    again.release()
    # Moved, it is somebody else's for all that can be known.
    run.path.rename(tmp_path / "moved")
    with pytest.raises(UserError, match="not empty"):
        RunFolder.create(tmp_path / "moved")


def test_what_is_replaced_stays_whole_when_writing_fails(tmp_path):
    path = tmp_path / "metrics.json"
    write_json(path, {"a": 1})

    def fail_half_way():
        with replacing(path) as temporary:
            temporary.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_half_way()
    assert json.loads(path.read_text()) == {"a": 1}
    assert [p.name for p in tmp_path.iterdir()] == ["metrics.json"]


def test_metrics_grow_by_row_and_by_column(tmp_path):
    run = RunFolder.create(tmp_path / "run")
    run.append_metrics({"step": 1, "train/loss": 2.5})
    run.append_metrics({"step": 2, "val/loss": 2.0})
    with (run.path / "metrics.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows == [
        {"step": "1", "train/loss": "2.5", "val/loss": ""},
        {"step": "2", "train/loss": "", "val/loss": "2.0"},
    ]


def test_a_run_that_goes_on_from_before_forgets_what_came_after(tmp_path):
    run = RunFolder.create(tmp_path / "run")
    run.forget_metrics_after(3)
    for step in (1, 2, 3, 4, 5):
        run.append_metrics({"step": step, "train/loss": 2.5})
    run.forget_metrics_after(3)
    with (run.path / "metrics.csv").open(newline="") as file:
        assert [row["step"] for row in csv.DictReader(file)] == ["1", "2", "3"]


def test_settings_come_back_as_they_were(tmp_path):
    run = RunFolder.create(tmp_path / "run")
    values = {"a": {"b": 1e-4}, "text": ["文本 & more: #1"], "none": None}
    run.write_config(values)
    assert run.read_config() == values
    run.config.write_text("{half")
    with pytest.raises(UserError, match="missing or damaged"):
        run.read_config()


def test_a_disk_without_room_is_said_beforehand(tmp_path):
    with pytest.raises(UserError, match="MB free"):
        check_space(tmp_path, 1e18)
    check_space(tmp_path, 1.0)


def test_a_run_is_worked_on_by_one_process_at_a_time(tmp_path):
    run = RunFolder.create(tmp_path / "run")
    (run.checkpoints / "last.ckpt").touch()
    with pytest.raises(UserError, match="another process is working on this run"):
        RunFolder.existing(run.path, trusted=True).claim()
    run.release()
    other = RunFolder.existing(run.path, trusted=True)
    other.claim()
    other.release()
    other.release()


def test_what_a_killed_process_left_half_written_is_cleared_away_by_who_goes_on(tmp_path):
    run = RunFolder.create(tmp_path / "run")
    run.release()
    (run.checkpoints / "last.ckpt").touch()
    leftover = run.checkpoints / temporary_name("last.ckpt")
    leftover.touch()
    again = RunFolder.existing(run.path, trusted=True)
    assert leftover.exists(), "it may be that of a process that is still at work"
    again.claim()
    assert not leftover.exists()
    assert (run.checkpoints / "last.ckpt").exists()
