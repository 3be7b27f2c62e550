"""`suite export --format onnx`: a task as one graph, with the predictions that it has here."""

from __future__ import annotations

import json
import re
import shutil

import numpy as np
import pytest
import torch

from nlpsuite.backbone.checkpoint import load_backbone
from nlpsuite.cli.app import main
from nlpsuite.host.manager import PluginHost
from nlpsuite.inference import exporting_onnx
from nlpsuite.inference.artifact import load_task_model
from nlpsuite.inference.onnx_graph import GraphSession, graph_outputs
from nlpsuite.inference.predictor import predict_by, predict_rows
from nlpsuite.report import Silent
from nlpsuite.tasks.task import Row

tokenizers = pytest.importorskip("tokenizers")
onnxruntime = pytest.importorskip("onnxruntime")
pytest.importorskip("onnxscript")
CASES = {
    "sentiment": ("sentiment", ""),
    "sentiment, without n-grams": ("sentiment", "", "task.ngrams=false"),
    "sentiment, portable": ("sentiment", "", "task.portable=true"),
    "sentiment, columns by name": (
        "sentiment", "body,mark\na good day,positive\na bad day,negative\n", "task.text=body", "task.label=mark",
    ),
    "classification, pairs": (
        "classification", "text,text_pair,label\na dog,an animal,yes\na dog,a stone,no\n", "task.header=true",
    ),
    "ner": ("ner", ""),
    "ner, portable": ("ner", "", "task.portable=true"),
    "qa": ("qa", ""),
    "qa, portable": ("qa", "", "task.portable=true"),
}  # fmt: skip
HOST = PluginHost.installed(Silent())


@pytest.fixture(scope="module", params=CASES)
def exported(request, tmp_path_factory, backbone_folder):
    name, data, *sets = CASES[request.param]
    place = tmp_path_factory.mktemp("onnx")
    words = ["run", name, "--backbone", str(backbone_folder), "--max-steps", "3", "--out", str(place / "run")]
    if data:
        header, *rows = data.splitlines()
        many = [f"{number} {row}" for number in range(20) for row in rows]
        (place / "data.csv").write_text("\n".join([header, *many, ""]))
        words += ["--data", str(place / "data.csv")]
    flags = [word for each in sets for word in ("--set", each)]
    assert main([*words, *flags, "--lr", "0.02", "--quiet"]) == 0
    assert main(["export", str(place / "run"), "--to", str(place / "graph"), "--format", "onnx", "--quiet"]) == 0
    return name, load_task_model(place / "run" / "model", HOST), place / "graph"


def test_its_predictions_are_those_here(exported):
    _, model, folder = exported
    rows = exporting_onnx._probe_rows(model, HOST)
    assert len(rows) == exporting_onnx.PROBED_ROWS
    graph = model.task.graph(model.head.eval())
    pad_id = model.tokenizer.pad_id
    session = GraphSession(folder / "model.onnx")
    for batch_tokens in (64, 4096):
        compute = graph_outputs(session, graph)
        theirs = [each for _, each in predict_by(compute, model.task, rows, pad_id, batch_tokens=batch_tokens)]
        ours = [each for _, each in predict_rows(model.task, model.head, model.backbone, rows, pad_id)]
        assert len(theirs) == len(ours) == len(rows)
        for one, other in zip(ours, theirs, strict=True):
            apart = exporting_onnx._apart(one, other)
            assert apart is not None, (one, other)
            assert apart < 1e-4


def test_what_is_beside_it_tells_how_to_run_it(exported):
    name, model, folder = exported
    about = json.loads((folder / "graph.json").read_text())
    session = onnxruntime.InferenceSession(folder / "model.onnx", providers=["CPUExecutionProvider"])
    assert {each.name for each in session.get_inputs()} == set(about["inputs"])
    assert [each.name for each in session.get_outputs()] == list(about["outputs"])
    assert about["task"] == name
    assert about["context"] == model.backbone.config.context
    if name == "sentiment":
        assert about["labels"] == ["negative", "positive"]
    tokenizer = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
    if name in ("sentiment", "classification"):
        window = model.task.encode(Row({"text": "A short text."}))[0]
        assert tokenizer.encode("A short text.").ids == list(window.ids)


def test_the_program_on_its_page_works(exported, monkeypatch):
    """For texts, whose inputs anybody can make: the page is run as it stands, and gives the logits of the model here."""
    name, model, folder = exported
    if name != "sentiment":
        pytest.skip("its inputs are made by the task")
    code = re.search(r"```python\n(.*?)```", (folder / "README.md").read_text(), re.S)[1]
    monkeypatch.chdir(folder)
    space: dict = {}
    exec(code, space)
    texts = ["A first text.", "And another one, which is longer."]
    rows = list(model.task.read_lines(iter(texts), "x"))
    ours = [each for _, each in predict_rows(model.task, model.head, model.backbone, rows, model.tokenizer.pad_id)]
    scores = torch.from_numpy(np.asarray(space["scores"])).softmax(1)
    for row, prediction in zip(scores, ours, strict=True):
        assert row.tolist() == pytest.approx(list(prediction["probabilities"].values()), abs=1e-4)


def test_a_backbone_is_scores_of_the_next_token(tmp_path, backbone_folder):
    assert main(["export", str(backbone_folder), "--to", str(tmp_path / "lm"), "--format", "onnx", "--quiet"]) == 0
    backbone, tokenizer = load_backbone(backbone_folder)
    ids = torch.tensor([[tokenizer.bos_id, *tokenizer.encode("The cat sat")]])
    session = onnxruntime.InferenceSession(tmp_path / "lm" / "model.onnx", providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {"input_ids": ids.numpy(), "attention_mask": np.ones(ids.shape, np.int64)})
    with torch.no_grad():
        torch.testing.assert_close(torch.from_numpy(found), backbone.logits(backbone(ids)), atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("what", ["no graph", "stored as float32", "one file", "not empty"])
def test_what_cannot_be_exported(tmp_path, backbone_folder, run_folder, capsys, what):
    target, flags = str(run_folder), []
    if what == "no graph":
        target = str(tmp_path / "run")
        assert (
            main(["run", "translation", "--backbone", str(backbone_folder), "--max-steps", "1", "--out", target]) == 0
        )
    elif what == "stored as float32":
        flags = ["--store", "bfloat16"]
    elif what == "one file":
        flags = ["--shard-size", "1GB"]
    else:
        (tmp_path / "to").mkdir()
        (tmp_path / "to" / "mine").touch()
    capsys.readouterr()
    assert main(["export", target, "--to", str(tmp_path / "to"), "--format", "onnx", *flags]) == 2
    assert what in capsys.readouterr().err
    assert (tmp_path / "to").exists() == (what == "not empty")


def test_a_graph_that_differs_is_taken_back(tmp_path, run_folder, monkeypatch, capsys):
    monkeypatch.setattr(exporting_onnx, "_apart", lambda one, other: 0.5)
    assert main(["export", str(run_folder), "--to", str(tmp_path / "to"), "--format", "onnx"]) == 2
    assert "apart from those here, so nothing was exported" in capsys.readouterr().err
    assert not (tmp_path / "to").exists()


def test_a_graph_that_does_not_run_is_one_line(tmp_path, run_folder, monkeypatch, capsys):
    onnx = pytest.importorskip("onnx")
    helper, one = onnx.helper, tmp_path / "one.onnx"
    monkeypatch.setattr(exporting_onnx, "write_graph", lambda path, *rest: shutil.copy(one, path))
    node = helper.make_node("Identity", ["input_ids"], ["logits"])
    ends = [helper.make_tensor_value_info(each, onnx.TensorProto.INT64, [1, 1]) for each in ("input_ids", "logits")]
    graph = helper.make_graph([node], "x", ends[:1], ends[1:])
    onnx.save(helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 18)]), str(one))
    assert main(["export", str(run_folder), "--to", str(tmp_path / "a" / "to"), "--format", "onnx"]) == 2
    assert "the graph does not run" in capsys.readouterr().err
    assert not (tmp_path / "a").exists()


def test_without_the_libraries_it_is_said_in_one_line(tmp_path, run_folder, monkeypatch, capsys):
    import sys

    monkeypatch.setitem(sys.modules, "onnxscript", None)
    assert main(["export", str(run_folder), "--to", str(tmp_path / "to"), "--format", "onnx"]) == 2
    assert "pip install 'nlpsuite[onnx]'" in capsys.readouterr().err
