from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlpsuite.text.packing import Pieces, cut_documents, pack_histogram, plan_epoch


def cut(starts: np.ndarray, row: int) -> Pieces:
    return cut_documents(starts[:-1], starts[1:], row)


def starts_of(lengths) -> np.ndarray:
    return np.concatenate(([0], np.cumsum(lengths))).astype(np.int64)


def plan(pieces: Pieces, row: int, seed: int = 0):
    return plan_epoch(pieces, row, np.random.default_rng(seed))


def rows_of(made) -> list[list[int]]:
    return [made.pieces[a:b].tolist() for a, b in zip(made.offsets[:-1], made.offsets[1:], strict=True)]


document_lengths = st.lists(st.integers(0, 60), max_size=60)


@settings(max_examples=100, deadline=None)
@given(document_lengths, st.integers(1, 20))
def test_pieces_hold_every_input_once_and_in_order(lengths, row):
    pieces = cut(starts_of(lengths), row)
    inputs = [
        (int(document), int(start) + at)
        for start, length, document in zip(pieces.starts, pieces.lengths, pieces.document, strict=True)
        for at in range(length)
    ]
    starts = starts_of(lengths)
    expected = [(d, int(starts[d]) + at) for d, n in enumerate(lengths) for at in range(n - 1)]
    assert inputs == expected
    assert all(1 <= length <= row for length in pieces.lengths)


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.integers(1, 32), st.integers(1, 50), max_size=12))
def test_recipes_use_every_piece_once_and_overflow_no_row(counts):
    used: Counter[int] = Counter()
    for recipe, number in pack_histogram(counts, 32):
        assert number > 0
        assert recipe
        assert sum(recipe) <= 32
        for length in recipe:
            used[length] += number
    assert used == Counter(counts)


@settings(max_examples=100, deadline=None)
@given(document_lengths, st.integers(1, 20), st.integers(0, 2**32 - 1))
def test_a_plan_uses_every_piece_once_and_overflows_no_row(lengths, row, seed):
    pieces = cut(starts_of(lengths), row)
    made = plan(pieces, row, seed)
    rows = rows_of(made)
    assert len(made) == len(rows)
    assert sorted(index for each in rows for index in each) == list(range(len(pieces.lengths)))
    assert all(each and pieces.lengths[each].sum() <= row for each in rows)


@settings(max_examples=50, deadline=None)
@given(document_lengths, st.integers(1, 20), st.integers(0, 2**32 - 1))
def test_a_plan_is_a_pure_function(lengths, row, seed):
    one, two = (plan(cut(starts_of(lengths), row), row, seed) for _ in range(2))
    assert np.array_equal(one.offsets, two.offsets)
    assert np.array_equal(one.pieces, two.pieces)
    other = plan(cut(starts_of(lengths), row), row, seed + 1)
    assert len(other) == len(one), "every epoch has the same number of rows"


def padding_share(lengths: np.ndarray, row: int) -> float:
    pieces = cut(starts_of(lengths), row)
    return 1 - int(pieces.lengths.sum()) / (len(plan(pieces, row)) * row)


@pytest.mark.parametrize("row", [128, 256, 1024])
@pytest.mark.parametrize("seed", [0, 1])
def test_next_to_nothing_is_padding(row, seed):
    draw = np.random.default_rng(seed)
    encyclopedia = np.clip(draw.lognormal(5.6, 1.1, 4000), 3, 20_000).astype(np.int64)
    sentences = np.clip(draw.normal(25, 12, 4000), 3, 90).astype(np.int64)
    reviews = np.clip(draw.gamma(2.0, 90.0, 4000), 3, 3000).astype(np.int64)
    for lengths in (encyclopedia, sentences, reviews, np.concatenate([encyclopedia, sentences])):
        assert padding_share(lengths, row) < 0.03


def test_other_seeds_and_epochs_mix_differently():
    pieces = cut(starts_of(np.random.default_rng(0).integers(3, 40, 200)), 32)
    one, two = plan(pieces, 32, 0), plan(pieces, 32, 1)
    assert not np.array_equal(one.pieces, two.pieces)
    together = [{frozenset(each) for each in rows_of(made) if len(each) > 1} for made in (one, two)]
    assert len(together[0] & together[1]) < 0.5 * len(together[0]), "neighbours change too"


def test_first_rows_are_a_fair_sample():
    lengths = np.random.default_rng(0).integers(3, 33, 3000)
    pieces = cut(starts_of(lengths), 32)
    made = plan(pieces, 32)
    tenth = made.pieces[: int(made.offsets[len(made) // 10])]
    assert pieces.lengths[tenth].mean() == pytest.approx(pieces.lengths.mean(), rel=0.1)
    assert pieces.document[tenth].mean() == pytest.approx(1500, rel=0.1)


def test_time_does_not_grow_with_the_number_of_pieces():
    counts = dict.fromkeys(range(1, 257), 10**9)
    recipes = pack_histogram(counts, 256)
    assert sum(number * len(recipe) for recipe, number in recipes) == 256 * 10**9
    assert len(recipes) < 2000


@pytest.mark.parametrize("lengths", [[], [0], [1], [1, 0, 1]])
def test_text_without_anything_to_predict_gives_no_rows(lengths):
    pieces = cut(starts_of(lengths), 8)
    assert len(pieces.lengths) == 0
    assert len(plan(pieces, 8)) == 0
