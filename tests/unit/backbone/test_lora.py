from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch

from nlpsuite.backbone.checkpoint import load_backbone
from nlpsuite.backbone.lora import LoRALinear, add_adapters, merge_adapters

if TYPE_CHECKING:
    from pathlib import Path

    from nlpsuite.backbone.model import Backbone


@pytest.fixture
def backbone(backbone_folder: Path) -> Backbone:
    return load_backbone(backbone_folder)[0]


IDS = torch.tensor([[1, 20, 30, 40, 2]])


def shake(backbone: Backbone) -> None:
    with torch.no_grad():
        for module in backbone.modules():
            if isinstance(module, LoRALinear):
                module.second_OR.normal_(std=0.1, generator=torch.Generator().manual_seed(0))


def test_adapters_change_nothing_at_first(backbone: Backbone):
    before = backbone(IDS)
    add_adapters(backbone, rank=2, alpha=4.0, seed=0)
    assert torch.equal(backbone(IDS), before)


def test_only_adapters_are_trained(backbone: Backbone):
    add_adapters(backbone, rank=2, alpha=4.0, seed=0)
    trained = {name.rpartition(".")[2] for name, p in backbone.named_parameters() if p.requires_grad}
    assert trained == {"first_RI", "second_OR"}
    assert sum(isinstance(module, LoRALinear) for module in backbone.modules()) == 2 * 7


def test_merging_keeps_the_outputs_and_the_names(backbone: Backbone):
    names = [name for name, _ in backbone.named_parameters()]
    before = backbone(IDS)
    add_adapters(backbone, rank=2, alpha=4.0, seed=0)
    shake(backbone)
    adapted = backbone(IDS)
    assert not torch.allclose(adapted, before, atol=1e-3)
    merge_adapters(backbone)
    assert torch.allclose(backbone(IDS), adapted, atol=1e-5)
    assert [name for name, _ in backbone.named_parameters()] == names
    assert all(parameter.requires_grad for parameter in backbone.parameters())


def test_the_seed_decides_the_adapters(backbone: Backbone, backbone_folder: Path):
    other = load_backbone(backbone_folder)[0]
    add_adapters(backbone, rank=2, alpha=4.0, seed=5)
    add_adapters(other, rank=2, alpha=4.0, seed=5)
    for a, b in zip(backbone.parameters(), other.parameters(), strict=True):
        assert torch.equal(a, b)
