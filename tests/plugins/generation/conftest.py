from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from nlpsuite.api import TaskContext
from nlpsuite.report import Silent
from nlpsuite_generation import nlpsuite_tasks

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from nlpsuite_generation.task import Generation

SENTENCES = (
    "The cat sat on the mat and looked at the rain.",
    "A warm day, a cold drink and nothing at all to do.",
    "Nobody knows why the old clock stopped at half past nine. 今天 天气 很 好。",
)


class Spy(Silent):
    """A reporter that keeps what it is told."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.warned: list[str] = []

    def say(self, text: str) -> None:
        self.said.append(text)

    def warn(self, text: str) -> None:
        self.warned.append(text)


@pytest.fixture
def spy() -> Spy:
    return Spy()


@pytest.fixture(scope="session")
def tokenizer():
    from nlpsuite.text.train_tokenizer import train_tokenizer

    return train_tokenizer(SENTENCES, vocab_size=400, report=Silent())


@pytest.fixture
def make_task(tokenizer, spy) -> Callable[..., Generation]:
    def make(context: int = 32, seed: int = 1, **settings: Any) -> Generation:
        (spec,) = nlpsuite_tasks()
        task = spec.build(TaskContext(tokenizer, context, seed, spy), spec.config(**settings))
        return task  # type: ignore[return-value]

    return make


@pytest.fixture(scope="session")
def backbone(tokenizer):
    """A tiny backbone in eval mode with random weights."""
    import torch

    from nlpsuite.backbone.config import BackboneConfig
    from nlpsuite.backbone.model import Backbone

    shape = {"context": 32, "d_model": 16, "n_layers": 2, "n_heads": 4, "n_kv_heads": 2, "head_dim": 8, "d_ff": 24}
    backbone = Backbone(BackboneConfig(vocab_size=tokenizer.vocab_size, **shape))
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for name, parameter in backbone.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator) * 0.1
            parameter.copy_(1 + noise if "norm" in name else noise)
    return backbone.eval()
