"""From what the user named to a model in memory, on the best device there is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nlpsuite.backbone.checkpoint import load_backbone
from nlpsuite.backbone.machine import find_machine
from nlpsuite.host.manager import PluginHost
from nlpsuite.inference.artifact import HEADS, load_task_model
from nlpsuite.inference.locate import find_task_model

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import Any

    from nlpsuite.backbone.model import Backbone
    from nlpsuite.inference.artifact import TaskModel
    from nlpsuite.report import Reporter
    from nlpsuite.text.tokenizer import Tokenizer


def holds_head(model: Path) -> bool:
    """Whether a model folder is that of a fine-tuned model, with a task's head."""
    return (model / HEADS).is_dir()


def open_backbone(model: Path) -> tuple[Backbone, Tokenizer]:
    """Load the backbone of a model folder, in eval mode and float32.

    Raises:
        UserError: It is not whole.
    """
    backbone, tokenizer = load_backbone(model)
    backbone.to(find_machine("auto").device)
    return backbone, tokenizer


def open_task_model(target: str, report: Reporter, asked: Mapping[str, Any] | None = None) -> TaskModel:
    """Load the fine-tuned model that the user named by its run's folder or its model folder, in eval mode.

    Args:
        target: What the user named.
        report: Where the task tells what it finds in data.
        asked: Settings of the task to use in place of those it was trained with, such as the column of texts.

    Raises:
        UserError: There is none, it is a backbone alone, it is not whole, or its plugin is missing.
    """
    folder, name = find_task_model(target)
    model = load_task_model(folder, PluginHost.installed(report), name=name, asked=asked, report=report)
    device = find_machine("auto").device
    model.backbone.to(device).eval()
    model.head.to(device).eval()
    return model


def batch_tokens_for(backbone: Backbone, asked: int | None) -> int:
    """Return how many tokens to compute at once: what the user asked for, or what suits the device."""
    return asked or (4096 if backbone.embedding.weight.device.type == "cpu" else 65_536)
