from __future__ import annotations

import pytest
import torch

from nlpsuite.backbone.muon import MuonAdamW
from nlpsuite.backbone.optimizer import is_matrix, make_optimizer, rate_factor, set_rates


@pytest.mark.parametrize("kind", ["muon", "adamw"])
@pytest.mark.parametrize("changes", [{}, {"tied": False, "qkv_bias": True}])
def test_every_parameter_is_in_one_group(make_backbone, kind, changes):
    backbone = make_backbone(**changes)
    optimizer = make_optimizer(backbone, kind, lr=1e-3, matrix_lr=0.02, weight_decay=0.1)
    grouped = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    assert len(grouped) == len(set(grouped)) == len(list(backbone.parameters()))
    matrices, others = optimizer.param_groups
    names = {parameter: name for name, parameter in backbone.named_parameters()}
    assert all("blocks." in names[parameter] and parameter.ndim == 2 for parameter in matrices["params"])
    assert backbone.embedding.weight in set(others["params"])
    assert matrices["weight_decay"] == 0.1
    assert others["weight_decay"] == 0.0
    assert isinstance(optimizer, MuonAdamW) == (kind == "muon")


def test_rates_of_the_groups(make_backbone):
    muon = make_optimizer(make_backbone(), "muon", lr=1e-3, matrix_lr=0.02, weight_decay=0.1)
    adamw = make_optimizer(make_backbone(), "adamw", lr=1e-3, matrix_lr=0.02, weight_decay=0.1)
    assert [group["peak_lr"] for group in muon.param_groups] == [0.02, 1e-3]
    assert [group["peak_lr"] for group in adamw.param_groups] == [1e-3, 1e-3]
    assert [group["muon"] for group in muon.param_groups] == [True, False]
    assert not any(group["muon"] for group in adamw.param_groups)
    set_rates(muon, 0.5)
    set_rates(muon, 0.25)
    assert [group["lr"] for group in muon.param_groups] == [0.005, 2.5e-4]


@pytest.mark.parametrize("kind", ["muon", "adamw"])
def test_it_learns(make_backbone, kind):
    backbone = make_backbone(std=0.05).train()
    optimizer = make_optimizer(backbone, kind, lr=3e-3, matrix_lr=0.02, weight_decay=0.0)
    ids = torch.randint(0, 64, (4, 12), generator=torch.Generator().manual_seed(0))
    losses = []
    for _ in range(60):
        logits = backbone.logits(backbone(ids[:, :-1]))
        loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.5 * losses[0]


def test_is_matrix_also_when_compiled():
    weight = torch.zeros(3, 3)
    assert is_matrix("blocks.0.mlp.up.weight", weight)
    assert is_matrix("_orig_mod.blocks.0.mlp.up.weight", weight)
    assert not is_matrix("blocks.0.attention_norm.weight", torch.zeros(3))
    assert not is_matrix("embedding.weight", weight)


def test_the_rate_warms_up_stays_and_decays():
    def at(progress: float) -> float:
        return rate_factor(progress, warmup=0.1, decay=0.4, floor=0.02)

    assert 0 < at(0.0) <= 1e-3
    assert at(0.05) == pytest.approx(0.5)
    assert at(0.1) == at(0.3) == at(0.6) == 1.0
    assert at(0.8) == pytest.approx(0.51)
    assert at(1.0) == at(1.2) == pytest.approx(0.02)
    values = [at(step / 100) for step in range(60, 101)]
    assert values == sorted(values, reverse=True)


def test_the_rate_without_warm_up_and_decaying_all_along():
    assert rate_factor(0.0, warmup=0.0, decay=0.5, floor=0.0) == 1.0
    assert rate_factor(0.5, warmup=0.0, decay=1.0, floor=0.0) == pytest.approx(0.5)
