"""What memory a run is said to need."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import torch
from torch import nn

from nlpsuite.backbone.lora import add_adapters
from nlpsuite.backbone.machine import find_machine
from nlpsuite.config import build
from nlpsuite.tasks.task import Window
from nlpsuite.training.finetuning import memory
from nlpsuite.training.finetuning.settings import FinetuneSettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Spy

    from nlpsuite.backbone.model import Backbone


def prepared(backbone: Backbone, tune: str) -> Any:
    if tune == "lora":
        add_adapters(backbone, rank=2, alpha=4.0, seed=0)
    if tune == "head":
        backbone.requires_grad_(False)
    return SimpleNamespace(backbone=backbone, head=nn.Linear(16, 2), windows=[Window([1] * 20)])


def settings(tune: str, **values: Any) -> FinetuneSettings:
    return build(FinetuneSettings, {"tune": tune, **values}, where="test")


PLAN: Any = SimpleNamespace(micro_tokens=256)


def test_what_is_trained_decides(make_backbone: Callable[..., Backbone]):
    needed = {
        tune: memory.needed_memory(prepared(make_backbone(), tune), PLAN, settings(tune))
        for tune in ("full", "lora", "head")
    }
    states = {tune: each["gradients and optimiser"] for tune, each in needed.items()}
    assert states["head"] < states["lora"] < states["full"]
    tokens = {tune: each["256 tokens at once"] for tune, each in needed.items()}
    assert tokens["full"] == tokens["lora"] >= tokens["head"]
    adamw = memory.needed_memory(prepared(make_backbone(), "full"), PLAN, settings("full", optimizer="adamw"))
    assert adamw["gradients and optimiser"] > states["full"]


@pytest.mark.parametrize(("qk_norm", "kv_heads"), [(True, 2), (False, 4)])
def test_what_is_kept_of_a_token_is_what_autograd_keeps(
    make_backbone: Callable[..., Backbone], qk_norm: bool, kv_heads: int
):
    shape = {"d_model": 64, "d_ff": 176, "n_heads": 4, "n_kv_heads": kv_heads, "head_dim": 16, "n_layers": 4}
    backbone = make_backbone(qk_norm=qk_norm, **shape).train()
    own = {parameter.untyped_storage().data_ptr() for parameter in backbone.parameters()}
    kept: dict[int, torch.Tensor] = {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        if tensor.untyped_storage().data_ptr() not in own:
            kept[tensor.untyped_storage().data_ptr()] = tensor
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        backbone(torch.ones(16, 32, dtype=torch.int64), mode="bidirectional", dropout=0.1)
    taken = sum(tensor.untyped_storage().nbytes() for tensor in kept.values()) / (16 * 32)
    said = memory.token_memory(backbone.config, settings("full")) / memory.COMES_AND_GOES
    assert said == pytest.approx(taken, rel=0.15)


def test_a_run_that_does_not_fit_is_warned_of(
    make_backbone: Callable[..., Backbone], spy: Spy, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(memory, "available_memory", lambda device: 1000)
    ready, machine = prepared(make_backbone(), "full"), find_machine("auto")
    ((name, said),) = memory.tell_memory(ready, PLAN, settings("full"), machine, spy)
    assert name == "memory"
    assert said.startswith("about ")
    assert "--tune lora takes less" in spy.warned[0]
    spy.warned.clear()
    needed = memory.needed_memory(ready, PLAN, settings("full"))
    at_once = needed["256 tokens at once"]
    monkeypatch.setattr(
        memory, "available_memory", lambda device: int(needed["gradients and optimiser"] + 0.6 * at_once)
    )
    memory.tell_memory(ready, PLAN, settings("full"), machine, spy)
    assert "--set micro_tokens=128 would fit" in spy.warned[0]
    monkeypatch.setattr(memory, "available_memory", lambda device: None)
    spy.warned.clear()
    assert memory.tell_memory(ready, PLAN, settings("full"), machine, spy)
    assert not spy.warned


def test_free_memory_is_known_here():
    found = memory.available_memory(torch.device("cpu"))
    assert found is None or found > 10_000_000
