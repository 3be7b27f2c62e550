from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from nlpsuite.tasks.batches import collate
from nlpsuite.tasks.network import Network
from nlpsuite.tasks.target_loss import target_loss, target_nats, target_positions
from nlpsuite.tasks.task import Window

WINDOWS = (Window([1, 9, 8, 5, 7, 6, 2], prefix=4), Window([1, 9, 5, 11, 2], prefix=3), Window([1, 9, 5], prefix=3))


@pytest.fixture
def network(make_backbone):
    return Network(make_backbone(), torch.nn.Identity(), "prefix")


def by_hand(network, window, smoothing: float) -> list[float]:
    ids = torch.tensor([window.ids])
    with torch.no_grad():
        hidden = network.backbone(ids, mode="prefix", prefix_B=torch.tensor([window.prefix]))
        logits = network.backbone.logits(hidden)[0, window.prefix - 1 : -1]
        losses = F.cross_entropy(logits, ids[0, window.prefix :], reduction="none", label_smoothing=smoothing)
    return losses.tolist()


def test_positions_are_those_before_each_target():
    rows, columns = target_positions(collate(WINDOWS, 3))
    assert rows.tolist() == [0, 0, 0, 1, 1]
    assert columns.tolist() == [3, 4, 5, 2, 3]


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.5])
def test_the_loss_is_the_mean_over_targets(network, smoothing):
    losses = [loss for window in WINDOWS for loss in by_hand(network, window, smoothing)]
    loss = target_loss(network, collate(WINDOWS, 3), smoothing=smoothing)
    assert loss.item() == pytest.approx(sum(losses) / len(losses), rel=1e-4)


def test_nats_are_summed_by_window(network):
    expected = [sum(by_hand(network, window, 0.0)) for window in WINDOWS]
    assert target_nats(network, collate(WINDOWS, 3)) == pytest.approx(expected, rel=1e-4)


def test_without_targets_the_loss_is_zero_and_has_a_gradient(network):
    loss = target_loss(network, collate(WINDOWS[2:], 3))
    loss.backward()
    assert loss.item() == 0.0
    assert target_nats(network, collate(WINDOWS[2:], 3)) == [0.0]
