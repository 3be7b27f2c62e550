from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from nlpsuite.backbone.machine import find_machine
from nlpsuite.backbone.model import Backbone
from nlpsuite.backbone.scoring import TextScore
from nlpsuite.report import Silent
from nlpsuite.training.budget import CheckedClock
from nlpsuite.training.pretraining.plan import choose_shape
from nlpsuite.training.pretraining.prepare import prepare_text
from nlpsuite.training.pretraining.validation import ValidationText
from nlpsuite.training.together import Together


@pytest.fixture
def prepared(tiny_request):
    request = tiny_request()
    return prepare_text(request.text, request.settings, 320, request.cache, Silent()), request.settings


def test_bits_per_byte_does_not_depend_on_the_tokenizer():
    coarse = TextScore(nats=100.0, tokens=25, bytes=100)
    fine = TextScore(nats=100.0, tokens=50, bytes=100)
    assert coarse.bits_per_byte == fine.bits_per_byte == pytest.approx(1 / math.log(2))
    assert coarse.perplexity != fine.perplexity


def test_every_byte_of_the_held_out_text_counts_once(prepared):
    text, settings = prepared
    backbone = Backbone(choose_shape([], settings, find_machine("32"), Silent()))
    backbone.initialise(1)
    validation = ValidationText(
        text.valid,
        context=32,
        tokenizer=text.tokenizer,
        max_tokens=10**9,
        rows=4,
        mask_rate=0.2,
        mask_span=3,
        group=Together(),
    )
    score = validation.causal(backbone)
    assert score.bytes == text.valid.text_bytes
    assert score.tokens == text.valid.n_tokens - len(text.valid), "all but the first token of each document"


def test_each_row_is_scored_by_one_of_the_processes(prepared):
    text, settings = prepared
    backbone = Backbone(choose_shape([], settings, find_machine("32"), Silent()))
    backbone.initialise(1)

    class Heard(Together):
        """A process that hears nothing of the others."""

        def __init__(self, rank, world):
            super().__init__()
            self.rank, self.world = rank, world

        def total(self, numbers):
            return list(numbers)

    def score(rank, world):
        options = {"context": 32, "tokenizer": text.tokenizer, "max_tokens": 10**9, "rows": 4}
        validation = ValidationText(text.valid, **options, mask_rate=0.2, mask_span=3, group=Heard(rank, world))
        return validation.causal(backbone), validation.masked(backbone)

    shares = [score(rank, 3) for rank in range(3)]
    for whole, *parts in zip(score(0, 1), *shares, strict=True):
        assert all(part.tokens for part in parts)
        assert sum(part.tokens for part in parts) == whole.tokens
        assert sum(part.bytes for part in parts) == whole.bytes
        assert sum(part.nats for part in parts) == pytest.approx(whole.nats, rel=1e-6)


def test_an_untrained_network_is_as_good_as_guessing_and_stays_in_its_mode(prepared):
    text, settings = prepared
    backbone = Backbone(choose_shape([], settings, find_machine("32"), Silent()))
    backbone.initialise(1)
    with torch.no_grad():
        backbone.embedding.weight.zero_()
    validation = ValidationText(
        text.valid,
        context=32,
        tokenizer=text.tokenizer,
        max_tokens=500,
        rows=4,
        mask_rate=0.2,
        mask_span=3,
        group=Together(),
    )
    backbone.train()
    assert validation.causal(backbone).loss == pytest.approx(math.log(320), abs=1e-4)
    assert validation.masked(backbone).loss == pytest.approx(math.log(320), abs=1e-4)
    assert backbone.training
    again = validation.masked(backbone)
    assert again == validation.masked(backbone), "the same masks each time"
    assert np.all(text.tokenizer.byte_lengths[:6] == 0)


def test_the_clock_strikes_at_even_distances_and_never_twice():
    clock = CheckedClock(4)
    struck = [p / 100 for p in range(101) if clock.due(p / 100)]
    assert struck == [0.25, 0.5, 0.75, 1.0]
    late = CheckedClock(4)
    assert late.due(0.8)
    assert not late.due(0.9)
    assert late.due(1.0)
