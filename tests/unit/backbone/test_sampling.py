from __future__ import annotations

from collections import Counter

import pytest
import torch

from nlpsuite.backbone import sampling as module
from nlpsuite.backbone.cache import KeyValueCache
from nlpsuite.backbone.sampling import Sampling, continue_ids, draw, next_token_logits

PLAIN = Sampling(temperature=1.0, top_k=0, top_p=1.0)
SCORES = torch.tensor([2.0, 1.0, 0.0, -1.0, 3.0])


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def drawn(sampling: Sampling, times: int = 2000, scores: torch.Tensor = SCORES) -> Counter[int]:
    generator = seeded()
    return Counter(draw(scores, sampling, generator) for _ in range(times))


def test_temperature_zero_takes_the_likeliest():
    assert set(drawn(Sampling(temperature=0.0), 20)) == {4}


@pytest.mark.parametrize("temperature", [1.0, 0.5, 2.0])
def test_temperature_is_the_softmax_of_scaled_scores(temperature):
    counts = drawn(Sampling(temperature=temperature, top_k=0, top_p=1.0), 4000)
    expected = (SCORES / temperature).softmax(0)
    for token, probability in enumerate(expected.tolist()):
        assert counts[token] / 4000 == pytest.approx(probability, abs=0.03)


def test_a_very_low_temperature_is_nearly_greedy_and_finite():
    assert set(drawn(Sampling(temperature=1e-30, top_k=0, top_p=1.0), 50)) == {4}


def test_top_k_draws_from_the_k_likeliest():
    assert set(drawn(Sampling(1.0, 2, 1.0))) == {4, 0}
    assert set(drawn(Sampling(1.0, 1, 1.0), 50)) == {4}
    assert drawn(Sampling(1.0, 99, 1.0)) == drawn(PLAIN)
    counts = drawn(Sampling(1.0, 2, 1.0), 4000)
    assert counts[0] / 4000 == pytest.approx(float(SCORES[[4, 0]].softmax(0)[1]), abs=0.03)


def test_top_p_draws_from_the_fewest_that_hold_p():
    probabilities = torch.tensor([0.5, 0.3, 0.15, 0.05])
    for top_p, kept in (
        (0.0, {0}),
        (0.4, {0}),
        (0.5, {0}),
        (0.51, {0, 1}),
        (0.79, {0, 1}),
        (0.9, {0, 1, 2}),
        (1.0, {0, 1, 2, 3}),
    ):
        assert set(drawn(Sampling(1.0, 0, top_p), 500, probabilities.log())) == kept, top_p


def test_top_k_and_top_p_together():
    probabilities = torch.tensor([0.5, 0.3, 0.15, 0.05])
    # Of the two likeliest, the first holds 0.625.
    assert set(drawn(Sampling(1.0, 2, 0.6), 300, probabilities.log())) == {0}
    assert set(drawn(Sampling(1.0, 2, 0.7), 300, probabilities.log())) == {0, 1}


def test_a_token_scored_minus_infinity_is_never_drawn():
    scores = torch.tensor([0.0, -torch.inf, 0.0])
    for sampling in (PLAIN, Sampling(0.5, 3, 0.9), Sampling(2.0, 0, 0.99)):
        assert 1 not in drawn(sampling, 300, scores)


def new_ids(backbone, prompt, **options) -> list[int]:
    options = {"max_new": 10, "sampling": PLAIN, "generator": seeded(1)} | options
    return list(continue_ids(backbone, prompt, **options))


def test_greedy_continuation_is_that_without_a_cache(make_backbone):
    backbone = make_backbone()
    history = [1, 7, 9]
    for _ in range(12):
        history.append(int(next_token_logits(backbone, history).argmax()))
    assert new_ids(backbone, [1, 7, 9], max_new=12, sampling=Sampling(temperature=0.0)) == history[3:]


def test_next_token_logits_are_those_of_the_last_position(make_backbone):
    backbone = make_backbone()
    ids = [1, 5, 9]
    torch.testing.assert_close(next_token_logits(backbone, ids), backbone.logits(backbone(torch.tensor([ids])))[0, -1])
    long = list(range(50))
    torch.testing.assert_close(next_token_logits(backbone, long), next_token_logits(backbone, long[-32:]))


def test_past_the_context_it_goes_on_with_the_later_half(make_backbone):
    backbone = make_backbone(context=8)
    history = [1, 2, 3]
    window = list(history)
    for _ in range(30):
        if len(window) > 8:
            window = history[-4:]
        new = int(backbone.logits(backbone(torch.tensor([window])))[0, -1].argmax())
        history.append(new)
        window = [*window, new]
    assert new_ids(backbone, [1, 2, 3], max_new=30, sampling=Sampling(temperature=0.0)) == history[3:]


@pytest.mark.parametrize("length", [7, 8, 9, 30])
def test_a_prompt_about_as_long_as_the_context_or_longer(make_backbone, length):
    backbone = make_backbone(context=8)
    prompt = [index % 64 for index in range(length)]
    ids = new_ids(backbone, prompt, max_new=20)
    assert len(ids) == 20
    if length > 8:
        assert ids == new_ids(backbone, prompt[-8:], max_new=20), "the end of a long prompt counts"


def test_same_seed_same_text(make_backbone):
    backbone = make_backbone(std=0.1)
    assert new_ids(backbone, [1, 2]) == new_ids(backbone, [1, 2])
    assert new_ids(backbone, [1, 2]) != new_ids(backbone, [1, 2], generator=seeded(2))
    state = torch.get_rng_state()
    new_ids(backbone, [1, 2])
    assert torch.equal(torch.get_rng_state(), state)


def test_stop_and_banned_ids(make_backbone):
    backbone = make_backbone(std=0.1)
    free = new_ids(backbone, [1, 2], max_new=40)
    stop = free[5]
    assert new_ids(backbone, [1, 2], max_new=40, stop_ids=[stop]) == free[: free.index(stop)]
    banned = set(free[:3])
    assert not banned & set(new_ids(backbone, [1, 2], max_new=40, banned_ids=sorted(banned)))
    assert new_ids(backbone, [1, 2], max_new=0) == []


def test_gradients_are_neither_needed_nor_kept(make_backbone):
    backbone = make_backbone()
    new_ids(backbone, [1, 2], max_new=3)
    assert not next_token_logits(backbone, [1]).requires_grad
    assert all(parameter.grad is None for parameter in backbone.parameters())
    # Training may go on after sampling.
    backbone(torch.tensor([[1, 2]])).sum().backward()


@pytest.mark.parametrize(("max_new", "first"), [(5, 8), (1, 4), (60, 32)])
def test_no_more_memory_is_taken_than_the_text_needs(make_backbone, monkeypatch, max_new, first):
    taken: list[int] = []

    class Noted(KeyValueCache):
        def __init__(self, config, rows, most, dtype, device):
            taken.append(most)
            super().__init__(config, rows, most, dtype, device)

    monkeypatch.setattr(module, "KeyValueCache", Noted)
    made = list(continue_ids(make_backbone(), [1, 2, 3, 4], max_new=max_new, sampling=PLAIN, generator=seeded()))
    assert len(made) == max_new
    assert taken[0] == first
    assert max(taken) <= 32
