from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from nlpsuite.backbone import folders
from nlpsuite.errors import UserError
from nlpsuite.inference import locate
from nlpsuite.inference.locate import evaluation_file, find_backbone, find_task_model

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def run(tmp_path: Path) -> Path:
    (tmp_path / "first-run" / "model").mkdir(parents=True)
    (tmp_path / "first-run" / "model" / "config.json").write_text("{}")
    return tmp_path / "first-run"


def test_a_run_and_its_model_folder(run: Path):
    assert find_backbone(str(run)) == run / "model"
    assert find_backbone(str(run / "model")) == run / "model"


def test_the_run_of_a_task(run: Path):
    with pytest.raises(UserError, match="no task head"):
        find_task_model(str(run))
    (run / "model" / "heads" / "ner").mkdir(parents=True)
    (run / "model" / "heads" / "ner" / "config.json").write_text("{}")
    assert find_task_model(str(run)) == (run / "model", "ner")


def test_near_misses(run: Path, monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(UserError, match=r"no such folder; did you mean `.*first-run`"):
        find_backbone(str(run.with_name("frist-run")))
    runs = run.parent / "runs"
    runs.mkdir()
    run.rename(runs / run.name)
    monkeypatch.chdir(run.parent)
    with pytest.raises(UserError, match=r"did you mean `runs/first-run`"):
        find_backbone("first-run")
    with pytest.raises(UserError, match="did you mean `nano`"):
        find_backbone("nanno")
    with pytest.raises(UserError, match="model folder, or `nano`"):
        find_backbone("zzzzzz")


def test_a_stopped_run_says_how_to_go_on(run: Path):
    (run / "model" / "config.json").unlink()
    (run / "checkpoints").mkdir()
    with pytest.raises(UserError, match="did not finish"):
        find_backbone(str(run))
    (run / "checkpoints" / "last.ckpt").touch()
    with pytest.raises(UserError, match=f"suite pretrain --resume --out {run}"):
        find_backbone(str(run))
    (run / "config.yaml").write_text("target: sentiment\n")
    with pytest.raises(UserError, match=f"suite run --resume --out {run}"):
        find_task_model(str(run))


def test_a_file_or_another_folder(tmp_path: Path):
    (tmp_path / "model.safetensors").touch()
    with pytest.raises(UserError, match="a file, not a folder"):
        find_backbone(str(tmp_path / "model.safetensors"))
    with pytest.raises(UserError, match=r"no config\.json"):
        find_backbone(str(tmp_path))


def test_the_embedded_backbone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(folders.resources, "files", lambda package: tmp_path)
    with pytest.raises(UserError, match="without the embedded backbone"):
        find_backbone("nano")
    (tmp_path / "assets" / "nano").mkdir(parents=True)
    (tmp_path / "assets" / "nano" / "config.json").touch()
    assert find_backbone("nano") == tmp_path / "assets" / "nano"


def test_predictions_of_a_run_get_a_new_file_in_it_if_it_can_be_written_to(run: Path, monkeypatch: pytest.MonkeyPatch):
    place = evaluation_file(str(run), run / "dev.rows.tsv")
    assert place == run / "evaluations" / "dev.jsonl"
    assert not place.parent.exists()
    place.parent.mkdir()
    place.touch()
    assert evaluation_file(str(run), run / "dev.tsv") == run / "evaluations" / "dev-2.jsonl"
    assert evaluation_file(str(run / "model"), run / "dev.tsv") is None
    monkeypatch.setattr(locate.os, "access", lambda path, mode: False)
    assert evaluation_file(str(run), run / "dev.tsv") is None
