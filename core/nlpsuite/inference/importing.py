"""A pretrained model of another make as a backbone: a folder in Hugging Face's layout, or a name on its hub.

The files are copied as they are, once they have been read as a backbone; nothing in them is run.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nlpsuite.backbone.checkpoint import load_backbone
from nlpsuite.backbone.families import family_of
from nlpsuite.backbone.folders import is_adapted
from nlpsuite.backbone.weights import INDEX, WEIGHTS, other_heads
from nlpsuite.errors import UserError
from nlpsuite.files import check_space, read_json, writing_to
from nlpsuite.inference.artifact import HEADS, head_names
from nlpsuite.inference.exported import empty_folder

if TYPE_CHECKING:
    from nlpsuite.report import Reporter

HUB_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*")
_TOKENIZER = ("tokenizer.model", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json")
_BESIDE = ("generation_config.json", "README.md", "LICENSE", "LICENSE.txt", *_TOKENIZER)
_WANTED = ["config.json", WEIGHTS, INDEX, "model-*.safetensors", *_BESIDE]
_EXACT = "All of it, twice: naïve 北京 1,234 \n"


def import_model(source: str, out: Path, report: Reporter) -> dict[str, Any]:
    """Read a model, check it, and write it to a new folder that is a backbone; `config.json` comes last and makes it whole.

    Args:
        source: A folder, or a name on the hub.
        out: The new folder.
        report: Told what is done.

    Returns:
        What was found, for people.

    Raises:
        UserError: There is no such model, it is not whole, or of an architecture that is not supported.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UserError("the output folder is not empty", where=out, fix="give another --out")
    folder = _folder(source, report)
    if is_adapted(folder):
        fix = "name that folder as --backbone, or merge them first: suite export FOLDER --to DIR"
        raise UserError("adapters to a model elsewhere, which are not imported", where=folder, fix=fix)
    backbone, tokenizer = load_backbone(folder)
    for what in (*other_heads(folder), *(f"{HEADS}/{name}" for name in head_names(folder))):
        report.say(f"{folder}: {what} is a head, which a backbone is without; left out")
    with empty_folder(out, beside=None, flag="--out"):
        _copy(folder, out)
    kept = tokenizer.decode(tokenizer.encode(_EXACT)) == _EXACT
    if not kept:
        report.warn(
            "the tokenizer does not give every text back as it was, so generated text may be spelt in another form of Unicode; "
            "spans that tasks find are of the text as it was typed"
        )
    names = {"bos": tokenizer.bos_id, "eos": tokenizer.eos_id, "pad": tokenizer.pad_id}
    names |= {"mask": tokenizer.mask_id, "sep": tokenizer.sep_id}
    if tokenizer.mask_id == tokenizer.eos_id:
        report.say(
            f"{folder}: no token to spare for hidden words, so the end of a text stands in; masked training teaches that use"
        )
    shape = backbone.config
    return {
        "family": family_of(shape),
        "parameters": shape.parameters,
        "shape": f"{shape.n_layers} layers, width {shape.d_model}, {shape.n_heads} heads, {shape.n_kv_heads} of keys",
        "context": shape.context,
        "vocabulary": f"{tokenizer.vocab_size:,} of {shape.vocab_size:,} rows",
        "special tokens": {name: tokenizer.piece(index) for name, index in names.items()},
        "model": str(out),
    }


def _folder(source: str, report: Reporter) -> Path:
    """Return the folder that a source means; a model on the hub is downloaded, or found where it was downloaded before."""
    path = Path(source).expanduser()
    if path.is_dir():
        return path
    # `runs/new` with a letter wrong is a folder's name, and no model on the hub.
    if not HUB_NAME.fullmatch(source) or path.parent.is_dir():
        raise UserError("no such folder", where=source, fix="name a folder, or a model on the hub as ORG/NAME")
    return _download(source, report)


def _download(name: str, report: Reporter) -> Path:
    try:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError
    except ImportError:
        fix = "pip install 'nlpsuite[hub]', or download the model yourself and name its folder"
        raise UserError(
            "the hub needs the library `huggingface_hub`, which is not installed", where=name, fix=fix
        ) from None
    report.say(f"{name}: from the hub, or from where it was downloaded before")
    try:
        return Path(snapshot_download(name, allow_patterns=_WANTED))
    except LocalEntryNotFoundError:
        fix = "check the network, or download the model elsewhere and name its folder"
        raise UserError(
            "the hub cannot be reached, and the model was not downloaded before", where=name, fix=fix
        ) from None
    except HfHubHTTPError as error:
        status = getattr(getattr(error, "response", None), "status_code", None)
        what = "no such model, or one that needs a login" if status in (401, 403, 404) else f"the hub says {status}"
        raise UserError(what, where=name, fix="check the name; `hf auth login` logs in") from None
    except OSError as error:
        raise UserError(f"the hub cannot be reached ({error})", where=name, fix="check the network") from None


def _copy(folder: Path, out: Path) -> None:
    weights = [folder / WEIGHTS]
    if not weights[0].is_file():
        weights = [
            folder / INDEX,
            *(folder / name for name in sorted(set(read_json(folder / INDEX)["weight_map"].values()))),
        ]
    with writing_to(out):
        check_space(out, sum(path.stat().st_size for path in weights))
        for path in (*weights, *(folder / name for name in _BESIDE), folder / "config.json"):
            if path.is_file():
                shutil.copyfile(path, out / path.name)
