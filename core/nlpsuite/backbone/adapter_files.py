"""Adapters on disk in the layout of PEFT: `adapter_config.json` and `adapter_model.safetensors`, a few megabytes.

They name the backbone they belong to, and know its weights by their SHA-256; where PEFT looks, they are LoRA weights of a causal
language model like any others. Adapters that PEFT wrote are read too, where they do nothing but what ours do.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from safetensors import SafetensorError, safe_open

from nlpsuite.backbone.folders import ADAPTER_CONFIG
from nlpsuite.backbone.lora import TARGETS, LoRALinear, add_product
from nlpsuite.backbone.weights import ADAPTERS, shared_name
from nlpsuite.backbone.writing import save_tensors
from nlpsuite.errors import UserError
from nlpsuite.files import read_json, write_json

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from torch import Tensor

    from nlpsuite.backbone.model import Backbone

_COPY_AGAIN = "copy the whole folder again"
_PREFIX = "base_model.model."
_MATRICES = ("lora_A", "lora_B")
_FREE = (
    "task_type", "base_model_name_or_path", "r", "lora_alpha", "lora_dropout", "target_modules", "exclude_modules", "revision",
    "inference_mode", "auto_mapping", "peft_version", "use_rslora", "layers_to_transform", "layers_pattern", "megatron_core",
    "qalora_group_size",
)  # fmt: skip
"""What a configuration may say as it likes: what is read, and what changes nothing once adapters are trained."""
_ONLY: Mapping[str, tuple[Any, ...]] = {
    "peft_type": ("LORA",),
    "bias": ("none", None),
    "init_lora_weights": (True, False, "gaussian", None),
}
"""What it must say where it says anything; of all else it must say nothing: adapters would compute something else."""
_LARGEST = 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class Adapters:
    """What low-rank training learned.

    Attributes:
        base: The backbone they belong to: `nano`, or a folder.
        base_sha256: Of its weights; empty where it is not known, as for adapters of other makes.
        rank: Width of the adapters.
        alpha: Their scale, before it is divided by what `scale` divides it by.
        scale: What the product of the two matrices is multiplied by.
        matrices: For each adapted layer, by our name, the first matrix (R, I) and the second one (O, R).
    """

    base: str
    base_sha256: str
    rank: int
    alpha: float
    scale: float
    matrices: Mapping[str, tuple[Tensor, Tensor]]

    def merge_into(self, backbone: Backbone) -> None:
        """Add them to the weights of a backbone, in place."""
        for name, (first_RI, second_OR) in self.matrices.items():
            add_product(backbone.get_parameter(f"{name}.weight"), first_RI, second_OR, self.scale)


def adapters_of(backbone: Backbone, *, base: str, base_sha256: str, alpha: float) -> Adapters:
    """Return a copy of the adapters that a backbone has."""
    layers = {name: module for name, module in backbone.named_modules() if isinstance(module, LoRALinear)}
    matrices = {name: (_copy(layer.first_RI), _copy(layer.second_OR)) for name, layer in layers.items()}
    some = next(iter(layers.values()))
    rank = some.first_RI.shape[0]
    return Adapters(base=base, base_sha256=base_sha256, rank=rank, alpha=alpha, scale=some.scale, matrices=matrices)


def save_adapters(folder: Path, adapters: Adapters) -> None:
    """Write adapters into a folder, which is made if need be; the configuration comes last and makes them whole."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ADAPTER_CONFIG).unlink(missing_ok=True)
    tensors = {
        f"{_PREFIX}{_shared(name)}.{matrix}.weight": value
        for name, both in adapters.matrices.items()
        for matrix, value in zip(_MATRICES, both, strict=True)
    }
    save_tensors(folder / ADAPTERS, tensors, about={"base_sha256": adapters.base_sha256})
    targets = sorted({_shared(name).rpartition(".")[2] for name in adapters.matrices})
    config = {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "base_model_name_or_path": adapters.base,
        "r": adapters.rank,
        "lora_alpha": adapters.alpha,
        "lora_dropout": 0.0,
        "target_modules": targets,
        "bias": "none",
        "fan_in_fan_out": False,
        "inference_mode": True,
    }
    write_json(folder / ADAPTER_CONFIG, config)


def read_base(folder: Path) -> str:
    """Return the backbone that adapters belong to, as they name it.

    Raises:
        UserError: The configuration is missing or damaged, or asks for what is not supported.
    """
    return str(_read_config(folder)["base_model_name_or_path"])


def read_adapters(folder: Path, backbone: Backbone) -> Adapters:
    """Read the adapters of a folder, for a backbone of that shape.

    Raises:
        UserError: They are missing or damaged, do not fit the backbone, or are of a kind that is not supported.
    """
    config, path = _read_config(folder), folder / ADAPTERS
    layers = {_shared(name): name for name in _adaptable(backbone)}
    found: dict[str, dict[str, Tensor]] = {}
    try:
        with safe_open(path, framework="pt") as file:
            about = file.metadata() or {}
            for key in sorted(file.keys()):
                layer, matrix = _place(key, layers, path)
                found.setdefault(layer, {})[matrix] = file.get_tensor(key).float()
    except FileNotFoundError:
        raise UserError("the adapters are missing", where=path, fix=_COPY_AGAIN) from None
    except (SafetensorError, OSError) as error:
        raise UserError(f"damaged ({error})", where=path, fix=_COPY_AGAIN) from None
    matrices = {name: _checked(name, both, backbone, config["r"], path) for name, both in found.items()}
    if not matrices:
        raise UserError("there are no adapters in it", where=path, fix=_COPY_AGAIN)
    rank: int = config["r"]
    divisor = math.sqrt(rank) if config.get("use_rslora") else rank
    alpha = float(config["lora_alpha"])
    return Adapters(
        base=str(config["base_model_name_or_path"]),
        base_sha256=about.get("base_sha256", ""),
        rank=rank,
        alpha=alpha,
        scale=alpha / divisor,
        matrices=matrices,
    )


def _read_config(folder: Path) -> dict[str, Any]:
    path = folder / ADAPTER_CONFIG
    try:
        config = read_json(path)
    except (OSError, ValueError) as error:
        raise UserError(f"not readable as JSON ({error})", where=path, fix=_COPY_AGAIN) from None
    kinds = {"base_model_name_or_path": str, "r": int, "lora_alpha": (int, float)}
    for name, kind in kinds.items():
        if not isinstance(config, dict) or not isinstance(config.get(name), kind):  # type: ignore[arg-type]
            raise UserError(f"`{name}` is missing or not as it should be", where=path, fix=_COPY_AGAIN)
    for name, value in config.items():
        if name not in _FREE and (value not in _ONLY[name] if name in _ONLY else value not in (None, False, [], {})):
            what = f"adapters with `{name[:60]}` {str(value)[:60]} are not supported"
            raise UserError(what, where=path, fix="merge them with the tool that made them, and name the result")
    if not 0 < config["r"] <= 1 << 14 or not abs(config["lora_alpha"]) <= _LARGEST:
        raise UserError("`r` or `lora_alpha` is out of range", where=path, fix=_COPY_AGAIN)
    return dict(config)


def _adaptable(backbone: Backbone) -> list[str]:
    return [
        name
        for name, module in backbone.named_modules()
        if isinstance(module, torch.nn.Linear) and name.rpartition(".")[2] in TARGETS
    ]


def _shared(name: str) -> str:
    """Return the name that a layer of ours has in a Hugging Face model."""
    return shared_name(f"{name}.weight").removesuffix(".weight")


def _place(key: str, layers: Mapping[str, str], path: Path) -> tuple[str, str]:
    matched = re.fullmatch(r"base_model\.model\.(?:model\.)?(layers\..+)\.(lora_[AB])\.(?:default\.)?weight", key)
    layer = layers.get(f"model.{matched[1]}") if matched else None
    if matched is None or layer is None:
        what = f"{key[:200]!r} is no adapter of a layer of this backbone"
        raise UserError(what, where=path, fix="name the backbone that they were made for")
    return layer, matched[2]


def _checked(name: str, both: Mapping[str, Tensor], backbone: Backbone, rank: int, path: Path) -> tuple[Tensor, Tensor]:
    outputs, inputs = backbone.get_parameter(f"{name}.weight").shape
    first_RI, second_OR = both.get("lora_A"), both.get("lora_B")
    fits = (
        first_RI is not None
        and second_OR is not None
        and first_RI.shape == (rank, inputs)
        and second_OR.shape == (outputs, rank)
    )
    if first_RI is None or second_OR is None or not fits:
        what = f"the adapter of {name}, of rank {rank}, does not fit a layer of {inputs} inputs and {outputs} outputs"
        raise UserError(what, where=path, fix="name the backbone that it was made for")
    return first_RI, second_OR


def _copy(matrix: Tensor) -> Tensor:
    return matrix.detach().float().cpu().contiguous().clone()
