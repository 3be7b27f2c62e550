from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from nlpsuite.backbone.muon import NEWTON_SCHULZ, MuonAdamW
from nlpsuite.backbone.orthogonal import orthogonalise


def make_net(seed: int = 0) -> nn.ModuleDict:
    torch.manual_seed(seed)
    return nn.ModuleDict({"wide": nn.Linear(6, 9, bias=False), "tall": nn.Linear(9, 4), "also": nn.Linear(6, 9)})


def make_optimizer(net: nn.ModuleDict, decay: float = 0.1, *, even: bool = False) -> MuonAdamW:
    matrices = [net["wide"].weight, net["tall"].weight]
    others = [net["tall"].bias, *net["also"].parameters()]
    groups = [
        {"params": matrices, "lr": 0.02, "weight_decay": decay, "muon": True},
        {"params": others, "lr": 0.01, "weight_decay": 0.0, "muon": False},
    ]
    return MuonAdamW(groups, betas=(0.8, 0.95), eps=1e-10, momentum=0.95, fused=True, even_neurons=even)


def train(net: nn.ModuleDict, optimizer: torch.optim.Optimizer, steps: range) -> None:
    for step in steps:
        x = torch.randn(5, 6, generator=torch.Generator().manual_seed(step))
        optimizer.zero_grad()
        (net["tall"](net["wide"](x).tanh()).square().sum() + net["also"](x).square().sum()).backward()
        optimizer.step()


@pytest.mark.parametrize("even", [False, True])
def test_state_round_trip_goes_on_identically(even):
    net = make_net()
    optimizer = make_optimizer(net, even=even)
    train(net, optimizer, range(3))
    saved_net, saved = copy.deepcopy(net.state_dict()), copy.deepcopy(optimizer.state_dict())
    train(net, optimizer, range(3, 7))

    other = make_net(seed=9)
    other.load_state_dict(saved_net)
    resumed = make_optimizer(other, even=even)
    resumed.load_state_dict(saved)
    train(other, resumed, range(3, 7))
    for name, value in net.state_dict().items():
        assert torch.equal(value, other.state_dict()[name]), name
    # Without the state it would not go on the same.
    third = make_net(seed=9)
    third.load_state_dict(saved_net)
    train(third, make_optimizer(third, even=even), range(3, 7))
    assert not torch.equal(third["wide"].weight, net["wide"].weight)


def test_groups_of_adamw_are_as_adamw_alone_updates_them():
    mixed, plain = make_net(), make_net()
    train(mixed, make_optimizer(mixed), range(1))
    others = [plain["tall"].bias, *plain["also"].parameters()]
    adamw = torch.optim.AdamW(others, lr=0.01, weight_decay=0.0, betas=(0.8, 0.95), eps=1e-10, fused=True)
    train(plain, adamw, range(1))
    for name in ("also.weight", "also.bias", "tall.bias"):
        assert torch.equal(mixed.state_dict()[name], plain.state_dict()[name]), name


def test_only_its_matrices_hold_momentum():
    net = make_net()
    optimizer = make_optimizer(net)
    train(net, optimizer, range(1))
    assert set(optimizer.state[net["wide"].weight]) - {"step"} == {"momentum"}
    assert set(optimizer.state[net["also"].weight]) == {"step", "exp_avg", "exp_avg_sq"}


def test_a_first_step_is_the_orthogonal_gradient_and_the_decay():
    net = make_net()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    optimizer = make_optimizer(net)
    train(net, optimizer, range(1))
    for name, tallness in (("wide.weight", (9 / 6) ** 0.5), ("tall.weight", 1.0)):
        gradient = net.get_parameter(name).grad
        step = before[name] * (1 - 0.02 * 0.1) - 0.02 * tallness * orthogonalise(gradient[None], NEWTON_SCHULZ)[0]
        torch.testing.assert_close(net.state_dict()[name], step, atol=1e-5, rtol=1e-4)


def test_a_weight_without_gradient_stays():
    net = make_net()
    before = net["wide"].weight.detach().clone()
    optimizer = make_optimizer(net)
    net["also"](torch.ones(1, 6)).sum().backward()
    optimizer.step()
    assert torch.equal(net["wide"].weight, before)


def test_step_runs_a_closure_and_keeps_its_groups():
    net = make_net()
    optimizer = make_optimizer(net)

    def closure() -> torch.Tensor:
        loss = net["wide"](torch.ones(1, 6)).square().sum()
        loss.backward()
        return loss

    assert optimizer.step(closure) > 0
    assert [group["muon"] for group in optimizer.param_groups] == [True, False]


def test_even_neurons_are_of_one_size_and_may_begin_later():
    net, other = make_net(), make_net()
    train(net, make_optimizer(net, decay=0.0), range(1))
    before = make_net()["wide"].weight
    uneven = (net["wide"].weight - before).norm(dim=-1)
    train(other, make_optimizer(other, decay=0.0, even=True), range(1))
    even = (other["wide"].weight - before).norm(dim=-1)
    assert uneven.std() > 10 * even.std()
    torch.testing.assert_close(uneven.norm(), even.norm(), rtol=1e-3, atol=0)
    # The state of a run that began without it is taken.
    optimizer = make_optimizer(net)
    train(net, optimizer, range(2))
    later = make_optimizer(net, even=True)
    later.load_state_dict(optimizer.state_dict())
    train(net, later, range(2))
    assert later.state[net["wide"].weight]["sizes"].any()
