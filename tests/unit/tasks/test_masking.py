"""Masked tokens of a task's windows: which are chosen, and how surprising they are."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from nlpsuite.backbone.config import BackboneConfig
from nlpsuite.backbone.model import Backbone
from nlpsuite.tasks.batches import collate
from nlpsuite.tasks.masking import fixed_tokens, inner_tokens, masked_loss, masked_nats, random_tokens
from nlpsuite.tasks.network import Network
from nlpsuite.tasks.task import Window

MASK = 3


@pytest.fixture
def network() -> Network:
    backbone = Backbone(
        BackboneConfig(vocab_size=40, context=16, d_model=32, n_layers=2, n_heads=2, n_kv_heads=1, head_dim=16, d_ff=32)
    )
    backbone.initialise(1)
    return Network(backbone, nn.Identity(), "bidirectional")


def batch(*windows):
    return collate([Window(ids) for ids in windows], pad_id=0)


LONG, SHORT = [1, 11, 12, 13, 14, 15, 16, 2], [1, 21, 22, 2]


def test_ends_and_padding_are_never_chosen():
    both = batch(LONG, SHORT, [1, 2])
    assert inner_tokens(both).sum(1).tolist() == [6, 2, 0]
    torch.manual_seed(1)
    assert torch.equal(random_tokens(both, 1.0), inner_tokens(both))
    assert not random_tokens(both, 0.0).any()
    assert not (fixed_tokens(both, 0.9, seed=1) & ~inner_tokens(both)).any()


def test_fixed_tokens_depend_on_their_window_alone():
    beside, alone = fixed_tokens(batch(LONG, SHORT), 0.5, seed=4), fixed_tokens(batch(SHORT), 0.5, seed=4)
    assert torch.equal(beside[1, :4], alone[0])
    assert beside.sum(1).tolist() == [3, 1]
    assert fixed_tokens(batch(SHORT), 0.01, seed=4).sum() == 1, "one at least, so that every window is scored"


def test_the_loss_is_that_of_the_masked_input(network):
    both, chosen = batch(LONG, SHORT), torch.zeros(2, 8, dtype=torch.bool)
    chosen[0, 2] = chosen[1, 1] = True
    expected = []
    for ids, place in ((LONG, 2), (SHORT, 1)):
        masked = torch.tensor([[MASK if at == place else each for at, each in enumerate(ids)]])
        logits = network.backbone.logits(network.backbone(masked, mode="bidirectional"))
        expected.append(nn.functional.cross_entropy(logits[0, place - 1], torch.tensor(ids[place])).detach())
    loss = masked_loss(network, both, chosen, MASK)
    torch.testing.assert_close(loss, torch.stack(expected).mean())
    loss.backward()
    assert network.backbone.embedding.weight.grad is not None
    nats = masked_nats(network, both, chosen, MASK)
    assert [count for _, count in nats] == [1, 1]
    assert [sum_ for sum_, _ in nats] == pytest.approx([float(each) for each in expected], rel=1e-5)


def test_without_a_chosen_token_the_loss_is_zero(network):
    none = torch.zeros(1, 4, dtype=torch.bool)
    loss = masked_loss(network, batch(SHORT), none, MASK)
    loss.backward()
    assert float(loss.detach()) == 0.0
    assert masked_nats(network, batch(SHORT), none, MASK) == [(0.0, 0)]
