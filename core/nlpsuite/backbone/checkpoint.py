"""A backbone on disk: safetensors and JSON in Hugging Face's layout, so that other tools load it as it is.

The folder holds `config.json`, `model.safetensors`, `tokenizer.model`, `generation_config.json` and a model card. Nothing
in it can name code to run.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import torch

from nlpsuite.backbone.adapter_files import read_adapters, read_base
from nlpsuite.backbone.families import from_shared_config, to_shared_config
from nlpsuite.backbone.folders import ADAPTER_CONFIG, EMBEDDED, embedded_folder, is_adapted, is_model
from nlpsuite.backbone.model import Backbone
from nlpsuite.backbone.weights import read_weights
from nlpsuite.backbone.writing import save_weights, weights_sha256
from nlpsuite.errors import UserError
from nlpsuite.files import read_json, write_json
from nlpsuite.text.json_tokenizer import load_tokenizer

if TYPE_CHECKING:
    from nlpsuite.backbone.writing import SharedHead
    from nlpsuite.text.tokenizer import Tokenizer

LONGEST_CHAIN = 8
"""Adapters to adapters to ...: more than anybody makes."""


def save_backbone(
    folder: Path,
    backbone: Backbone,
    tokenizer: Tokenizer,
    dtype: torch.dtype | None = None,
    card: str | None = None,
    shard_bytes: int | None = None,
    head: SharedHead | None = None,
) -> None:
    """Write a complete backbone into `folder`, which is made if need be; `config.json` comes last and makes it whole.

    Args:
        folder: Where.
        backbone: The network.
        tokenizer: Its tokenizer.
        dtype: What to store weights as; None keeps theirs.
        card: The model card, in Markdown.
        shard_bytes: What one file of weights holds at most; None: all of them.
        head: A task's head that other tools compute too; None: there is none.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").unlink(missing_ok=True)
    save_weights(folder, backbone, dtype, shard_bytes, head)
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
    own = {"torch_dtype": name} | ({} if head is None else dict(head.config))
    write_json(folder / "config.json", to_shared_config(backbone.config, tokenizer) | own)


def load_backbone(folder: Path) -> tuple[Backbone, Tokenizer]:
    """Read a backbone, in float32, and its tokenizer; where a folder holds adapters, the backbone they name, with them merged.

    Raises:
        UserError: The folder is not a backbone, or a file in it is missing, damaged or does not fit the others.
    """
    if is_adapted(folder):
        return _load_adapted(folder)
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


def backbone_sha256(folder: Path) -> str:
    """Return the SHA-256 of a backbone's weights and shape, by which adapters know it.

    Raises:
        UserError: It is not whole.
    """
    if is_adapted(folder):
        return weights_sha256(folder)
    path = folder / "config.json"
    try:
        shape = from_shared_config(read_json(path), path)
    except (OSError, ValueError) as error:
        raise UserError(f"not readable as JSON ({error})", where=path, fix="copy the whole folder again") from None
    return hashlib.sha256(f"{weights_sha256(folder)} {shape!r}".encode()).hexdigest()


def _load_adapted(folder: Path) -> tuple[Backbone, Tokenizer]:
    """Read the backbone that adapters name, and merge them in.

    Raises:
        UserError: It is not there, has other weights than those they were trained on, or the adapters are not as they should be.
    """
    chain = [folder]
    while is_adapted(chain[-1]):
        chain.append(_base_folder(chain[-1]))
        if len(chain) > LONGEST_CHAIN:
            what = "adapters to adapters, without an end"
            raise UserError(what, where=folder / ADAPTER_CONFIG, fix="copy the whole folder again")
    backbone, tokenizer = load_backbone(chain[-1])
    for place, base in zip(chain[-2::-1], chain[:0:-1], strict=True):
        adapters = read_adapters(place, backbone)
        if adapters.base_sha256 and adapters.base_sha256 != backbone_sha256(base):
            what = (
                f"the adapters belong to {adapters.base} as it was; its weights or its config.json have changed since"
            )
            fix = "put the backbone back as it was, or train again"
            raise UserError(what, where=place / ADAPTER_CONFIG, fix=fix)
        adapters.merge_into(backbone)
    return backbone, tokenizer


def _base_folder(folder: Path) -> Path:
    base = read_base(folder)
    if base == EMBEDDED:
        return embedded_folder()
    try:
        place = Path(base).expanduser()
        # A name without a root may be meant from here, or from the adapters; a run has its model in a folder of its own.
        for found in (place, place / "model", folder / place, folder / place / "model"):
            if is_model(found):
                return found
    except (OSError, RuntimeError, ValueError):
        # Too long a name, no such user, a zero byte.
        pass
    fix = f"put it back, or set base_model_name_or_path in {ADAPTER_CONFIG} to the folder where it is now"
    raise UserError(f"the backbone of these adapters, {base[:200]}, is not there", where=folder, fix=fix)
