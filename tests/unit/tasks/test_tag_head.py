from __future__ import annotations

import numpy as np
import pytest
import torch

from nlpsuite.report import Silent
from nlpsuite.tasks.batches import collate
from nlpsuite.tasks.tag_head import TagHead, word_means
from nlpsuite.tasks.task import TaskContext
from nlpsuite.tasks.word_encoding import TagScores, WordEncoder, decode_tags

WORDS = ["The", "cat", "sat", "on", "the", "mat", "and", "looked", "at", "the", "rain", "."]


def make_head(**changes) -> TagHead:
    options = {"buckets": 512, "scale": 10.0, "dropout": 0.1, "hashed_dropout": 0.2}
    with torch.random.fork_rng():
        torch.manual_seed(0)
        head = TagHead(16, 2, **(options | changes))
        with torch.no_grad():
            for weight in head.parameters():
                weight += 0.3 * torch.randn(weight.shape)
    return head.eval()


@pytest.fixture
def encoder(tiny_tokenizer):
    return WordEncoder(TaskContext(tiny_tokenizer, 24, 0, Silent()), buckets=512, overlap=0.5)


def encode(encoder, words, tags=None):
    return encoder(words, [place > 0 for place in range(len(words))], tags)


def test_every_word_has_a_score_that_neither_padding_nor_other_windows_change(encoder):
    head = make_head()
    windows = [window for words in (WORDS, WORDS[:3], ["rain"]) for window in encode(encoder, words)]
    generator = torch.Generator().manual_seed(1)
    hidden = torch.randn(len(windows), 24, 16, generator=generator)
    held = [window.features for window in windows]
    together = head(hidden, held)
    assert together.shape == (sum(each.n_words for each in held), 9)
    alone = [head(hidden[row : row + 1, : len(w.ids)], [w.features]) for row, w in enumerate(windows)]
    torch.testing.assert_close(together, torch.cat(alone), rtol=1e-4, atol=1e-4)


def test_a_word_is_read_from_its_own_tokens_and_from_those_before_them(encoder):
    head, portable = make_head(), make_head(portable=True)
    (window,) = encode(encoder, WORDS[:3])
    hidden = torch.randn(1, len(window.ids), 16, generator=torch.Generator().manual_seed(1))
    start, end = int(window.features.starts_N[1]), int(window.features.ends_N[1])
    for each, first in ((head, start - 1), (portable, start)):
        changed = []
        for place in range(len(window.ids)):
            other = hidden.clone()
            other[0, place] += 1
            scores = each(torch.cat((hidden, other)), [window.features] * 2).view(2, 3, -1)
            if not torch.allclose(scores[0, 1], scores[1, 1], atol=1e-5):
                changed.append(place)
        assert changed == list(range(first, end))


def test_a_word_has_the_mean_state_of_its_own_tokens(encoder):
    windows = [*encode(encoder, WORDS[:3]), *encode(encoder, WORDS[5:7])]
    longest = max(len(window.ids) for window in windows)
    hidden = torch.arange(2.0 * longest).view(2, longest, 1).expand(-1, -1, 16)
    means = word_means(hidden, [window.features for window in windows])[:, 0].tolist()
    own = [
        [row * longest + place for place in range(start, end)]
        for row, window in enumerate(windows)
        for start, end in zip(window.features.starts_N.tolist(), window.features.ends_N.tolist(), strict=True)
    ]
    assert means == pytest.approx([sum(places) / len(places) for places in own])


def test_windows_hold_all_words_of_a_long_sentence_and_each_gets_one_tag(encoder):
    words = WORDS * 6
    tags = np.zeros(len(words), np.int64)
    windows = encode(encoder, words, tags)
    assert len(windows) > 5
    assert all(len(window.ids) <= 24 for window in windows)
    assert sum(window.weight for window in windows) == pytest.approx(1)
    assert next(window.features.whole for window in windows) == (True, False)
    assert all(len(window.target) == window.features.n_words for window in windows)
    head = make_head()
    batch = collate(windows, 0)
    hidden = torch.zeros(*batch.ids_BT.shape, 16)
    held = [window.features for window in windows]
    spans, confidences = decode_tags(windows, TagScores.of(head, head(hidden, held), held), ("a", "b"))
    assert len(spans) == len(confidences)
    assert all(0 <= start < end <= len(words) for start, end, _ in spans)


def test_words_of_many_tokens_and_no_words_at_all(encoder):
    windows = encode(encoder, ["x" * 500, "y"])
    assert [each.features.n_words for each in windows] == [2]
    assert len(windows[0].ids) <= 24
    (empty,) = encode(encoder, [])
    assert empty.features.n_words == 0
    head = make_head()
    scores = head(torch.zeros(1, 2, 16), [empty.features])
    assert decode_tags([empty], TagScores.of(head, scores, [empty.features]), ("a", "b")) == ([], [])


def test_hidden_features_are_drawn_in_training_only(encoder):
    head = make_head(dropout=0.0)
    windows = encode(encoder, WORDS)
    held, hidden = [window.features for window in windows], torch.zeros(len(windows), 24, 16)
    assert torch.equal(head(hidden, held), head(hidden, held))
    head.train()
    with torch.random.fork_rng():
        torch.manual_seed(0)
        assert not torch.equal(head(hidden, held), head(hidden, held))


def test_it_learns_tags_by_heart(encoder):
    tags = np.array([1, 3, 0, 8, 0, 0, 0, 0, 0, 0, 4, 0])
    windows = encode(encoder, WORDS[:8], tags[:8])
    head = make_head(dropout=0.0, hashed_dropout=0.0).train()
    optimizer = torch.optim.AdamW(head.parameters(), lr=1e-2)
    held, hidden = [window.features for window in windows], torch.zeros(len(windows), 24, 16)
    for _ in range(60):
        loss = head.loss(head(hidden, held), held, [window.target for window in windows]).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert float(loss.detach()) < 0.05
