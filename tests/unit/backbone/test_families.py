"""Models of other makes: what `transformers` computes with them is what we compute, and back."""

from __future__ import annotations

import json

import pytest
import torch

from nlpsuite.backbone.cache import KeyValueCache
from nlpsuite.backbone.checkpoint import load_backbone, save_backbone
from nlpsuite.errors import UserError
from nlpsuite.text.to_json import tokenizer_config, tokenizer_json

transformers = pytest.importorskip("transformers")

SHAPE = {
    "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 3, "num_attention_heads": 4,
    "num_key_value_heads": 2, "max_position_embeddings": 64, "rms_norm_eps": 1e-6,
}  # fmt: skip
LLAMA3 = {
    "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 32,
    "rope_theta": 500.0,
}  # fmt: skip
YARN = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 16, "rope_theta": 1000.0}
FAMILIES = {
    "qwen3": ("Qwen3", {"head_dim": 8, "tie_word_embeddings": True}),
    "qwen3, head wider than its share, untied": ("Qwen3", {"head_dim": 16, "tie_word_embeddings": False}),
    "qwen2": ("Qwen2", {"tie_word_embeddings": True}),
    "llama": ("Llama", {"tie_word_embeddings": False}),
    "llama, as many key heads, tied": ("Llama", {"num_key_value_heads": 4, "tie_word_embeddings": True}),
    "llama, frequencies of llama3": ("Llama", {"rope_parameters": LLAMA3}),
    "llama, linear": ("Llama", {"rope_parameters": {"rope_type": "linear", "factor": 4.0, "rope_theta": 10_000.0}}),
    "qwen2, yarn": ("Qwen2", {"rope_parameters": YARN}),
    "qwen3, yarn at parts of dimensions": ("Qwen3", {"rope_parameters": YARN | {"truncate": False}}),
    "mistral, no window": ("Mistral", {"sliding_window": None}),
    "mistral, a window as wide as the context": ("Mistral", {"sliding_window": 64}),
}


def make(name, folder, tokenizer, **changes):
    """Save a small model of another make, with weights at random, and return it."""
    prefix, own = FAMILIES[name]
    config = getattr(transformers, f"{prefix}Config")(**(SHAPE | {"vocab_size": tokenizer.vocab_size} | own | changes))
    torch.manual_seed(0)
    model = getattr(transformers, f"{prefix}ForCausalLM")(config).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn(parameter.shape) * 0.1)
    model.save_pretrained(folder)
    (folder / "tokenizer.json").write_text(tokenizer_json(tokenizer), encoding="utf-8")
    (folder / "tokenizer_config.json").write_text(json.dumps(tokenizer_config(tokenizer, 64)))
    return model


def ids(rows=3, length=40, vocab=300, seed=0):
    return torch.randint(6, vocab, (rows, length), generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("name", list(FAMILIES))
def test_hidden_states_and_logits_are_those_of_transformers(name, tmp_path, tiny_tokenizer):
    model = make(name, tmp_path, tiny_tokenizer)
    backbone, tokenizer = load_backbone(tmp_path)
    assert tokenizer.encode("the old man walked") == tiny_tokenizer.encode("the old man walked")
    x = ids()
    with torch.no_grad():
        theirs = model(x, output_hidden_states=True)
        hidden = backbone(x)
        torch.testing.assert_close(hidden, theirs.hidden_states[-1], atol=1e-4, rtol=1e-4)
        torch.testing.assert_close(backbone.logits(hidden), theirs.logits, atol=1e-4, rtol=1e-4)
        # Rows of several lengths, padded on the right.
        lengths = torch.tensor([40, 25, 7])
        real = torch.arange(40)[None] < lengths[:, None]
        padded = model(x, attention_mask=real.long()).logits
        ours = backbone.logits(backbone(x, segments_BT=torch.where(real, 0, -1)))
        torch.testing.assert_close(ours[real], padded[real], atol=1e-4, rtol=1e-4)
        # A few positions at a time, with what came before in the cache.
        cache = KeyValueCache(backbone.config, 3, 40, torch.float32, torch.device("cpu"))
        parts = [backbone(x[:, start:end], cache=cache) for start, end in ((0, 11), (11, 12), (12, 40))]
        torch.testing.assert_close(torch.cat(parts, 1), hidden, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("name", list(FAMILIES))
def test_what_is_saved_again_is_theirs_again(name, tmp_path, tiny_tokenizer):
    model = make(name, tmp_path / "theirs", tiny_tokenizer)
    backbone, tokenizer = load_backbone(tmp_path / "theirs")
    save_backbone(tmp_path / "ours", backbone, tokenizer)
    again = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "ours").eval()
    x = ids()
    with torch.no_grad():
        torch.testing.assert_close(again(x).logits, model(x).logits, atol=1e-4, rtol=1e-4)
        start = ids(rows=1, length=10)
        longer = again.generate(start, max_new_tokens=50, do_sample=False, eos_token_id=None, pad_token_id=0)
        for _ in range(50):
            start = torch.cat([start, backbone.logits(backbone(start))[:, -1:].argmax(-1)], 1)
    assert torch.equal(longer, start)
    if "qwen2" in name:
        # For these `transformers` takes Qwen's own way of cutting a text into words, whatever tokenizer.json says.
        return
    fast = transformers.AutoTokenizer.from_pretrained(tmp_path / "ours")
    text = "  the old man, 1,234 \u2581 你好\n"
    assert fast(text, add_special_tokens=False)["input_ids"] == tokenizer.encode(text)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_weights_in_fewer_bits_and_in_several_files(tmp_path, tiny_tokenizer, dtype):
    model = make("llama", tmp_path, tiny_tokenizer).to(dtype)
    (tmp_path / "model.safetensors").unlink()
    model.save_pretrained(tmp_path, max_shard_size="20KB")
    assert len(list(tmp_path.glob("model-*.safetensors"))) > 1
    backbone, _ = load_backbone(tmp_path)
    theirs = dict(model.named_parameters())
    assert torch.equal(backbone.embedding.weight, theirs["model.embed_tokens.weight"].float())
    assert torch.equal(backbone.blocks[2].mlp.down.weight, theirs["model.layers.2.mlp.down_proj.weight"].float())


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"model_type": "gpt2"}, "model type 'gpt2' is not supported; use a model of qwen3, qwen2, llama, mistral"),
        ({"hidden_act": "gelu"}, "hidden_act = 'gelu' is not supported"),
        ({"attention_bias": True}, "attention_bias"),
        ({"mlp_bias": True}, "mlp_bias"),
        ({"rope_parameters": {"rope_type": "longrope", "factor": 2.0}}, "rotary positions of kind 'longrope'"),
        ({"partial_rotary_factor": 0.5}, "partial rotary positions"),
        ({"quantization_config": {"bits": 4}}, "a quantised model"),
        ({"num_attention_heads": 0}, "not a whole number"),
        ({"rope_parameters": {"rope_type": "linear", "factor": -1}}, "a value does not fit"),
    ],
)
def test_what_is_not_supported_is_named(tmp_path, tiny_tokenizer, change, said):
    make("llama", tmp_path, tiny_tokenizer)
    path = tmp_path / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(UserError, match=said.replace("(", r"\(")):
        load_backbone(tmp_path)


def test_an_index_names_files_beside_it_and_no_paths(tmp_path, tiny_tokenizer):
    make("llama", tmp_path, tiny_tokenizer)
    (tmp_path / "model.safetensors").rename(tmp_path / "elsewhere.safetensors")
    for name in ("../elsewhere.safetensors", "/etc/passwd", "..safetensors", "x/y.safetensors", 5):
        (tmp_path / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {"model.norm.weight": name}}))
        with pytest.raises(UserError, match="is no name of a file of weights"):
            load_backbone(tmp_path)


def test_attention_in_a_window_is_full_attention_within_it(tmp_path, tiny_tokenizer):
    model = make("mistral, no window", tmp_path, tiny_tokenizer, sliding_window=24)
    backbone, _ = load_backbone(tmp_path)
    assert backbone.config.context == 24
    x = ids(length=24)
    with torch.no_grad():
        torch.testing.assert_close(backbone.logits(backbone(x)), model(x).logits, atol=1e-4, rtol=1e-4)
