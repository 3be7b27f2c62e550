from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from nlpsuite.tasks.batches import collate
from nlpsuite.tasks.language import language_loss, language_windows, window_nats
from nlpsuite.tasks.network import Network
from nlpsuite.tasks.task import Window


@given(st.integers(2, 200), st.integers(1, 40), st.floats(0, 0.9), st.data())
def test_each_token_is_a_target_once_after_its_own_history(length, context, overlap, data):
    ids = np.arange(length, dtype=np.int32)
    first = data.draw(st.integers(1, length - 1))
    windows = language_windows(ids, context, overlap, first)
    targets = np.concatenate([window.target for window in windows])
    assert targets.tolist() == list(range(first, length))
    assert sum(window.weight for window in windows) == pytest.approx(1)
    for window in windows:
        assert 1 <= len(window.target) <= len(window.ids) <= context
        # Ids are their own places here: inputs are a run of the text, and the last of them is before the last target.
        assert window.ids.tolist() == list(range(window.start, window.start + len(window.ids)))
        assert window.target[-1] == window.ids[-1] + 1


def test_text_is_cut_as_evaluate_cuts_it():
    windows = language_windows(np.arange(11, dtype=np.int32), 4, 0.5)
    assert [(window.ids.tolist(), window.target.tolist()) for window in windows] == [
        ([0, 1, 2, 3], [1, 2, 3, 4]),
        ([2, 3, 4, 5], [5, 6]),
        ([4, 5, 6, 7], [7, 8]),
        ([6, 7, 8, 9], [9, 10]),
    ]


def test_a_continuation_has_its_prompt_as_history_or_half_of_the_context_of_it():
    ids = np.arange(12, dtype=np.int32)
    (whole,) = language_windows(ids, 11, 0.0, first=8)
    assert (len(whole.ids), whole.target.tolist()) == (11, [8, 9, 10, 11])
    windows = language_windows(ids, 6, 0.0, first=8)
    assert [(window.ids[0], window.target.tolist()) for window in windows] == [(5, [8, 9, 10, 11])]
    windows = language_windows(ids, 4, 0.0, first=8)
    assert [(window.ids[0], window.target.tolist()) for window in windows] == [(6, [8, 9, 10]), (8, [11])]


def test_windows_share_the_memory_of_the_text():
    ids = np.arange(1000, dtype=np.int32)
    assert all(np.shares_memory(window.ids, ids) for window in language_windows(ids, 100, 0.0))


@pytest.mark.parametrize("first", [0, 5, 6])
def test_a_sequence_without_targets_is_refused(first):
    with pytest.raises(ValueError, match="no token to predict"):
        language_windows(np.arange(5, dtype=np.int32), 4, 0.0, first)


def test_the_loss_is_the_mean_over_all_targets_and_padding_counts_nothing(make_backbone):
    backbone = make_backbone()
    network = Network(backbone, torch.nn.Identity(), "causal")
    ids = np.random.default_rng(0).integers(5, 60, 40).astype(np.int32)
    windows = [*language_windows(ids, 24, 0.0), *language_windows(ids[:9], 24, 0.0, first=6)]
    losses = []
    for window in windows:
        hidden_TD = backbone(torch.tensor(window.ids[None].astype(np.int64)))[0, -len(window.target) :]
        target = torch.tensor(window.target.astype(np.int64))
        losses.append(torch.nn.functional.cross_entropy(backbone.logits(hidden_TD), target, reduction="sum").item())
    batch = collate(windows, 3)
    assert language_loss(network, batch).item() == pytest.approx(sum(losses) / (39 + 3), rel=1e-5)
    assert window_nats(network, batch) == pytest.approx(losses, rel=1e-5)


def test_history_may_be_learned_too(make_backbone):
    backbone = make_backbone()
    network = Network(backbone, torch.nn.Identity(), "causal")
    ids = np.random.default_rng(0).integers(5, 60, 30).astype(np.int32)
    windows = language_windows(ids, 16, 0.5)
    assert [len(window.target) for window in windows] == [16, 8, 5]
    losses = []
    for window in windows:
        row = torch.tensor(ids[window.start : window.start + len(window.ids) + 1].astype(np.int64))
        losses.append(
            torch.nn.functional.cross_entropy(backbone.logits(backbone(row[None, :-1])[0]), row[1:]) * len(row[1:])
        )
    counted = sum(len(window.ids) for window in windows)
    expected = sum(losses).item() / counted
    assert language_loss(network, collate(windows, 3), history=True).item() == pytest.approx(expected, rel=1e-5)


def test_windows_without_targets_have_no_nats(make_backbone):
    network = Network(make_backbone(), torch.nn.Identity(), "causal")
    empty = Window(np.array([1, 5], np.int32), np.zeros(0, np.int32))
    assert window_nats(network, collate([empty], 3)) == [0.0]
    scored = Window(np.array([1, 5], np.int32), np.array([5, 6], np.int32))
    assert window_nats(network, collate([empty, scored, empty], 3))[::2] == [0.0, 0.0]
    assert language_loss(network, collate([empty], 3)).item() == 0.0
