"""`suite import` and `suite export`: models of other makes in, and out of here with no code of ours."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import pytest
import torch

from nlpsuite.backbone.checkpoint import load_backbone
from nlpsuite.cli.app import main
from nlpsuite.config import load_yaml
from nlpsuite.inference import exporting
from nlpsuite.text.to_json import tokenizer_config, tokenizer_json

transformers = pytest.importorskip("transformers")


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def theirs(tmp_path, tiny_tokenizer):
    """A small Llama as `transformers` saves it."""
    config = transformers.LlamaConfig(
        vocab_size=tiny_tokenizer.vocab_size, hidden_size=32, intermediate_size=48, num_hidden_layers=2,
        num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=64,
    )  # fmt: skip
    torch.manual_seed(0)
    folder = tmp_path / "theirs"
    transformers.LlamaForCausalLM(config).save_pretrained(folder)
    (folder / "tokenizer.json").write_text(tokenizer_json(tiny_tokenizer), encoding="utf-8")
    (folder / "tokenizer_config.json").write_text(json.dumps(tokenizer_config(tiny_tokenizer, 64)))
    return folder


ROWS = "text\tlabel\n" + "".join(f"the {word} film\t{label}\n" for word, label in (("good", "a"), ("bad", "b"))) * 10


def rows(tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    for name in ("train", "valid", "test"):
        (data / f"{name}.tsv").write_text(ROWS)
    return data


def test_an_imported_model_is_fine_tuned_and_used(theirs, tmp_path, capsys):
    assert main(["import", "theirs", "--out", "models/llama", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["family"] == "llama"
    assert found["context"] == 64
    words = ["run", "sentiment", "--data", str(rows(tmp_path)), "--backbone", "models/llama", "--max-steps", "3"]
    assert main([*words, "--out", "tuned", "--json"]) == 0
    capsys.readouterr()
    (tmp_path / "texts.txt").write_text("the good film\n")
    assert main(["predict", "tuned", "texts.txt"]) == 0
    assert json.loads(capsys.readouterr().out)["label"] in ("a", "b")
    assert main(["evaluate", "tuned", "--data", "data/test.tsv", "--json"]) == 0
    assert "accuracy" in capsys.readouterr().out
    assert main(["generate", "models/llama", "--prompt", "the film", "--max-new", "5"]) == 0
    assert main(["run", "ner", "--backbone", "models/llama", "--max-steps", "2", "--out", "ner"]) == 0
    assert main(["run", "qa", "--backbone", "models/llama", "--max-steps", "2", "--out", "qa"]) == 0


def test_importing_needs_no_transformers(theirs, tmp_path):
    """In a process where it cannot be imported."""
    code = "import sys; sys.modules['transformers'] = None; from nlpsuite.cli.app import main; "
    code += f"sys.exit(main(['import', {str(theirs)!r}, '--out', 'models/x']) or main(['generate', 'models/x', '--prompt', 'a']))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr


def test_an_imported_model_goes_on_being_pretrained(theirs, text_file, capsys):
    assert main(["import", "theirs", "--out", "models/llama"]) == 0
    words = [
        "pretrain",
        str(text_file),
        "--init",
        "models/llama",
        "--objective",
        "masked",
        "--max-steps",
        "3",
        "--out",
        "more",
    ]
    assert main([*words, "--json"]) == 0
    backbone, _ = load_backbone(theirs)
    again, _ = load_backbone(text_file.parent / "more" / "model")
    assert again.config == backbone.config
    assert not torch.equal(again.embedding.weight, backbone.embedding.weight)
    # Lower rates than a new network's, unless the user says otherwise.
    assert load_yaml((text_file.parent / "more" / "config.yaml").read_text())["optimizer"]["matrix_lr"] == 0.005
    words[words.index("more")] = "faster"
    assert main([*words, "--set", "optimizer.matrix_lr=0.02"]) == 0
    settings = load_yaml((text_file.parent / "faster" / "config.yaml").read_text())["optimizer"]
    assert (settings["lr"], settings["matrix_lr"]) == (7.5e-4, 0.02)


@pytest.mark.parametrize("what", ["no such folder", "not a backbone", "not empty"])
def test_what_cannot_be_imported(theirs, tmp_path, capsys, what):
    source, out = "theirs", "new"
    if what == "no such folder":
        source = "their"
    elif what == "not a backbone":
        (theirs / "config.json").unlink()
    else:
        (tmp_path / "new").mkdir()
        (tmp_path / "new" / "x").write_text("mine")
    assert main(["import", source, "--out", out]) == 2
    assert what in capsys.readouterr().err
    assert (tmp_path / "new").exists() == (what == "not empty")


def test_an_import_that_is_cut_short_leaves_nothing_behind(theirs, tmp_path, monkeypatch):
    copied, copy = [], shutil.copyfile

    def once(source, target):
        if copied:
            raise KeyboardInterrupt
        copied.append(copy(source, target))

    monkeypatch.setattr("nlpsuite.inference.importing.shutil.copyfile", once)
    assert main(["import", "theirs", "--out", "models/llama"]) == 130
    assert copied
    assert not (tmp_path / "models").exists()
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)
    assert main(["import", "theirs", "--out", "models/llama"]) == 0


def hub(tmp_path, folder):
    """Lay a model where the hub's library keeps what it downloaded."""
    place = tmp_path / "home" / "hub" / "models--org--small"
    (place / "refs").mkdir(parents=True)
    (place / "refs" / "main").write_text("a" * 40)
    shutil.copytree(folder, place / "snapshots" / ("a" * 40))
    return tmp_path / "home"


def imported(tmp_path, name, **environment):
    words = [sys.executable, "-m", "nlpsuite.cli", "import", name, "--out", "models/small"]
    places = {"HF_HOME": str(tmp_path / "home"), "HF_ENDPOINT": "http://127.0.0.1:9", **environment}
    return subprocess.run(
        words, capture_output=True, text=True, check=False, cwd=tmp_path, env=os.environ | places, timeout=120
    )


def test_a_model_that_was_downloaded_before_needs_no_network(theirs, tmp_path):
    hub(tmp_path, theirs)
    done = imported(tmp_path, "org/small", HF_HUB_OFFLINE="1")
    assert done.returncode == 0, done.stderr
    assert load_backbone(tmp_path / "models" / "small")[0].config.d_model == 32


def test_without_a_network_it_is_said_in_one_line(tmp_path):
    done = imported(tmp_path, "org/other", HF_HUB_OFFLINE="1")
    assert done.returncode == 2
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert "the hub cannot be reached" in line
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "models").exists()


def test_what_is_exported_loads_elsewhere_with_the_same_logits_and_ids(backbone_folder, tmp_path, capsys):
    assert main(["export", str(backbone_folder), "--to", "out", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["architecture"] == "Qwen3ForCausalLM"
    backbone, tokenizer = load_backbone(backbone_folder)
    model = transformers.AutoModelForCausalLM.from_pretrained("out").eval()
    fast = transformers.AutoTokenizer.from_pretrained("out")
    text = "The old man carried a basket to the market. \u2581  1,234\n"
    ids = tokenizer.encode(text)[:30]
    assert fast(text, add_special_tokens=False)["input_ids"] == tokenizer.encode(text)
    assert fast.decode(tokenizer.encode(text)) == text
    assert (fast.bos_token_id, fast.eos_token_id, fast.pad_token_id) == (
        tokenizer.bos_id,
        tokenizer.eos_id,
        tokenizer.pad_id,
    )
    with torch.no_grad():
        ours, theirs = backbone.logits(backbone(torch.tensor([ids]))), model(torch.tensor([ids])).logits
    torch.testing.assert_close(ours, theirs, atol=1e-4, rtol=1e-4)
    assert (tmp_path / "out" / "README.md").read_text().startswith("---\n")


def test_a_head_goes_along_in_our_own_files_and_that_is_said(run_folder, tmp_path, capsys):
    assert main(["export", str(run_folder), "--to", "out"]) == 0
    assert "the head of sentiment is none that a class of other tools computes" in capsys.readouterr().err
    (tmp_path / "texts.txt").write_text("one\n")
    assert main(["predict", "out", "texts.txt"]) == 0


def test_an_export_that_differs_is_taken_back(backbone_folder, tmp_path, capsys, monkeypatch):
    written = exporting.save_backbone

    def other(folder, backbone, *rest):
        with torch.no_grad():
            backbone.norm.weight.mul_(1.01)
        written(folder, backbone, *rest)
        with torch.no_grad():
            backbone.norm.weight.div_(1.01)

    monkeypatch.setattr(exporting, "save_backbone", other)
    assert main(["export", str(backbone_folder), "--to", "out"]) == 2
    assert "so nothing was exported" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("store", ["bfloat16", "float16"])
def test_weights_may_be_exported_in_fewer_bits(backbone_folder, tmp_path, store):
    assert main(["export", str(backbone_folder), "--to", "out", "--store", store]) == 0
    assert json.loads((tmp_path / "out" / "config.json").read_text())["torch_dtype"] == store


def test_heads_of_other_tools_are_left_out_and_named(theirs, tmp_path, capsys):
    config = transformers.LlamaConfig.from_pretrained(theirs, tie_word_embeddings=True, num_labels=3)
    transformers.LlamaForSequenceClassification(config).save_pretrained(theirs)
    assert main(["import", "theirs", "--out", "models/tied"]) == 0
    assert "score.weight is a head" in capsys.readouterr().err
    config.tie_word_embeddings = False
    transformers.LlamaForSequenceClassification(config).save_pretrained(theirs)
    assert main(["import", "theirs", "--out", "models/untied"]) == 2
    assert "no output layer, as those of models for a task have none" in capsys.readouterr().err


@pytest.mark.parametrize("what", ["pickled", "no tokenizer"])
def test_what_is_missing_is_named(theirs, capsys, what):
    if what == "pickled":
        (theirs / "model.safetensors").rename(theirs / "pytorch_model.bin")
    else:
        (theirs / "tokenizer.json").unlink()
    assert main(["import", "theirs", "--out", "new"]) == 2
    assert what in capsys.readouterr().err


def test_a_folder_is_imported_under_its_own_name(theirs, tmp_path, monkeypatch):
    monkeypatch.chdir(theirs)
    assert main(["import", "."]) == 0
    assert (theirs / "models" / "theirs" / "config.json").is_file()
