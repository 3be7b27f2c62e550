"""A model in the layout that other tools read, and the proof that it is the same model.

What is written is read again as a stranger would read it, and gives a probe text the same token ids and the same logits, or the
export is taken back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from nlpsuite.backbone.checkpoint import load_backbone, save_backbone
from nlpsuite.backbone.families import ARCHITECTURES, family_of
from nlpsuite.errors import UserError
from nlpsuite.files import check_space
from nlpsuite.inference.artifact import copy_head, head_names
from nlpsuite.inference.exported import PROBES, empty_folder, write_tokenizer
from nlpsuite.inference.locate import find_backbone
from nlpsuite.people import people_count
from nlpsuite.text.json_tokenizer import JsonTokenizer

if TYPE_CHECKING:
    from pathlib import Path

    from nlpsuite.backbone.model import Backbone
    from nlpsuite.report import Reporter
    from nlpsuite.text.tokenizer import Tokenizer

CLOSEST = {"float32": 1e-5, "bfloat16": 0.1, "float16": 0.02}
"""How far logits may be apart, as a share of the largest: what storing them in fewer bits costs."""


def export_model(target: str, to: Path, store: str, shard_bytes: int, report: Reporter) -> dict[str, Any]:
    """Write a model to a new folder, adapters merged, and compare it with the one here.

    Args:
        target: A run's folder, a model folder, or `nano`.
        to: The new folder.
        store: What weights are stored as.
        shard_bytes: What one file of weights holds at most.
        report: Told what is not exported, and why.

    Returns:
        What was written, for people.

    Raises:
        UserError: There is no such model, the folder is not empty, or what was written differs.
    """
    model = find_backbone(target)
    with empty_folder(to):
        backbone, tokenizer = load_backbone(model)
        check_space(to, backbone.config.parameters * getattr(torch, store).itemsize)
        save_backbone(to, backbone, tokenizer, getattr(torch, store), _card(backbone), shard_bytes)
        write_tokenizer(to, tokenizer, backbone.config.context)
        farthest = _compare(backbone, tokenizer, to, store)
        heads = head_names(model)
        for name in heads:
            copy_head(model, to, name)
    if heads:
        report.warn(
            f"the head of {', '.join(heads)} reads hidden states of attention in both directions, which no class of other tools "
            "computes; it goes along in our own files, for `suite predict`"
        )
    return {
        "architecture": ARCHITECTURES[family_of(backbone.config)],
        "parameters": people_count(backbone.config.parameters),
        "stored as": store,
        "heads, in our own files": ", ".join(heads) or "none",
        "probes": f"token ids equal, logits within {farthest:.1e} of the largest",
        "folder": str(to),
    }


def _compare(backbone: Backbone, tokenizer: Tokenizer, to: Path, store: str) -> float:
    """Compare what was written with what is here; return how far logits are apart, as a share of the largest.

    Raises:
        UserError: Too far, or token ids differ.
    """
    again, _ = load_backbone(to)
    theirs = JsonTokenizer.load(to)
    farthest = 0.0
    for text in PROBES:
        ids = tokenizer.encode(text)
        if theirs.encode(text) != ids:
            fix = "tell us of it; the model itself is whole"
            raise UserError(f"tokenizer.json gives other ids for {text!r}, so nothing was exported", where=to, fix=fix)
        row = torch.tensor([[tokenizer.bos_id, *ids][: backbone.config.context]])
        with torch.no_grad():
            ours, other = (network.logits(network(row)) for network in (backbone, again))
        farthest = max(farthest, float((ours - other).abs().max() / ours.abs().max().clamp_min(1e-9)))
    if not farthest <= CLOSEST[store]:
        what = (
            f"logits are {farthest:.1e} of the largest apart, more than {CLOSEST[store]:.0e}, so nothing was exported"
        )
        raise UserError(what, where=to, fix="use --store float32")
    return farthest


def _card(backbone: Backbone) -> str:
    layout, size = ARCHITECTURES[family_of(backbone.config)], people_count(backbone.config.parameters)
    return "\n".join(
        [
            "---",
            "library_name: transformers",
            "pipeline_tag: text-generation",
            "tags: [nlpsuite]",
            "---",
            "",
            "# A language model trained with nlpsuite",
            "",
            f"{size} parameters in the layout of `{layout}`; no code of its own.",
            "",
            "```python",
            "from transformers import AutoModelForCausalLM, AutoTokenizer",
            "",
            'model = AutoModelForCausalLM.from_pretrained("this folder")',
            'tokenizer = AutoTokenizer.from_pretrained("this folder")',
            "```",
            "",
        ]
    )
