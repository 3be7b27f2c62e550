from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import pytest
import torch
from safetensors.torch import load_file, save_file

from nlpsuite.backbone.checkpoint import load_backbone, save_backbone
from nlpsuite.backbone.weights import shared_name
from nlpsuite.backbone.writing import weights_sha256
from nlpsuite.errors import UserError

IDS = torch.tensor([[1, 9, 30, 12, 7]])


@pytest.fixture
def folder(backbone_folder, tmp_path):
    """A copy that a test may damage."""
    return shutil.copytree(backbone_folder, tmp_path / "model")


@pytest.mark.parametrize("changes", [{}, {"tied": False}, {"n_kv_heads": 4, "rope_theta": 5e5, "norm_eps": 1e-5}])
def test_what_is_saved_is_loaded(tmp_path, make_backbone, tiny_tokenizer, changes):
    backbone = make_backbone(vocab_size=tiny_tokenizer.vocab_size, **changes)
    save_backbone(tmp_path / "new" / "model", backbone, tiny_tokenizer)
    loaded, tokenizer = load_backbone(tmp_path / "new" / "model")
    assert loaded.config == backbone.config
    assert tokenizer.sha256 == tiny_tokenizer.sha256
    assert not loaded.training
    for (name, one), two in zip(backbone.named_parameters(), loaded.parameters(), strict=True):
        assert torch.equal(one, two), name
        assert two.requires_grad
        assert two.is_leaf
    assert torch.equal(loaded(IDS), backbone(IDS))


def test_a_loaded_backbone_can_be_trained_without_changing_its_file(folder):
    loaded, _ = load_backbone(folder)
    before = weights_sha256(folder)
    optimizer = torch.optim.SGD(loaded.parameters(), lr=1.0)
    loaded(IDS).square().sum().backward()
    optimizer.step()
    assert weights_sha256(folder) == before
    assert torch.equal(load_backbone(folder)[0](IDS), load_backbone(folder)[0](IDS))


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float16, 1e-3), (torch.bfloat16, 8e-3)])
def test_weights_may_be_stored_in_half_the_space(tmp_path, make_backbone, tiny_tokenizer, dtype, tolerance):
    backbone = make_backbone(vocab_size=tiny_tokenizer.vocab_size)
    save_backbone(tmp_path / "half", backbone, tiny_tokenizer, dtype)
    save_backbone(tmp_path / "full", backbone, tiny_tokenizer)
    stored = load_file(tmp_path / "half" / "model.safetensors")
    assert {tensor.dtype for tensor in stored.values()} == {dtype}
    sizes = [(tmp_path / name / "model.safetensors").stat().st_size for name in ("half", "full")]
    assert sizes[0] < 0.6 * sizes[1]
    config = json.loads((tmp_path / "half" / "config.json").read_text())
    assert str(dtype) == f"torch.{config.get('dtype') or config.get('torch_dtype')}"
    loaded, _ = load_backbone(tmp_path / "half")
    for one, two in zip(backbone.parameters(), loaded.parameters(), strict=True):
        assert two.dtype == torch.float32
        torch.testing.assert_close(one, two, rtol=tolerance, atol=1e-4)
    assert backbone.embedding.weight.dtype == torch.float32, "what is saved stays as it was"


def test_the_folder_is_complete_and_holds_no_leftovers(backbone_folder):
    names = {path.name for path in backbone_folder.iterdir()}
    assert names == {"config.json", "generation_config.json", "model.safetensors", "tokenizer.model"}
    config = json.loads((backbone_folder / "config.json").read_text())
    assert config["architectures"] == ["Qwen3ForCausalLM"]
    assert "auto_map" not in config, "nothing names code to run"


def test_a_model_is_as_readable_as_other_files(folder, make_backbone, tiny_tokenizer):
    (folder / "plain").write_text("")
    save_backbone(folder, make_backbone(vocab_size=tiny_tokenizer.vocab_size), tiny_tokenizer)
    assert (folder / "model.safetensors").stat().st_mode == (folder / "plain").stat().st_mode


def test_an_interrupted_save_leaves_nothing_that_loads(folder, make_backbone, tiny_tokenizer):
    (folder / "tokenizer.model").unlink()
    (folder / "tokenizer.model").mkdir()  # what is to be replaced cannot be
    with pytest.raises(UserError, match="cannot be written"):
        save_backbone(folder, make_backbone(vocab_size=tiny_tokenizer.vocab_size), tiny_tokenizer)
    refused(folder, "no config.json")


def test_the_hash_is_that_of_the_weights(folder):
    before = weights_sha256(folder)
    assert len(before) == 64
    tensors = load_file(folder / "model.safetensors")
    tensors["model.norm.weight"][0] += 1
    save_file(tensors, folder / "model.safetensors")
    assert weights_sha256(folder) != before


def refused(folder, *words: str) -> None:
    with pytest.raises(UserError) as caught:
        load_backbone(folder)
    text = str(caught.value)
    assert "\n" not in text
    assert str(folder) in text
    for word in words:
        assert word in text


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "tokenizer.model"])
def test_a_missing_file_is_named(folder, name):
    os.remove(folder / name)
    refused(folder, name)


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "tokenizer.model"])
@pytest.mark.parametrize("damage", ["empty", "cut", "noise"])
def test_a_damaged_file_is_named(folder, name, damage):
    data = (folder / name).read_bytes()
    (folder / name).write_bytes({"empty": b"", "cut": data[: len(data) // 2], "noise": b"\xff\x00" * 300}[damage])
    refused(folder, name)


def test_no_folder_or_a_file_in_its_place(folder):
    refused(folder / "nowhere", "not a backbone")
    refused(folder / "config.json", "not a backbone")


def change_config(folder, **changes) -> None:
    path = folder / "config.json"
    config = json.loads(path.read_text()) | changes
    path.write_text(json.dumps({name: value for name, value in config.items() if value != "GONE"}))


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"model_type": "gpt2"}, "gpt2"),
        ({"hidden_size": "GONE"}, "hidden_size"),
        ({"hidden_size": "wide"}, "d_model"),
        ({"hidden_size": None}, "d_model"),
        ({"hidden_size": 10**9}, "d_model"),
        ({"num_hidden_layers": 0}, "n_layers"),
        ({"num_key_value_heads": 3}, "n_kv_heads"),
        ({"rope_theta": "fast"}, "config.json"),
        ({"vocab_size": 399}, "pieces"),
    ],
)
def test_a_config_that_cannot_be_is_refused(folder, changes, word):
    change_config(folder, **changes)
    refused(folder, word)


@pytest.mark.parametrize("text", ["[]", "3", '"qwen3"', "null"])
def test_a_config_of_another_kind_is_refused(folder, text):
    (folder / "config.json").write_text(text)
    refused(folder, "config.json")


def test_weights_of_another_shape_are_refused(folder):
    change_config(folder, hidden_size=32)
    refused(folder, "model.safetensors", "shape")


def test_weights_of_fewer_layers_are_refused(folder):
    change_config(folder, num_hidden_layers=3)
    refused(folder, "model.safetensors", "layers.2")


def test_weights_that_the_config_does_not_know_are_refused(folder):
    change_config(folder, num_hidden_layers=1)
    refused(folder, "model.safetensors", "layers.1")


def test_a_tied_output_layer_that_is_stored_twice_is_no_matter(folder):
    expected = load_backbone(folder)[0](IDS)
    tensors = load_file(folder / "model.safetensors")
    save_file(tensors | {"lm_head.weight": tensors["model.embed_tokens.weight"].clone()}, folder / "model.safetensors")
    assert torch.equal(load_backbone(folder)[0](IDS), expected)


def test_a_tokenizer_of_another_backbone_is_refused(folder, make_backbone, tiny_tokenizer):
    save_backbone(folder, make_backbone(vocab_size=tiny_tokenizer.vocab_size - 1), tiny_tokenizer)
    refused(folder, "pieces")


def test_shared_names():
    assert shared_name("embedding.weight") == "model.embed_tokens.weight"
    assert shared_name("output.weight") == "lm_head.weight"
    assert shared_name("blocks.11.attention.q_norm.weight") == "model.layers.11.self_attn.q_norm.weight"
    assert shared_name("blocks.0.mlp_norm.weight") == "model.layers.0.post_attention_layernorm.weight"
    with pytest.raises(ValueError, match="no shared name"):
        shared_name("head.weight")


def test_loading_does_not_load_the_compiler(folder):
    code = "import sys; from pathlib import Path; from nlpsuite.backbone.checkpoint import load_backbone; "
    code += "load_backbone(Path(sys.argv[1])); print('torch._dynamo' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code, str(folder)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
