"""Heads that other tools compute too: trained, exported, and read by `transformers` with the same scores."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch

from nlpsuite.cli.app import main
from nlpsuite.host.manager import PluginHost
from nlpsuite.inference.artifact import load_task_model
from nlpsuite.report import Silent
from nlpsuite.tasks.batches import collate
from nlpsuite.tasks.network import Network
from nlpsuite.tasks.task import Row
from nlpsuite.text.to_json import tokenizer_json

transformers = pytest.importorskip("transformers")
HOST = PluginHost.installed(Silent())
CLASSES = {
    "sentiment": ("AutoModelForSequenceClassification", "Qwen3ForSequenceClassification"),
    "ner": ("AutoModelForTokenClassification", "Qwen3ForTokenClassification"),
    "qa": ("AutoModelForQuestionAnswering", "Qwen3ForQuestionAnswering"),
}


@pytest.fixture(scope="module", params=sorted(CLASSES))
def exported(request, tmp_path_factory, backbone_folder):
    """A task's name, its model, and the folder it was exported to."""
    place = tmp_path_factory.mktemp(request.param)
    out, to = place / "run", place / "exported"
    words = ["run", request.param, "--backbone", str(backbone_folder), "--max-steps", "4", "--out", str(out)]
    assert main([*words, "--set", "task.portable=true", "--lr", "0.05", "--quiet"]) == 0
    assert main(["export", str(out), "--to", str(to), "--quiet"]) == 0
    return request.param, load_task_model(out / "model", HOST), to


@pytest.fixture
def windows(exported):
    name, model, _ = exported
    examples = HOST.tasks()[name].examples
    rows = list(model.task.read(model.task.splits(examples).train, "predict"))[:6]
    return [window for row in rows for window in model.task.encode(row)]


def test_another_tool_gives_the_same_scores(exported, windows):
    name, model, to = exported
    reader, architecture = CLASSES[name]
    theirs, loading = getattr(transformers, reader).from_pretrained(to, output_loading_info=True)
    assert type(theirs).__name__ == architecture
    assert not any(loading.values()), loading
    batch = collate(windows, model.tokenizer.pad_id)
    with torch.no_grad():
        found = theirs(input_ids=batch.ids_BT, attention_mask=batch.real_BT.long())
        ours = model.task.outputs(Network(model.backbone, model.head, model.task.attention), batch)
    if name == "sentiment":
        factor = model.task._mix[0]
        torch.testing.assert_close(found.logits, torch.stack([each[0] for each in ours]) * factor, atol=1e-4, rtol=1e-4)
    elif name == "ner":
        for logits, window, scores in zip(found.logits, windows, ours, strict=True):
            held = window.features
            spans = zip(held.starts_N.tolist(), held.ends_N.tolist(), strict=True)
            words = torch.stack([logits[start:end].mean(0) for start, end in spans])
            # Single and last words of entities are those that begin and go on, in the names that other tools know.
            words = words[
                :, [0, *(2 * label + place for label in range(len(model.task.labels)) for place in (1, 2, 2, 1))]
            ]
            torch.testing.assert_close(words.double(), torch.from_numpy(scores.emission_NK), atol=1e-4, rtol=1e-4)
    else:
        for begins, ends, best in zip(found.start_logits, found.end_logits, ours, strict=True):
            assert best.spans
            for (first, last), score in zip(best.spans, best.scores, strict=True):
                assert (begins[first] + ends[last] - begins[0] - ends[0]).item() == pytest.approx(score, abs=1e-3)


def test_what_a_reader_must_know_is_beside_it(exported):
    name, model, to = exported
    config = json.loads((to / "config.json").read_text())
    assert config["pad_token_id"] == model.tokenizer.pad_id
    if name == "sentiment":
        assert config["id2label"] == {"0": "negative", "1": "positive"}
        assert config["problem_type"] == "single_label_classification"
    if name == "ner":
        first = model.task.labels[0]
        assert [config["id2label"][str(each)] for each in range(3)] == ["O", f"B-{first}", f"I-{first}"]
        assert config["label2id"][f"B-{first}"] == 1
    card = (to / "README.md").read_text()
    assert CLASSES[name][0] in card
    assert "pipeline_tag: " in card


def test_it_is_a_model_of_ours_too(exported, tmp_path):
    name, model, to = exported
    again = load_task_model(to, HOST)
    for one, other in zip(model.head.parameters(), again.head.parameters(), strict=True):
        assert torch.equal(one, other)
    # And a backbone, from which the head is left out.
    assert (
        main(["run", name, "--backbone", str(to), "--max-steps", "1", "--out", str(tmp_path / "more"), "--quiet"]) == 0
    )


def test_a_pipeline_of_another_tool_labels_a_text(exported):
    name, model, to = exported
    if name != "sentiment":
        pytest.skip("one is enough")
    tokenizer = transformers.AutoTokenizer.from_pretrained(to)
    text = "A warm day, and a cold drink."
    pipe = transformers.pipeline("text-classification", model=str(to), tokenizer=tokenizer, top_k=None)
    rows = list(model.task.read_lines(iter([text]), "x"))
    windows = model.task.encode(rows[0])
    with torch.no_grad():
        outputs = model.task.outputs(
            Network(model.backbone, model.head, model.task.attention), collate(windows, model.tokenizer.pad_id)
        )
    ours = model.task.decode(rows[0], windows, outputs)["probabilities"]
    theirs = {each["label"]: each["score"] for each in pipe(text)[0]} if isinstance(pipe(text)[0], list) else None
    if theirs is None:
        theirs = {each["label"]: each["score"] for each in pipe(text)}
    assert theirs == pytest.approx(ours, abs=1e-4)


@pytest.mark.parametrize("pairs", [False, True])
def test_an_imported_tokenizer_puts_around_texts_what_the_head_was_trained_on(tmp_path, tiny_tokenizer, pairs):
    """One that names no padding, and puts nothing before a text or between two, as Qwen's and Llama's."""
    config = transformers.LlamaConfig(
        vocab_size=tiny_tokenizer.vocab_size, hidden_size=32, intermediate_size=48, num_hidden_layers=2,
        num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=64,
    )  # fmt: skip
    torch.manual_seed(0)
    base = tmp_path / "base"
    transformers.LlamaForCausalLM(config).save_pretrained(base)
    definition = json.loads(tokenizer_json(tiny_tokenizer)) | {"post_processor": None}
    (base / "tokenizer.json").write_text(json.dumps(definition))
    (base / "tokenizer_config.json").write_text(json.dumps({"eos_token": "</s>"}))
    one, two = ("a warm day,", "a cold drink,") if pairs else ("", "")
    header = "text,text_pair,label" if pairs else "text,label"
    rows = [f"it rained {number},{one}no\nthe cat sat {number},{two}yes\n" for number in range(20)]
    (tmp_path / "d.csv").write_text(f"{header}\n" + "".join(rows))
    words = ["run", "classification", "--data", str(tmp_path / "d.csv"), "--backbone", str(base), "--max-steps", "3"]
    sets = ["--set", "task.portable=true", "--set", "task.header=true", "--lr", "0.05"]
    assert main([*words, *sets, "--out", str(tmp_path / "run"), "--quiet"]) == 0
    assert main(["export", str(tmp_path / "run"), "--to", str(tmp_path / "to"), "--quiet"]) == 0
    model = load_task_model(tmp_path / "run" / "model", HOST)
    inputs = [
        {"text": text} | ({"text_pair": "a cold drink"} if pairs else {})
        for text in ("the cat sat", "", "it rained today")
    ]
    windows = [window for each in inputs for window in model.task.encode(Row(each))]
    tokenizer = transformers.AutoTokenizer.from_pretrained(tmp_path / "to")
    texts = [[each["text"] for each in inputs], *([[each["text_pair"] for each in inputs]] if pairs else [])]
    encoded = tokenizer(*texts, padding=True, return_tensors="pt", return_token_type_ids=False)
    for ids, mask, window in zip(encoded["input_ids"], encoded["attention_mask"], windows, strict=True):
        assert ids[mask.bool()].tolist() == list(window.ids)
    theirs = transformers.AutoModelForSequenceClassification.from_pretrained(tmp_path / "to")
    with torch.no_grad():
        batch = collate(windows, model.tokenizer.pad_id)
        ours = model.task.outputs(Network(model.backbone, model.head, model.task.attention), batch)
        found = theirs(**encoded).logits
    expected = torch.stack([each[0] for each in ours]) * model.task._mix[0]
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)
    (tmp_path / "texts.txt").write_text("it rained\ta cold drink\n" if pairs else "it rained\n")
    assert main(["predict", str(tmp_path / "to"), str(tmp_path / "texts.txt"), "--quiet"]) == 0


@pytest.mark.parametrize("where", ["heads/new", "."])
def test_nothing_is_written_into_the_model(tmp_path, run_folder, capsys, where):
    shutil.copytree(run_folder, tmp_path / "run")
    before = sorted(tmp_path.rglob("*"))
    assert main(["export", str(tmp_path / "run"), "--to", str(tmp_path / "run" / "model" / where)]) == 2
    assert "the output folder is" in capsys.readouterr().err
    assert sorted(tmp_path.rglob("*")) == before


def test_a_head_whose_plugin_is_not_there_says_so(tmp_path, run_folder, capsys):
    shutil.copytree(run_folder, tmp_path / "run")
    heads = tmp_path / "run" / "model" / "heads"
    (heads / "sentiment").rename(heads / "elsewhere")
    assert main(["export", str(tmp_path / "run"), "--to", str(tmp_path / "to")]) == 0
    assert "task elsewhere is not installed, so its head was not looked at" in " ".join(capsys.readouterr().err.split())


def test_a_head_that_reads_both_ways_says_so(tmp_path, run_folder, capsys):
    assert main(["export", str(run_folder), "--to", str(tmp_path / "out")]) == 0
    said = " ".join(capsys.readouterr().err.split())
    assert "none that a class of other tools computes" in said
    assert "task.portable=true" in said
    assert json.loads((tmp_path / "out" / "config.json").read_text())["architectures"] == ["Qwen3ForCausalLM"]
    assert Path(tmp_path / "out" / "heads" / "sentiment").is_dir()


def test_an_export_in_fewer_bits_keeps_its_head(tmp_path, run_folder):
    assert main(["export", str(run_folder), "--to", str(tmp_path / "out"), "--store", "bfloat16", "--quiet"]) == 0
    assert load_task_model(tmp_path / "out", HOST).name == "sentiment"


def test_weights_above_a_size_are_in_several_files(tmp_path, backbone_folder, monkeypatch, capsys):
    from nlpsuite.backbone.checkpoint import load_backbone, save_backbone

    backbone, tokenizer = load_backbone(backbone_folder)
    save_backbone(tmp_path / "parts", backbone, tokenizer, shard_bytes=20_000)
    files = sorted(path.name for path in (tmp_path / "parts").glob("*.safetensors"))
    assert len(files) > 1
    assert files[0] == f"model-00001-of-{len(files):05}.safetensors"
    theirs = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "parts")
    ids = torch.tensor([[1, 20, 30, 2]])
    with torch.no_grad():
        torch.testing.assert_close(theirs(ids).logits, backbone.logits(backbone(ids)), atol=1e-4, rtol=1e-4)
    index = json.loads((tmp_path / "parts" / "model.safetensors.index.json").read_text())
    assert index["metadata"]["total_size"] == 4 * backbone.config.parameters
    assert main(["export", str(tmp_path / "parts"), "--to", str(tmp_path / "one"), "--shard-size", "7 kB"]) == 2
    assert "no size of a file" in capsys.readouterr().err
