from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nlpsuite.tasks.crf import TagChain, allowed_tags, n_tags, tag_numbers
from nlpsuite.tasks.crf_decode import ChainScores, best_tags, span_confidences, tag_spans
from nlpsuite.tasks.tag_schemes import Scheme, Span

LABELS = ("LOC", "PER")
NAMES = ["O", *(f"{letter}-{label}" for label in LABELS for letter in "BIES")]


def make_chain(seed: int = 0) -> TagChain:
    chain = TagChain(len(LABELS))
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for weight in chain.parameters():
            weight.copy_(torch.randn(weight.shape, generator=generator))
    return chain


def scores_of(length: int, seed: int = 1) -> torch.Tensor:
    return torch.randn(length, n_tags(len(LABELS)), generator=torch.Generator().manual_seed(seed)) * 2


@torch.no_grad()
def all_sequences(emission_LK: torch.Tensor, chain: TagChain) -> dict[tuple[int, ...], float]:
    """The score of every valid sequence."""
    found = {}
    for tags in itertools.product(range(len(NAMES)), repeat=len(emission_LK)):
        if not Scheme("BIOES").invalid([NAMES[tag] for tag in tags]):
            score = sum(float(emission_LK[place, tag]) for place, tag in enumerate(tags))
            score += float(chain.start[tags[0]]) + float(chain.end[tags[-1]])
            score += sum(float(chain.follow[pair]) for pair in itertools.pairwise(tags))
            found[tags] = score
    return found


def total(scores) -> float:
    return math.log(sum(math.exp(score) for score in scores))


@pytest.mark.parametrize("length", [1, 2, 3, 4])
def test_loss_best_sequence_and_confidence_are_those_of_all_valid_sequences_written_out(length):
    chain, emission_LK = make_chain(), scores_of(length)
    every = all_sequences(emission_LK, chain)
    whole = torch.tensor([[True, True]])
    for tags in list(every)[:: max(1, len(every) // 7)]:
        loss = chain.loss(emission_LK[None], torch.tensor([tags]), torch.tensor([length]), whole)
        assert float(loss.detach()) == pytest.approx(total(every.values()) - every[tags], abs=1e-4)
    scores = ChainScores.of(chain)
    array = emission_LK.double().numpy()
    best = best_tags(array, scores)
    assert tuple(best) == max(every, key=every.__getitem__)
    spans = tag_spans(best, LABELS)
    assert spans == Scheme("BIOES").spans([NAMES[tag] for tag in best])
    for span, confidence in zip(spans, span_confidences(array, scores, best, spans), strict=True):
        holding = [s for tags, s in every.items() if span in tag_spans(tags, LABELS)]
        assert confidence == pytest.approx(math.exp(total(holding) - total(every.values())), abs=1e-6)


def test_sentences_of_a_batch_do_not_touch_one_another():
    chain = make_chain()
    lengths = [5, 2, 1, 7]
    emissions = [scores_of(length, seed) for seed, length in enumerate(lengths)]
    tags = [torch.tensor(tag_numbers([Span(0, 1, "PER")], LABELS, length)) for length in lengths]
    whole_B2 = torch.tensor([[True, True], [False, True], [True, False], [False, False]])
    together = chain.loss(
        torch.nn.utils.rnn.pad_sequence(emissions, batch_first=True, padding_value=9.0),
        torch.nn.utils.rnn.pad_sequence(tags, batch_first=True),
        torch.tensor(lengths),
        whole_B2,
    )
    alone = [
        chain.loss(emission[None], tag[None], torch.tensor([len(tag)]), whole[None])
        for emission, tag, whole in zip(emissions, tags, whole_B2, strict=True)
    ]
    assert together.tolist() == pytest.approx([float(each.detach()) for each in alone], rel=1e-5)
    together.sum().backward()
    assert all(torch.isfinite(weight.grad).all() for weight in chain.parameters())


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 30), st.integers(0, 1000), st.sampled_from([0.01, 1.0, 1000.0]))
def test_only_valid_sequences_are_ever_decoded(length, seed, size):
    generator = np.random.default_rng(seed)
    emission = generator.normal(size=(length, n_tags(3))) * size
    chain = ChainScores.of(TagChain(3))
    labels = ("a", "b", "c")
    tags = best_tags(emission, chain)
    names = ["O", *(f"{letter}-{label}" for label in labels for letter in "BIES")]
    assert Scheme("BIOES").invalid([names[tag] for tag in tags]) == []
    spans = tag_spans(tags, labels)
    assert tag_numbers(spans, labels, length) == tags
    assert all(0 <= each <= 1 for each in span_confidences(emission, chain, tags, spans))


def test_a_cut_sentence_may_begin_and_end_inside_an_entity():
    chain = TagChain(1)
    inside = torch.tensor([[2, 2]])
    emission = torch.zeros(1, 2, n_tags(1))
    cut = chain.loss(emission, inside, torch.tensor([2]), torch.tensor([[False, False]]))
    assert 0 < float(cut.detach()) < 5
    allowed = allowed_tags(1)
    assert [each.tolist() for each in (allowed[0], allowed[2])] == [
        [True, True, False, False, True],
        [True, False, False, True, True],
    ]


def test_no_words_have_no_tags():
    assert best_tags(np.zeros((0, 5)), ChainScores.of(TagChain(1))) == []
    assert span_confidences(np.zeros((0, 5)), ChainScores.of(TagChain(1)), [], []) == []


def test_very_unlikely_truth_still_gives_finite_gradients():
    chain = TagChain(2)
    emission = torch.full((1, 40, n_tags(2)), -200.0, requires_grad=True)
    with torch.no_grad():
        emission[:, :, 0] = 200.0
    loss = chain.loss(emission, torch.full((1, 40), 4), torch.tensor([40]), torch.tensor([[True, True]]))
    loss.sum().backward()
    assert torch.isfinite(loss).all()
    assert torch.isfinite(emission.grad).all()
