from __future__ import annotations

import itertools
import math

import pytest
import torch

from nlpsuite.tasks.span_decoding import WindowSpans, best_over_windows, best_spans
from nlpsuite.tasks.span_head import SpanScorer, span_loss


def stirred(width: int = 6) -> SpanScorer:
    torch.manual_seed(0)
    scorer = SpanScorer(width, rank=4)
    with torch.no_grad():
        for weight in scorer.parameters():
            weight.copy_(torch.randn_like(weight))
    return scorer


def inputs(windows: int = 2, length: int = 7) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    torch.manual_seed(1)
    allowed = torch.zeros(windows, length, dtype=torch.bool)
    allowed[:, 2:] = True
    allowed[-1, 6:] = False
    allowed[:, 4] = False
    return torch.randn(windows, length, 6), torch.randn(windows, 6), allowed


def test_a_score_is_the_sum_of_its_terms() -> None:
    scorer, (states, pooled, allowed) = stirred(), inputs()
    scores = scorer(states, pooled, allowed)
    begins, ends, inside = scorer.points(states).unbind(-1)
    for b, i, j in itertools.product(range(2), range(7), range(7)):
        if i > j or not allowed[b, i] or not allowed[b, j]:
            assert scores[b, i, j] == -math.inf
            continue
        expected = begins[b, i] + ends[b, j] + inside[b, i : j + 1].sum() - scorer.none(pooled)[b, 0]
        expected = expected + scorer.first(states)[b, i] @ scorer.last(states)[b, j] / 2 + scorer.length[j - i]
        assert scores[b, i, j].item() == pytest.approx(expected.item(), abs=1e-4)


def test_at_first_all_spans_are_equally_likely() -> None:
    states, pooled, allowed = inputs()
    scores = SpanScorer(6)(states, pooled, allowed)
    assert set(scores.flatten().tolist()) == {0.0, -math.inf}


def test_the_loss_is_minus_the_log_of_all_right_spans_together() -> None:
    scorer, (states, pooled, allowed) = stirred(), inputs()
    scores = scorer(states, pooled, allowed)
    right = [[(2, 3), (5, 5)], []]
    everything = [1 + scores[b][scores[b] > -math.inf].exp().sum() for b in range(2)]
    losses = [-torch.log((scores[0, 2, 3].exp() + scores[0, 5, 5].exp()) / everything[0]), torch.log(everything[1])]
    weight = torch.tensor([0.25, 0.75])
    loss = span_loss(scores, right, weight)
    assert loss.item() == pytest.approx((0.25 * losses[0] + 0.75 * losses[1]).item(), rel=1e-5)
    loss.backward()
    assert all(torch.isfinite(weight.grad).all() for weight in scorer.parameters() if weight.grad is not None)


def test_a_window_that_allows_no_span_learns_and_harms_nothing() -> None:
    scorer, (states, pooled, allowed) = stirred(), inputs()
    allowed[1] = False
    states.requires_grad_()
    loss = span_loss(scorer(states, pooled, allowed), [[(2, 3)], []], torch.ones(2))
    loss.backward()
    assert torch.isfinite(loss)
    assert torch.isfinite(states.grad).all()
    assert all(torch.isfinite(weight.grad).all() for weight in scorer.parameters() if weight.grad is not None)


def test_the_best_spans_are_those_of_a_search() -> None:
    scores = stirred()(*inputs())
    for longest in (1, 2, 7):
        for b, found in enumerate(best_spans(scores, longest=longest, keep=3)):
            possible = {(i, j): scores[b, i, j].item() for i in range(7) for j in range(i, min(7, i + longest))}
            ranked = sorted((each for each in possible if possible[each] > -math.inf), key=lambda each: -possible[each])
            assert list(found.spans) == ranked[:3]
            assert list(found.scores) == pytest.approx([possible[each] for each in ranked[:3]])
            total = math.log(sum(math.exp(possible[each]) for each in ranked))
            assert found.total == pytest.approx(total, rel=1e-5)


def test_the_best_of_all_windows_wins_and_the_window_most_sure_tells_how_likely_there_is_none() -> None:
    windows = [WindowSpans([(3, 4)], [1.0], 1.5), WindowSpans([(5, 5)], [2.0], 2.5), WindowSpans([], [], -math.inf)]
    best = best_over_windows(windows)
    total = 1 + math.exp(2.5)
    assert (best.window, best.span) == (1, (5, 5))
    assert best.probability == pytest.approx(math.exp(2.0) / total)
    assert best.none_probability == pytest.approx(1 / total)
    again = best_over_windows([*windows, windows[1]])
    assert again == best, "a span that stands in two overlapping windows counts once"


def test_a_window_without_any_span_is_no_answer() -> None:
    scores = torch.full((1, 4, 4), -math.inf)
    (found,) = best_spans(scores, longest=3)
    assert found == WindowSpans([], [], -math.inf)
    best = best_over_windows([found])
    assert (best.window, best.probability, best.none_probability) == (-1, 0.0, 1.0)
