"""The output layer for a part of the vocabulary: an estimate that is right on average, and exact where all of it is drawn."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from nlpsuite.backbone.loss import chunked_cross_entropy
from nlpsuite.backbone.sampled import draw_candidates, sampled_cross_entropy, tokens_among

V, D, N = 200, 16, 40


@pytest.fixture
def problem():
    generator = torch.Generator().manual_seed(1)
    hidden = torch.randn(N, D, generator=generator)
    weight = torch.randn(V, D, generator=generator) * 0.3
    targets = torch.randint(0, 50, (N,), generator=generator)
    return hidden, weight, targets


def draw(targets, rate, seed=0):
    known = tokens_among([targets[:15], targets[15:]], V)
    return draw_candidates(known, rate, np.random.default_rng(seed), torch.device("cpu"))


def test_all_targets_are_candidates_and_the_sample_stands_for_the_rest(problem):
    _, _, targets = problem
    candidates = draw(targets, 0.2)
    own = torch.isin(candidates.ids_C, targets)
    assert set(targets.tolist()) <= set(candidates.ids_C.tolist())
    assert torch.equal(candidates.ids_C, candidates.ids_C.sort().values)
    assert not candidates.shift_C[own].any()
    others = V - len(set(targets.tolist()))
    number = round(0.2 * others)
    assert int((~own).sum()) == number
    assert candidates.shift_C[~own].tolist() == pytest.approx([math.log(others / number)] * number)
    assert torch.equal(draw(targets, 0.2).ids_C, candidates.ids_C)
    assert not torch.equal(draw(targets, 0.2, seed=1).ids_C, candidates.ids_C)


def test_with_all_tokens_drawn_loss_and_gradients_are_exact(problem):
    hidden, weight, targets = problem
    found = []
    for sampled in (False, True):
        h, w = hidden.clone().requires_grad_(), weight.clone().requires_grad_()
        if sampled:
            loss = sampled_cross_entropy(h, w, targets, draw(targets, 1.0), z_loss=1e-3)
        else:
            loss = chunked_cross_entropy(h, w, targets, z_loss=1e-3)
        loss.backward()
        found.append((loss.detach(), h.grad, w.grad))
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other)


def test_the_normaliser_is_right_on_average(problem):
    hidden, weight, targets = problem
    exact = (hidden @ weight.T).exp().sum(1)
    estimates = []
    for seed in range(400):
        candidates = draw(targets, 0.25, seed)
        logits = hidden @ weight[candidates.ids_C].T + candidates.shift_C
        estimates.append(logits.exp().sum(1))
    found = torch.stack(estimates)
    # Within what chance leaves of the mean of so many.
    assert ((found.mean(0) - exact).abs() < 4 * found.std(0) / len(estimates) ** 0.5).all()


def test_a_step_whose_targets_are_the_whole_vocabulary_needs_no_sample():
    targets = torch.arange(V)
    candidates = draw_candidates(tokens_among([targets], V), 0.5, np.random.default_rng(0), torch.device("cpu"))
    assert torch.equal(candidates.ids_C, targets)
    assert not candidates.shift_C.any()
