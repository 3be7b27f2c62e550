"""`config.json` of Hugging Face's decoder families, read strictly and written: Qwen3, Qwen2 and 2.5, Llama, SmolLM2, Mistral.

They differ from one another in a few flags of `BackboneConfig`. Whatever else a config asks for is refused by name, because the
network would run and be wrong. Both spellings of the rotary settings are known, `rope_theta` with `rope_scaling` and, since
transformers 5, `rope_parameters`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nlpsuite.backbone.config import BackboneConfig
from nlpsuite.backbone.rope import RopeScaling
from nlpsuite.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from nlpsuite.text.tokenizer import Tokenizer

FAMILIES = ("qwen3", "qwen2", "llama", "mistral")
ARCHITECTURES = {"qwen3": "Qwen3ForCausalLM", "qwen2": "Qwen2ForCausalLM", "llama": "LlamaForCausalLM"}
_COPY_AGAIN = "copy the whole folder again"
_ROPE = ("rope_type", "type", "factor", "rope_theta", "original_max_position_embeddings", "mscale", "mscale_all_dim")
_PLAIN = ("default", None)
_LONGEST = 1 << 22


def from_shared_config(data: object, where: Path) -> BackboneConfig:
    """Read a `config.json` of one of the families.

    Raises:
        UserError: It is of another architecture, asks for what this network does not do, or a value is missing or absurd.
    """
    if not isinstance(data, dict) or data.get("model_type") not in FAMILIES:
        kind = data.get("model_type") if isinstance(data, dict) else None
        fix = f"use a model of {', '.join(FAMILIES)} (SmolLM2 and others are llama), or one made by `suite pretrain`"
        raise UserError(f"model type {str(kind)[:60]!r} is not supported", where=where, fix=fix)
    family = data["model_type"]
    _refuse(data, family, where)
    try:
        heads, width = data["num_attention_heads"], data["hidden_size"]
        scaling, theta = _rope(data, where)
        return BackboneConfig(
            vocab_size=data["vocab_size"],
            context=_context(data),
            d_model=width,
            n_layers=data["num_hidden_layers"],
            n_heads=heads,
            n_kv_heads=data.get("num_key_value_heads") or heads,
            head_dim=data.get("head_dim") or width // heads,
            d_ff=data["intermediate_size"],
            rope_theta=theta,
            rope_scaling=scaling,
            norm_eps=float(data["rms_norm_eps"]),
            qk_norm=family == "qwen3",
            qkv_bias=family == "qwen2",
            tied=bool(data.get("tie_word_embeddings", False)),
        )
    except KeyError as missing:
        raise UserError(f"setting {missing} is missing", where=where, fix=_COPY_AGAIN) from None
    except (AttributeError, TypeError, ValueError, ZeroDivisionError, OverflowError) as error:
        raise UserError(f"a value does not fit ({error})", where=where, fix=_COPY_AGAIN) from None
    except UserError as error:
        raise UserError(error.what, where=where, fix=error.fix or _COPY_AGAIN) from None


def to_shared_config(config: BackboneConfig, tokenizer: Tokenizer | None) -> dict[str, Any]:
    """Return `config.json` for the family that the flags make."""
    family = family_of(config)
    special = {}
    if tokenizer is not None:
        special = {
            "bos_token_id": tokenizer.bos_id,
            "eos_token_id": tokenizer.eos_id,
            "pad_token_id": tokenizer.pad_id,
        }
    return {
        "architectures": [ARCHITECTURES[family]],
        "model_type": family,
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
        **({} if config.rope_scaling is None else {"rope_scaling": _written(config.rope_scaling)}),
        "attention_bias": False,
        "attention_dropout": 0.0,
        "tie_word_embeddings": config.tied,
        "use_sliding_window": False,
        **special,
    }


def family_of(config: BackboneConfig) -> str:
    """Return the family that has a config's flags.

    Raises:
        ValueError: None has.
    """
    families = {(True, False): "qwen3", (False, True): "qwen2", (False, False): "llama"}
    if (flags := (config.qk_norm, config.qkv_bias)) not in families:
        raise ValueError(f"no family has qk_norm, qkv_bias = {flags}")
    return families[flags]


def _refuse(data: Mapping[str, Any], family: str, where: Path) -> None:
    """Refuse what the network would not compute."""
    biased = bool(data.get("attention_bias")) and family != "qwen2"
    wrong = {
        f"hidden_act = {data.get('hidden_act')!r}": data.get("hidden_act", "silu") not in ("silu", "swish"),
        "attention_bias (a bias in the attention's output)": biased,
        "mlp_bias": bool(data.get("mlp_bias")),
        "partial rotary positions": data.get("partial_rotary_factor", 1.0) not in (None, 1.0),
        "a quantised model": data.get("quantization_config") is not None,
        "weights at several places in turns (pretraining_tp)": data.get("pretraining_tp", 1) not in (None, 1),
    }
    if what := next((name for name, is_wrong in wrong.items() if is_wrong), None):
        raise UserError(f"{what[:100]} is not supported", where=where, fix="use a model without it")


def _context(data: Mapping[str, Any]) -> int:
    """Return the longest row: with attention in a window, the window, within which it is full attention."""
    longest = data["max_position_embeddings"]
    window = data.get("sliding_window")
    # Qwen's configs name a window and say beside it that it is not used.
    slides = window is not None and data.get("use_sliding_window", data["model_type"] == "mistral")
    context: int = min(longest, window) if slides else longest
    return context


def _rope(data: Mapping[str, Any], where: Path) -> tuple[RopeScaling | None, float]:
    """Return how rotary frequencies are bent, and their base."""
    given = data.get("rope_parameters") or data.get("rope_scaling") or {}
    theta = float(data.get("rope_theta") or given.get("rope_theta") or 10_000.0)
    kind = given.get("rope_type", given.get("type"))
    if kind in _PLAIN or (kind == "dynamic"):
        # `dynamic` changes nothing within the context that it was trained with.
        return None, theta
    if kind not in ("linear", "llama3", "yarn"):
        fix = "use a model with linear, dynamic, llama3 or yarn scaling, or none"
        raise UserError(f"rotary positions of kind {str(kind)[:60]!r} are not supported", where=where, fix=fix)
    names = ("low_freq_factor", "high_freq_factor", "beta_fast", "beta_slow", "attention_factor")
    values: dict[str, Any] = {name: float(given[name]) for name in names if given.get(name) is not None}
    if unknown := sorted(given.keys() - {*names, *_ROPE, "truncate"}):
        raise UserError(
            f"`{unknown[0][:60]}` of rotary positions is not known", where=where, fix="use a model without it"
        )
    if given.get("truncate") is not None:
        values["truncate"] = bool(given["truncate"])
    if given.get("mscale") is not None and given.get("mscale_all_dim") is not None:
        raise UserError("`mscale` of rotary positions is not supported", where=where, fix="use a model without it")
    original = int(given.get("original_max_position_embeddings") or data["max_position_embeddings"])
    factor = float(given["factor"])
    if not 1.0 <= factor <= 1024 or not 1 <= original <= _LONGEST:
        raise ValueError(f"rotary factor {factor}, original context {original}")
    return RopeScaling(kind=kind, factor=factor, original_context=original, **values), theta


def _written(scaling: RopeScaling) -> dict[str, Any]:
    written: dict[str, Any] = {"rope_type": scaling.kind, "factor": scaling.factor}
    if scaling.kind != "linear":
        written["original_max_position_embeddings"] = scaling.original_context
    if scaling.kind == "llama3":
        written |= {"low_freq_factor": scaling.low_freq_factor, "high_freq_factor": scaling.high_freq_factor}
    if scaling.kind == "yarn":
        written |= {"beta_fast": scaling.beta_fast, "beta_slow": scaling.beta_slow}
        if not scaling.truncate:
            written["truncate"] = False
        if scaling.attention_factor is not None:
            written["attention_factor"] = scaling.attention_factor
    return written
