from __future__ import annotations

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nlpsuite.tasks.batches import BatchOrder, collate, cut, padding_share
from nlpsuite.tasks.task import Window

LENGTHS = st.lists(st.integers(1, 60), min_size=1, max_size=200)


def phrase_lengths(number: int) -> list[int]:
    """Return lengths spread like those of SST-2's phrases: a median of 9 tokens, a tail to 60."""
    chance = np.random.default_rng(0)
    return np.clip(np.round(np.exp(chance.normal(np.log(9), 0.75, number))), 1, 64).astype(int).tolist()


@settings(max_examples=50, deadline=None)
@given(LENGTHS, st.integers(1, 300), st.integers(0, 5), st.integers(0, 3))
def test_an_epoch_holds_each_window_once_within_the_budget(lengths: list[int], budget: int, seed: int, epoch: int):
    batches = BatchOrder(lengths, budget, seed).epoch(epoch)
    assert sorted(index for batch in batches for index in batch) == list(range(len(lengths)))
    for batch in batches:
        assert len(batch) == 1 or len(batch) * max(lengths[index] for index in batch) <= budget


@settings(max_examples=30, deadline=None)
@given(LENGTHS, st.integers(1, 300), st.lists(st.integers(0, 500), min_size=1, max_size=8))
def test_a_batch_depends_on_seed_and_number_alone(lengths: list[int], budget: int, numbers: list[int]):
    one = BatchOrder(lengths, budget, 7)
    epochs = [batch for epoch in range(600) if (batches := one.epoch(epoch)) for batch in batches][:501]
    for number in numbers:
        assert BatchOrder(lengths, budget, 7).batch(number) == epochs[number]


def test_epochs_and_seeds_differ():
    lengths = phrase_lengths(500)
    order = BatchOrder(lengths, 200, 1)
    assert order.epoch(0) != order.epoch(1)
    assert order.epoch(0) != BatchOrder(lengths, 200, 2).epoch(0)


def test_epoch_boundaries():
    order = BatchOrder([5] * 10, 10, 0)
    assert [order.first(epoch) for epoch in range(3)] == [0, 5, 10]
    assert [order.epoch_of(number) for number in (0, 4, 5, 9, 10)] == [0, 0, 1, 1, 2]


def test_little_padding_on_phrases():
    lengths = phrase_lengths(20_000)
    for budget in (600, 2_000):
        batches = BatchOrder(lengths, budget, 3).epoch(0)
        assert padding_share(batches, lengths) < 0.1
    shuffled = cut(np.random.default_rng(0).permutation(len(lengths)).tolist(), lengths, 600)
    assert padding_share(shuffled, lengths) > 0.4


def test_batches_come_in_mixed_lengths():
    lengths = phrase_lengths(5_000)
    longest = [max(lengths[index] for index in batch) for batch in BatchOrder(lengths, 600, 0).epoch(0)]
    assert longest != sorted(longest)
    assert max(longest[: len(longest) // 4]) > 20


def test_collate_pads_to_the_longest():
    batch = collate([Window([1, 5, 2], weight=0.5), Window([1, 5, 6, 7, 2])], pad_id=3)
    assert batch.ids_BT.tolist() == [[1, 5, 2, 3, 3], [1, 5, 6, 7, 2]]
    assert batch.real_BT.tolist() == [[True, True, True, False, False], [True] * 5]
    assert batch.weight_B.tolist() == [0.5, 1.0]
    assert batch.ids_BT.dtype == torch.int64
