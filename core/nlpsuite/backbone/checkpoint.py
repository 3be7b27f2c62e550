"""A backbone on disk: safetensors and JSON in Hugging Face's layout, so that other tools load it as it is.

The folder holds `config.json`, `model.safetensors`, `tokenizer.model`, `generation_config.json` and a model card. Nothing
in it can name code to run.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Literal

import torch
from safetensors.torch import save_file

from nlpsuite.backbone.families import from_shared_config, to_shared_config
from nlpsuite.backbone.model import Backbone
from nlpsuite.backbone.weights import WEIGHTS, read_weights, shared_name
from nlpsuite.errors import UserError
from nlpsuite.files import read_json, replacing, write_json
from nlpsuite.text.json_tokenizer import load_tokenizer

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

    from nlpsuite.text.tokenizer import Tokenizer


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


def save_tensors(path: Path, tensors: dict[str, Tensor], *, durable: bool = False) -> None:
    """Write a safetensors file whole or not at all; `durable`: so that it outlives a loss of power."""
    with replacing(path, durable=durable) as temporary:
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
    save_weights(folder / WEIGHTS, backbone, dtype)
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
    tokenizer = load_tokenizer(folder)
    if tokenizer.vocab_size > config.vocab_size:
        raise UserError(
            f"the tokenizer has {tokenizer.vocab_size} pieces and the weights {config.vocab_size}",
            where=folder,
            fix="copy tokenizer.model and model.safetensors from one folder",
        )
    with torch.device("meta"):
        backbone = Backbone(config)
    backbone.load_state_dict(read_weights(folder, backbone), assign=True)
    for parameter in backbone.parameters():
        parameter.requires_grad_(True)
    return backbone.eval(), tokenizer


def weights_sha256(folder: Path) -> str:
    """Return the SHA-256 of a backbone's weight file, by which a head knows the backbone it was trained on."""
    with (folder / WEIGHTS).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
