"""Weights under the names that they have in Hugging Face's files: one file of safetensors, or several with an index."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from safetensors import SafetensorError, safe_open

from nlpsuite.errors import UserError
from nlpsuite.files import read_json

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

    from nlpsuite.backbone.model import Backbone

WEIGHTS, INDEX = "model.safetensors", "model.safetensors.index.json"
ADAPTERS = "adapter_model.safetensors"
_COPY_AGAIN = "copy the whole folder again"
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
_HEAD = re.compile(r"^(score|qa_outputs)\.(weight|bias)$")
_LEFT_OUT = re.compile(r"rotary_emb\.inv_freq$|^(score|qa_outputs)\.(weight|bias)$")
"""What older writers store beside the weights, and any reader computes; and heads of models that other tools made for a task."""
ROOT, QUESTIONS_ROOT = "model.", "transformer."
"""What names of the backbone's weights begin with, and in models for questions."""


def shared_name(name: str) -> str:
    """Return the name a parameter of ours has in a Hugging Face file."""
    for pattern, replacement in _NAMES:
        if re.match(pattern, name):
            return re.sub(pattern, replacement, name)
    raise ValueError(f"no shared name for parameter {name}")


def read_weights(folder: Path, backbone: Backbone) -> dict[str, Tensor]:
    """Read the weights of a backbone in float32, by our names.

    Args:
        folder: With one file, or several and an index.
        backbone: The network that they are for; its own weights need not be there (device `meta`).

    Raises:
        UserError: A file is missing or damaged, or holds other weights than those of the network.
    """
    expected = {shared_name(name): (name, tuple(p.shape)) for name, p in backbone.named_parameters()}
    places = {_shared(name): (file, name) for name, file in _places(folder).items()}
    path = folder / (INDEX if (folder / INDEX).is_file() else WEIGHTS)
    if expected.keys() - places.keys() == {"lm_head.weight"}:
        what = "the weights have no output layer, as those of models for a task have none"
        raise UserError(what, where=path, fix="name the language model that it was made from")
    if missing := sorted(expected.keys() - places.keys()):
        raise UserError(f"weight {missing[0]} is missing", where=path, fix=_COPY_AGAIN)
    # Some writers store a tied output layer a second time.
    known = expected.keys() | {"lm_head.weight"}
    if extra := sorted(name for name in places.keys() - known if not _LEFT_OUT.search(name)):
        what = f"weight {extra[0][:200]} is none of the network that config.json describes"
        raise UserError(what, where=path, fix=_COPY_AGAIN)
    return {name: _read(*places[shared], shape) for shared, (name, shape) in expected.items()}


def _shared(name: str) -> str:
    """Return the usual name of a weight in a file."""
    return ROOT + name.removeprefix(QUESTIONS_ROOT) if name.startswith(QUESTIONS_ROOT) else name


def other_heads(folder: Path) -> list[str]:
    """Return the names of weights of other tools' heads, which are not part of the backbone."""
    return sorted(name for name in _places(folder) if _HEAD.search(name))


def weight_files(folder: Path) -> list[Path]:
    """Return the files of a backbone's weights: the one, or those that the index names; adapters where there are only these.

    Raises:
        UserError: The index is damaged.
    """
    index = folder / INDEX
    if not (folder / WEIGHTS).is_file() and (folder / ADAPTERS).is_file() and not index.is_file():
        return [folder / ADAPTERS]
    if (folder / WEIGHTS).is_file() or not index.is_file():
        return [folder / WEIGHTS]
    try:
        names = set(read_json(index)["weight_map"].values())
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"damaged ({error})", where=index, fix=_COPY_AGAIN) from None
    # A name in a file is a file beside it, and never a path.
    if wrong := next(
        (n for n in names if not re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9._-]*\.safetensors", str(n))), None
    ):
        raise UserError(f"{str(wrong)[:200]!r} is no name of a file of weights", where=index, fix=_COPY_AGAIN)
    return [folder / name for name in sorted(names)]


def _places(folder: Path) -> dict[str, Path]:
    """Return the file that each weight is in."""
    places: dict[str, Path] = {}
    for file in weight_files(folder):
        with _opened(file) as tensors:
            places |= dict.fromkeys(tensors.keys(), file)
    return places


def _read(path: Path, name: str, shape: tuple[int, ...]) -> Tensor:
    # Opened for each: what was read of a file stays in memory as long as the file is open.
    with _opened(path) as file:
        try:
            if tuple(file.get_slice(name).get_shape()) != shape:
                raise UserError(f"weight {name} is not of shape {shape}", where=path, fix=_COPY_AGAIN)
            tensor: Tensor = file.get_tensor(name)
        except SafetensorError as error:
            raise UserError(f"damaged ({error})", where=path, fix=_COPY_AGAIN) from None
    if not tensor.is_floating_point():
        raise UserError(f"weight {name} is of {tensor.dtype}, not of floating point", where=path, fix=_COPY_AGAIN)
    return tensor.float()


def _opened(path: Path) -> safe_open:
    try:
        return safe_open(path, framework="pt")
    except FileNotFoundError:
        if any(path.parent.glob("pytorch_model*.bin")):
            what = "the weights are pickled (pytorch_model.bin), which may run code, and are not read"
            raise UserError(what, where=path.parent, fix="take a version of the model that has safetensors") from None
        raise UserError("the weights are missing", where=path, fix=_COPY_AGAIN) from None
    except (SafetensorError, OSError) as error:
        raise UserError(f"damaged ({error})", where=path, fix=_COPY_AGAIN) from None
