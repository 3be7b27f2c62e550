from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from nlpsuite.backbone.checkpoint import load_backbone
from nlpsuite.backbone.writing import save_weights
from nlpsuite.errors import UserError
from nlpsuite.host.manager import PluginHost
from nlpsuite.host.resolve import resolve_name
from nlpsuite.inference.artifact import load_task_model, save_task_model
from nlpsuite.inference.predictor import predict_rows
from nlpsuite.report import Silent
from nlpsuite.tasks.task import Row, TaskContext

if TYPE_CHECKING:
    from pathlib import Path

HOST = PluginHost.installed(Silent())
ROWS = [Row({"text": "The cat sat on the mat. " * n}) for n in range(1, 9)]


@pytest.fixture
def saved(backbone_folder: Path, tmp_path: Path) -> tuple[Path, list[Any]]:
    """Return a saved model's folder and what the model predicted before."""
    backbone, tokenizer = load_backbone(backbone_folder)
    spec = resolve_name("sentiment", HOST)
    settings = spec.config(overlap=0.5)
    task = spec.build(TaskContext(tokenizer, backbone.config.context, 0, Silent()), settings)
    task.fit([Row({"text": "a"}, "très bon"), Row({"text": "b"}, "差")])
    head = task.make_head(backbone.config.d_model)
    for parameter in head.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    folder = tmp_path / "model"
    parts = {"task": task, "head": head, "backbone": backbone, "tokenizer": tokenizer}
    save_task_model(folder, name="sentiment", settings=settings, plugin="nlpsuite 0.1.0", **parts)
    return folder, list(predict_rows(task, head, backbone, ROWS, tokenizer.pad_id))


def head_folder(folder: Path) -> Path:
    return folder / "heads" / "sentiment"


def change(folder: Path, **values: Any) -> None:
    path = head_folder(folder) / "config.json"
    data = json.loads(path.read_text()) | values
    path.write_text(json.dumps({key: value for key, value in data.items() if value is not None}))


def test_a_loaded_model_predicts_the_very_same(saved: tuple[Path, list[Any]]):
    folder, before = saved
    state = torch.random.get_rng_state()
    model = load_task_model(folder, HOST)
    assert torch.equal(torch.random.get_rng_state(), state)
    assert model.name == "sentiment"
    assert not model.head.training
    assert list(predict_rows(model.task, model.head, model.backbone, ROWS, model.tokenizer.pad_id)) == before


def test_what_is_written(saved: tuple[Path, list[Any]]):
    data = json.loads((head_folder(saved[0]) / "config.json").read_text())
    assert data["state"]["labels"]["names"] == ["très bon", "差"]
    assert data["settings"]["overlap"] == 0.5
    assert (data["task"], data["attention"], data["api_version"]) == ("sentiment", "bidirectional", 1)
    names = {path.name for path in saved[0].rglob("*") if path.is_file()}
    assert names == {"config.json", "model.safetensors", "tokenizer.model", "generation_config.json"}


def test_another_backbone_is_refused(saved: tuple[Path, list[Any]]):
    backbone, _ = load_backbone(saved[0])
    with torch.no_grad():
        backbone.norm.weight += 0.1
    save_weights(saved[0], backbone)
    with pytest.raises(UserError, match="another backbone"):
        load_task_model(saved[0], HOST)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"task": "ner"}, "of task `ner`"),
        ({"task": None}, "`task` is missing"),
        ({"state": [1]}, "`state` is missing or not as it should be"),
        ({"state": {}}, "state is damaged"),
        ({"state": {"labels": {"names": 3, "counts": []}, "columns": None}}, "state is damaged"),
        ({"settings": {"unknown": 1}}, "unknown setting `unknown`"),
        ({"api_version": 99}, "plugin API 99"),
        ({"attention": "causal"}, "causal attention"),
        ({"backbone_sha256": "0"}, "another backbone"),
    ],
)
def test_a_config_that_does_not_fit(saved: tuple[Path, list[Any]], values: dict[str, Any], message: str):
    change(saved[0], **values)
    with pytest.raises(UserError, match=message):
        load_task_model(saved[0], HOST)


@pytest.mark.parametrize(
    ("name", "message"),
    [("config.json", "not readable as JSON"), ("model.safetensors", "damaged")],
)
def test_damaged_files(saved: tuple[Path, list[Any]], name: str, message: str):
    path = head_folder(saved[0]) / name
    path.write_bytes(path.read_bytes()[:50])
    with pytest.raises(UserError, match=message):
        load_task_model(saved[0], HOST)


def test_missing_parts(saved: tuple[Path, list[Any]]):
    (head_folder(saved[0]) / "model.safetensors").unlink()
    with pytest.raises(UserError, match="weights are missing"):
        load_task_model(saved[0], HOST)
    (head_folder(saved[0]) / "config.json").unlink()
    with pytest.raises(UserError, match="no task head"):
        load_task_model(saved[0], HOST)


def test_head_weights_of_another_shape(saved: tuple[Path, list[Any]]):
    path = head_folder(saved[0]) / "model.safetensors"
    tensors = load_file(path)
    save_file({name: value[:1].clone() for name, value in tensors.items()}, path)
    with pytest.raises(UserError, match="do not fit the head"):
        load_task_model(saved[0], HOST)


@pytest.mark.parametrize("name", ["../x", "a/b", "os.path", "", "A"])
def test_a_name_is_never_a_path(saved: tuple[Path, list[Any]], name: str):
    with pytest.raises(UserError, match="no task name"):
        load_task_model(saved[0], HOST, name=name)


def test_a_task_that_is_not_installed(saved: tuple[Path, list[Any]]):
    head_folder(saved[0]).rename(saved[0] / "heads" / "shouting")
    path = saved[0] / "heads" / "shouting" / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"task": "shouting"}))
    with pytest.raises(UserError, match=r"trained with that of nlpsuite 0\.1\.0; install .* pip install -e ITS_FOLDER"):
        load_task_model(saved[0], HOST)
    path.write_text(json.dumps(json.loads(path.read_text()) | {"plugin": ""}))
    with pytest.raises(UserError, match="pip install nlpsuite-shouting"):
        load_task_model(saved[0], HOST)


def test_several_heads(saved: tuple[Path, list[Any]]):
    other = saved[0] / "heads" / "other"
    other.mkdir()
    (other / "config.json").write_text("{}")
    with pytest.raises(UserError, match="name one of them: other, sentiment"):
        load_task_model(saved[0], HOST)
    assert load_task_model(saved[0], HOST, name="sentiment").name == "sentiment"
