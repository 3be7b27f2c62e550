"""A tiny backbone and a tiny fine-tuned run on disk, for the commands that use them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

TEXT = ("The cat sat on the mat and looked at the rain.", "Nobody knows why the train was late again.")


@pytest.fixture(scope="session")
def backbone_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny backbone with random weights; not to be changed."""
    import torch

    from nlpsuite.backbone.checkpoint import save_backbone
    from nlpsuite.backbone.config import BackboneConfig
    from nlpsuite.backbone.model import Backbone
    from nlpsuite.report import Silent
    from nlpsuite.text.train_tokenizer import train_tokenizer

    tokenizer = train_tokenizer(TEXT, vocab_size=320, report=Silent())
    shape = {"context": 32, "d_model": 16, "n_layers": 1, "n_heads": 2, "n_kv_heads": 1, "head_dim": 8, "d_ff": 24}
    backbone = Backbone(BackboneConfig(vocab_size=tokenizer.vocab_size, **shape))
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in backbone.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.2)
    folder = tmp_path_factory.mktemp("backbone")
    save_backbone(folder / "model", backbone, tokenizer)
    return folder


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory: pytest.TempPathFactory, backbone_folder: Path) -> Path:
    """A run's folder with a tiny sentiment model of labels `bad` and `good`; not to be changed."""
    import torch

    from nlpsuite.backbone.checkpoint import load_backbone
    from nlpsuite.host.manager import PluginHost
    from nlpsuite.host.resolve import resolve_name
    from nlpsuite.inference.artifact import save_task_model
    from nlpsuite.report import Silent
    from nlpsuite.tasks.task import Row, TaskContext

    backbone, tokenizer = load_backbone(backbone_folder / "model")
    spec = resolve_name("sentiment", PluginHost.installed(Silent()))
    settings = spec.config()
    task = spec.build(TaskContext(tokenizer, backbone.config.context, 0, Silent()), settings)
    task.fit([Row({"text": "x"}, "bad"), Row({"text": "y"}, "good"), Row({"text": "z"}, "good")])
    head = task.make_head(backbone.config.d_model)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in head.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator))
    folder = tmp_path_factory.mktemp("run")
    parts = {"name": "sentiment", "settings": settings, "task": task, "head": head}
    save_task_model(folder / "model", **parts, backbone=backbone, tokenizer=tokenizer)
    return folder
