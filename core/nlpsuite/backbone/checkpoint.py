"""A backbone on disk: safetensors and JSON in the layout of `Qwen3ForCausalLM`, so that other tools load it as it is.

The folder holds `config.json`, `model.safetensors`, `tokenizer.model`, `generation_config.json` and a model card. Nothing
in it can name code to run.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any, Literal

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from nlpsuite.backbone.config import BackboneConfig
from nlpsuite.backbone.model import Backbone
from nlpsuite.errors import UserError
from nlpsuite.files import read_json, replacing, write_json
from nlpsuite.text.tokenizer import Tokenizer

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

_NAMES = (
    (r"^embedding\.", "model.embed_tokens."),
    (r"^norm\.", "model.norm."),
    (r"^output\.", "lm_head."),
    (r"^blocks\.(\d+)\.attention_norm\.", r"model.layers.\1.input_layernorm."),
    (r"^blocks\.(\d+)\.mlp_norm\.", r"model.layers.\1.post_attention_layernorm."),
    (r"^blocks\.(\d+)\.attention\.([qk])_norm\.", r"model.layers.\1.self_attn.\2_norm."),
    (r"^blocks\.(\d+)\.attention\.([qkvo])\.", r"model.layers.\1.self_attn.\2_proj."),
    (r"^blocks\.(\d+)\.mlp\.(gate|up|down)\.", r"model.layers.\1.mlp.\2_proj."),
)


def shared_name(name: str) -> str:
    """Return the name a parameter of ours has in a Hugging Face file."""
    for pattern, replacement in _NAMES:
        if re.match(pattern, name):
            return re.sub(pattern, replacement, name)
    raise ValueError(f"no shared name for parameter {name}")


def to_shared_config(config: BackboneConfig, tokenizer: Tokenizer | None) -> dict[str, Any]:
    """Return `config.json` for `Qwen3ForCausalLM`."""
    special = (
        {}
        if tokenizer is None
        else {
            "bos_token_id": tokenizer.bos_id,
            "eos_token_id": tokenizer.eos_id,
            "pad_token_id": tokenizer.pad_id,
        }
    )
    return {
        "architectures": ["Qwen3ForCausalLM"],
        "model_type": "qwen3",
        "vocab_size": config.vocab_size,
        "hidden_size": config.d_model,
        "intermediate_size": config.d_ff,
        "num_hidden_layers": config.n_layers,
        "num_attention_heads": config.n_heads,
        "num_key_value_heads": config.n_kv_heads,
        "head_dim": config.head_dim,
        "hidden_act": "silu",
        "max_position_embeddings": config.context,
        "rms_norm_eps": config.norm_eps,
        "rope_theta": config.rope_theta,
        "attention_bias": config.qkv_bias,
        "attention_dropout": 0.0,
        "tie_word_embeddings": config.tied,
        "use_sliding_window": False,
        **special,
    }


def from_shared_config(data: object, where: Path) -> BackboneConfig:
    """Read a `config.json` of this layout.

    Raises:
        UserError: It is of another architecture, or a value is missing or absurd.
    """
    if not isinstance(data, dict) or data.get("model_type") != "qwen3":
        kind = data.get("model_type") if isinstance(data, dict) else None
        raise UserError(
            f"model type {kind!r} is not supported", where=where, fix="use a backbone made by `suite pretrain`"
        )
    try:
        return BackboneConfig(
            vocab_size=data["vocab_size"],
            context=data["max_position_embeddings"],
            d_model=data["hidden_size"],
            n_layers=data["num_hidden_layers"],
            n_heads=data["num_attention_heads"],
            n_kv_heads=data["num_key_value_heads"],
            head_dim=data["head_dim"],
            d_ff=data["intermediate_size"],
            rope_theta=float(data["rope_theta"]),
            norm_eps=float(data["rms_norm_eps"]),
            tied=bool(data["tie_word_embeddings"]),
        )
    except KeyError as missing:
        raise UserError(f"setting {missing} is missing", where=where, fix="copy the whole folder again") from None
    except (TypeError, ValueError) as error:
        raise UserError(f"a value does not fit ({error})", where=where, fix="copy the whole folder again") from None
    except UserError as error:
        raise UserError(error.what, where=where, fix="copy the whole folder again") from None


def save_weights(path: Path, backbone: Backbone, dtype: torch.dtype | None = None) -> None:
    """Write the weights under their shared names, whole or not at all.

    Args:
        path: The safetensors file.
        backbone: Whose weights.
        dtype: What to store them as; None keeps theirs.
    """
    tensors: dict[str, Tensor] = {
        shared_name(name): parameter.detach().to("cpu", dtype or parameter.dtype).contiguous()
        for name, parameter in backbone.named_parameters()
    }
    save_tensors(path, tensors)


def save_tensors(path: Path, tensors: dict[str, Tensor]) -> None:
    """Write a safetensors file whole or not at all."""
    with replacing(path) as temporary:
        # The writer makes its file for the owner alone; a model is to be shared as any other file is.
        temporary.touch()
        mode = temporary.stat().st_mode
        save_file(tensors, temporary, metadata={"format": "pt"})
        temporary.chmod(mode)


def save_backbone(
    folder: Path, backbone: Backbone, tokenizer: Tokenizer, dtype: torch.dtype | None = None, card: str | None = None
) -> None:
    """Write a complete backbone into `folder`, which is made if need be; `config.json` comes last and makes it whole.

    Args:
        folder: Where.
        backbone: The network.
        tokenizer: Its tokenizer.
        dtype: What to store weights as; None keeps theirs.
        card: The model card, in Markdown.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").unlink(missing_ok=True)
    save_weights(folder / "model.safetensors", backbone, dtype)
    tokenizer.save(folder)
    if card is not None:
        (folder / "README.md").write_text(card, encoding="utf-8")
    name: Literal["float16", "float32", "bfloat16"] = str(dtype or backbone.embedding.weight.dtype).removeprefix(
        "torch."
    )  # type: ignore[assignment]
    write_json(
        folder / "generation_config.json",
        {"bos_token_id": tokenizer.bos_id, "eos_token_id": tokenizer.eos_id, "pad_token_id": tokenizer.pad_id},
    )
    write_json(folder / "config.json", to_shared_config(backbone.config, tokenizer) | {"torch_dtype": name})


def load_backbone(folder: Path) -> tuple[Backbone, Tokenizer]:
    """Read a backbone, in float32, and its tokenizer.

    Raises:
        UserError: The folder is not a backbone, or a file in it is missing, damaged or does not fit the others.
    """
    path = folder / "config.json"
    try:
        data = read_json(path)
    except (FileNotFoundError, NotADirectoryError):
        raise UserError(
            "not a backbone: it has no config.json",
            where=folder,
            fix="name a folder that `suite pretrain` wrote, or `nano`",
        ) from None
    except (OSError, ValueError) as error:
        raise UserError(f"not readable as JSON ({error})", where=path, fix="copy the whole folder again") from None
    config = from_shared_config(data, path)
    tokenizer = Tokenizer.load(folder)
    if tokenizer.vocab_size > config.vocab_size:
        raise UserError(
            f"the tokenizer has {tokenizer.vocab_size} pieces and the weights {config.vocab_size}",
            where=folder,
            fix="copy tokenizer.model and model.safetensors from one folder",
        )
    with torch.device("meta"):
        backbone = Backbone(config)
    backbone.load_state_dict(_read_tensors(folder / "model.safetensors", backbone), assign=True)
    for parameter in backbone.parameters():
        parameter.requires_grad_(True)
    return backbone.eval(), tokenizer


def _read_tensors(path: Path, backbone: Backbone) -> dict[str, Tensor]:
    expected = {shared_name(name): (name, parameter.shape) for name, parameter in backbone.named_parameters()}
    tensors: dict[str, Tensor] = {}
    try:
        with safe_open(path, framework="pt") as file:
            present = set(file.keys())
            if missing := sorted(expected.keys() - present):
                raise UserError(f"weight {missing[0]} is missing", where=path, fix="copy the whole folder again")
            # Some writers store a tied output layer a second time.
            if extra := sorted(present - expected.keys() - {"lm_head.weight"}):
                raise UserError(
                    f"weight {extra[0]} is none of the network that config.json describes",
                    where=path,
                    fix="copy the whole folder again",
                )
            for shared, (name, shape) in expected.items():
                if tuple(file.get_slice(shared).get_shape()) != tuple(shape):
                    raise UserError(f"weight {shared} is not of shape {tuple(shape)}", where=path, fix="copy it again")
                tensors[name] = file.get_tensor(shared).float()
    except FileNotFoundError:
        raise UserError("the weights are missing", where=path, fix="copy the whole folder again") from None
    except SafetensorError as error:
        raise UserError(f"damaged ({error})", where=path, fix="copy the whole folder again") from None
    return tensors


def weights_sha256(folder: Path) -> str:
    """Return the SHA-256 of a backbone's weight file, by which a head knows the backbone it was trained on."""
    with (folder / "model.safetensors").open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
