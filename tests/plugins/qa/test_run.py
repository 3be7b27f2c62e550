"""From rows with and without answers to a model, its threshold, and the same predictions after loading."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from nlpsuite.backbone.checkpoint import save_backbone
from nlpsuite.backbone.config import BackboneConfig
from nlpsuite.backbone.model import Backbone
from nlpsuite.config import build
from nlpsuite.host.manager import PluginHost
from nlpsuite.host.resolve import resolve_name
from nlpsuite.inference.artifact import load_task_model
from nlpsuite.inference.predictor import predict_rows
from nlpsuite.report import Silent
from nlpsuite.training.finetuning.finetune import FinetuneRequest, finetune
from nlpsuite.training.finetuning.settings import FinetuneSettings

from .conftest import CONTEXT

if TYPE_CHECKING:
    from pathlib import Path

    from nlpsuite.api import Tokenizer

    from .conftest import Notes

QUESTIONS = [("Who built the mill?", "Anna Berg"), ("When did it burn down?", "1902"), ("Who burned it?", "")]


def write_rows(folder: Path) -> None:
    folder.mkdir()
    for split, letters in (("train", "abcdef"), ("valid", "gh"), ("test", "ij")):
        rows = [
            json.dumps({"question": question, "context": f"{letter}. {CONTEXT}", "answer": answer})
            for letter in letters
            for question, answer in QUESTIONS
        ]
        (folder / f"{split}.jsonl").write_text("\n".join(rows) + "\n", encoding="utf-8")


@pytest.fixture
def backbone_folder(tmp_path: Path, tokenizer: Tokenizer) -> Path:
    shape = {"context": 48, "d_model": 16, "n_layers": 1, "n_heads": 2, "n_kv_heads": 1, "head_dim": 8, "d_ff": 16}
    backbone = Backbone(BackboneConfig(vocab_size=tokenizer.vocab_size, **shape))
    backbone.initialise(0)
    save_backbone(tmp_path / "backbone", backbone, tokenizer)
    return tmp_path / "backbone"


def test_a_run_calibrates_saves_and_predicts_the_same_again(
    tmp_path: Path, backbone_folder: Path, notes: Notes
) -> None:
    write_rows(tmp_path / "data")
    values: dict[str, Any] = {"backbone": str(backbone_folder), "data": str(tmp_path / "data"), "target": "qa"}
    host = PluginHost.installed(Silent())
    request = FinetuneRequest(
        spec=resolve_name("qa", host),
        settings=build(FinetuneSettings, values | {"max_steps": 3, "task": {"width": 16}}, where="test"),
        out=tmp_path / "run",
        host=host,
        resume=False,
        resume_command="",
    )
    result = finetune(request, notes)
    scores = {"exact_match", "f1", "HasAns_exact", "HasAns_f1", "NoAns_exact", "NoAns_f1"}
    assert set(result.metrics) == {f"{split}/{name}" for split in ("val", "test") for name in scores}
    assert set(result.baseline) == set(result.metrics)
    assert any("no answer is said where" in line for line in notes.said)

    model = load_task_model(tmp_path / "run" / "model", host)
    assert any(f"{model.task.state()['threshold']:.3f}" in line for line in notes.said)
    rows = list(model.task.read(tmp_path / "data" / "test.jsonl", "test"))
    again = [
        prediction
        for _, prediction in predict_rows(model.task, model.head, model.backbone, rows, model.tokenizer.pad_id)
    ]
    lines = (tmp_path / "run" / "predictions.jsonl").read_text(encoding="utf-8").splitlines()
    written = [json.loads(line) for line in lines]
    assert [{name: each[name] for name in said} for each, said in zip(written, again, strict=True)] == again
    metrics = model.task.make_metrics()
    metrics.update(rows, again)
    assert metrics.compute()["f1"] == pytest.approx(result.metrics["test/f1"], abs=1e-6)
