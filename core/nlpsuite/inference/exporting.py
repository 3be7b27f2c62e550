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
from nlpsuite.inference.artifact import copy_head, head_names, load_task_model
from nlpsuite.inference.export_card import export_card
from nlpsuite.inference.exported import PROBES, compare_tokens, empty_folder, write_tokenizer
from nlpsuite.inference.locate import find_backbone
from nlpsuite.inference.shared_head import architecture_of, head_scores, pipeline_of, read_head, shared_head
from nlpsuite.people import people_count

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from torch import Tensor

    from nlpsuite.backbone.model import Backbone
    from nlpsuite.backbone.writing import SharedHead
    from nlpsuite.host.manager import PluginHost
    from nlpsuite.report import Reporter
    from nlpsuite.tasks.portable import PortableHead
    from nlpsuite.text.tokenizer import Tokenizer

CLOSEST = {"float32": 1e-5, "bfloat16": 0.1, "float16": 0.02}
"""How far logits may be apart, as a share of the largest: what storing them in fewer bits costs."""


def export_model(
    target: str, to: Path, store: str, shard_bytes: int, host: PluginHost, report: Reporter
) -> dict[str, Any]:
    """Write a model to a new folder, adapters merged, and compare it with the one here.

    Args:
        target: A run's folder, a model folder, or `nano`.
        to: The new folder.
        store: What weights are stored as.
        shard_bytes: What one file of weights holds at most.
        host: The plugins there are, which know their heads.
        report: Told what other tools cannot compute, and why.

    Returns:
        What was written, for people.

    Raises:
        UserError: There is no such model, the folder is not empty, or what was written differs.
    """
    model = find_backbone(target)
    names = head_names(model)
    with empty_folder(to, beside=model):
        backbone, tokenizer, portable = _open(model, names, host)
        check_space(to, backbone.config.parameters * getattr(torch, store).itemsize)
        head = None if portable is None else shared_head(portable, backbone.config)
        layout = ARCHITECTURES[family_of(backbone.config)]
        pipeline = "text-generation"
        if portable is not None:
            layout, pipeline = architecture_of(portable, backbone.config), pipeline_of(portable)
        card = export_card(layout, people_count(backbone.config.parameters), pipeline, names)
        save_backbone(to, backbone, tokenizer, getattr(torch, store), card, shard_bytes, head)
        write_tokenizer(to, tokenizer, backbone.config.context, "own" if portable is None else "opened")
        compare_tokens(tokenizer, to, opened=portable is not None)
        farthest = _compare(backbone, tokenizer, head, to, store)
        for name in names:
            copy_head(model, to, name)
    if names and portable is None:
        report.warn(f"{_why(names, host)}; it goes along in our own files, for `suite predict`")
    return {
        "architecture": layout,
        "parameters": people_count(backbone.config.parameters),
        "stored as": store,
        "heads": _told(names, portable),
        "probes": f"token ids equal, logits within {farthest:.1e} of the largest",
        "folder": str(to),
    }


def _told(names: Sequence[str], portable: PortableHead | None) -> str:
    if not names:
        return "none"
    return f"{', '.join(names)}, in our own files" + (" and as other tools have it" if portable is not None else "")


def _open(model: Path, names: Sequence[str], host: PluginHost) -> tuple[Backbone, Tokenizer, PortableHead | None]:
    """Return backbone and tokenizer, and the head as other tools have it, where there is one and its plugin knows it as such."""
    if len(names) != 1 or names[0] not in host.tasks():
        return *load_backbone(model), None
    own = load_task_model(model, host)
    head = own.task.portable_head(own.head) if own.task.attention == "causal" else None
    return own.backbone, own.tokenizer, head


def _why(names: Sequence[str], host: PluginHost) -> str:
    """Return why a head is not exported as one that other tools compute."""
    shown, tasks = ", ".join(names), host.tasks()
    if lost := [name for name in names if name not in tasks]:
        return f"task {', '.join(lost)} is not installed, so its head was not looked at"
    can = all("portable" in tasks[name].config.model_fields for name in names)
    how = " (--set task.portable=true trains one that they do)" if can else ""
    return f"the head of {shown} is none that a class of other tools computes{how}"


def _compare(backbone: Backbone, tokenizer: Tokenizer, head: SharedHead | None, to: Path, store: str) -> float:
    """Compare what was written with what is here; return how far logits are apart, as a share of the largest.

    Raises:
        UserError: Weights differ by more than rounding, or logits by too much.
    """
    again, _ = load_backbone(to)
    written = {} if head is None else read_head(to, list(head.weights))
    for (name, ours), other in zip(backbone.named_parameters(), again.parameters(), strict=True):
        if not torch.equal(ours.to(getattr(torch, store)).float(), other):
            raise UserError(
                f"weight {name} is read back as another, so nothing was exported", where=to, fix="check the disk"
            )
    farthest = 0.0
    for text in PROBES:
        row = torch.tensor([[tokenizer.bos_id, *tokenizer.encode(text)][: backbone.config.context]])
        with torch.no_grad():
            states = (backbone(row), again(row))
            logits = (each.logits(state) for each, state in zip((backbone, again), states, strict=True))
            farthest = max(farthest, _apart(*logits))
            if head is not None:
                scores = (head_scores(h, each) for h, each in zip(states, (head.weights, written), strict=True))
                farthest = max(farthest, _apart(*scores))
    if not farthest <= CLOSEST[store]:
        what = (
            f"logits are {farthest:.1e} of the largest apart, more than {CLOSEST[store]:.0e}, so nothing was exported"
        )
        raise UserError(what, where=to, fix="use --store float32")
    return farthest


def _apart(ours: Tensor, other: Tensor) -> float:
    return float((ours - other).abs().max() / ours.abs().max().clamp_min(1e-9))
