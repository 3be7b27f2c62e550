"""Weights on disk: one file, or several and an index where that is too large; and the hash that others know them by."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from safetensors.torch import save_file

from nlpsuite.backbone.weights import INDEX, ROOT, WEIGHTS, shared_name, weight_files
from nlpsuite.files import replacing, write_json

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import torch
    from torch import Tensor

    from nlpsuite.backbone.model import Backbone


@dataclass(frozen=True, slots=True)
class SharedHead:
    """A task's head in a Hugging Face model.

    Attributes:
        config: What it adds to `config.json`.
        weights: By the names that they have there.
        root: What the names of the backbone's weights begin with.
    """

    config: Mapping[str, Any]
    weights: Mapping[str, Tensor]
    root: str = ROOT


def save_weights(
    folder: Path,
    backbone: Backbone,
    dtype: torch.dtype | None = None,
    shard_bytes: int | None = None,
    head: SharedHead | None = None,
) -> None:
    """Write the weights under their shared names, each file whole or not at all.

    Args:
        folder: Where to.
        backbone: Whose weights.
        dtype: What to store them as; None keeps theirs.
        shard_bytes: What one file holds at most, if more than one weight is in it; None: all of them.
        head: Written with them, and decides what their names begin with; None: there is none.
    """
    root = ROOT if head is None else head.root
    named = {shared_name(name): parameter for name, parameter in backbone.named_parameters()}
    weights: dict[str, Tensor] = {
        root + name.removeprefix(ROOT) if name.startswith(ROOT) else name: weight for name, weight in named.items()
    }
    weights |= {} if head is None else head.weights
    parts: list[dict[str, Tensor]] = [{}]
    size = total = 0
    for name, parameter in weights.items():
        taken = parameter.numel() * (dtype or parameter.dtype).itemsize
        if shard_bytes is not None and parts[-1] and size + taken > shard_bytes:
            parts.append({})
            size = 0
        parts[-1][name] = parameter
        size, total = size + taken, total + taken
    if len(parts) == 1:
        save_tensors(folder / WEIGHTS, _stored(parts[0], dtype))
        return
    names = [f"model-{number:05}-of-{len(parts):05}.safetensors" for number in range(1, len(parts) + 1)]
    for name, part in zip(names, parts, strict=True):
        save_tensors(folder / name, _stored(part, dtype))
    places = {weight: name for name, part in zip(names, parts, strict=True) for weight in part}
    write_json(folder / INDEX, {"metadata": {"total_size": total}, "weight_map": places})


def save_tensors(
    path: Path, tensors: Mapping[str, Tensor], *, durable: bool = False, about: Mapping[str, str] | None = None
) -> None:
    """Write a safetensors file whole or not at all.

    Args:
        path: The file.
        tensors: What it holds, by name.
        durable: Whether it must outlive a loss of power.
        about: What is noted in its header in place of the usual word; of two notes the writer would not keep the order.
    """
    with replacing(path, durable=durable) as temporary:
        # The writer makes its file for the owner alone; a model is to be shared as any other file is.
        temporary.touch()
        mode = temporary.stat().st_mode
        save_file(dict(tensors), temporary, metadata=dict(about or {"format": "pt"}))
        temporary.chmod(mode)


def weights_sha256(folder: Path) -> str:
    """Return the SHA-256 of a backbone's weights, by which a head knows the backbone it was trained on.

    Args:
        folder: With one file of weights, or several and an index.
    """
    digest = hashlib.sha256()
    for path in weight_files(folder):
        with path.open("rb") as file:
            while block := file.read(1 << 22):
                digest.update(block)
    return digest.hexdigest()


def _stored(part: Mapping[str, Tensor], dtype: torch.dtype | None) -> dict[str, Tensor]:
    return {name: value.detach().to("cpu", dtype or value.dtype).contiguous() for name, value in part.items()}
