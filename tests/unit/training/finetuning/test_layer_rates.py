from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from torch import nn

from nlpsuite.backbone.checkpoint import load_backbone
from nlpsuite.training.finetuning.layer_rates import layer_share, make_optimizer
from nlpsuite.training.finetuning.settings import FinetuneSettings

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("name", "share"),
    [
        ("norm.weight", 0.5),
        ("output.weight", 0.5),
        ("blocks.5.mlp.up.weight", 0.5),
        ("blocks.4.attention.q.weight", 0.25),
        ("blocks.0.attention_norm.weight", 0.5**6),
        ("embedding.weight", 0.5**7),
    ],
)
def test_each_layer_learns_slower_than_the_one_above(name: str, share: float):
    assert layer_share(name, 6, 0.5) == pytest.approx(share)


def test_no_decay_means_one_rate():
    assert {layer_share(f"blocks.{n}.x", 6, 1.0) for n in range(6)} | {layer_share("embedding.weight", 6, 1.0)} == {1.0}


def test_every_trained_parameter_is_in_one_group(backbone_folder: Path):
    backbone, _ = load_backbone(backbone_folder)
    head = nn.Linear(16, 2)
    optimizer = make_optimizer(backbone, head, lr=1e-3, layer_decay=0.5, weight_decay=0.1)
    grouped = [id(parameter) for group in optimizer.param_groups for parameter in group["params"]]
    assert sorted(grouped) == sorted(id(p) for part in (backbone, head) for p in part.parameters())
    rates = {id(p): group["peak_lr"] for group in optimizer.param_groups for p in group["params"]}
    decay = {id(p): group["weight_decay"] for group in optimizer.param_groups for p in group["params"]}
    assert rates[id(head.weight)] == 1e-3
    assert rates[id(backbone.embedding.weight)] == pytest.approx(1e-3 / 8)
    assert decay[id(head.weight)] == 0.1
    assert decay[id(head.bias)] == decay[id(backbone.embedding.weight)] == decay[id(backbone.norm.weight)] == 0.0


def test_frozen_parameters_are_left_out(backbone_folder: Path):
    backbone, _ = load_backbone(backbone_folder)
    backbone.requires_grad_(False)
    head = nn.Linear(16, 2)
    optimizer = make_optimizer(backbone, head, lr=1e-3, layer_decay=0.5, weight_decay=0.1)
    assert sum(len(group["params"]) for group in optimizer.param_groups) == 2


def test_muon_trains_the_matrices_of_blocks_at_its_own_rate_and_the_rest_is_as_without_it(backbone_folder: Path):
    backbone, _ = load_backbone(backbone_folder)
    head = nn.Linear(16, 2)
    optimizer = make_optimizer(backbone, head, lr=1e-3, layer_decay=0.5, weight_decay=0.1, muon_lr=0.02)
    by_muon = {id(p): group["peak_lr"] for group in optimizer.param_groups if group["muon"] for p in group["params"]}
    matrices = {id(p): n for n, p in backbone.named_parameters() if n.startswith("blocks.") and p.ndim == 2}
    assert by_muon.keys() == matrices.keys()
    for index, name in matrices.items():
        assert by_muon[index] == pytest.approx(0.02 * layer_share(name, backbone.config.n_layers, 0.5))
    rates = {id(p): group["peak_lr"] for group in optimizer.param_groups for p in group["params"]}
    assert rates[id(head.weight)] == 1e-3
    assert len(rates) == sum(1 for part in (backbone, head) for _ in part.parameters())


@pytest.mark.parametrize(
    ("given", "rate"),
    [
        ({}, 0.01),
        ({"backbone": "scratch"}, 0.02),
        ({"matrix_lr": 0.003}, 0.003),
        ({"optimizer": "adamw"}, None),
        ({"tune": "lora"}, None),
        ({"tune": "head"}, None),
    ],
)
def test_when_muon_is_used(given: dict[str, Any], rate: float | None):
    assert FinetuneSettings(**given).muon_lr == rate
