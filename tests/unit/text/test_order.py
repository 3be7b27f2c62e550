from __future__ import annotations

import itertools
from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nlpsuite.errors import UserError
from nlpsuite.text.order import NO_TARGET, PADDING, RowOrder
from nlpsuite.text.tokenfile import TokenFile, TokenFileWriter

if TYPE_CHECKING:
    from pathlib import Path

ROW = 16
PAD = 3


def write(folder: Path, tokenizer, lengths: list[int]) -> TokenFile:
    """Documents whose tokens count up, so that each token of the file tells where it stands."""
    ids = np.arange(6, tokenizer.vocab_size)
    with TokenFileWriter(folder, tokenizer) as writer:
        at = 0
        for length in lengths:
            writer.append([ids.take(range(at, at + length), mode="wrap")], [length])
            at += length
    return TokenFile.open(folder)


@pytest.fixture(scope="module")
def tokens(tmp_path_factory, tiny_tokenizer) -> TokenFile:
    lengths = np.random.default_rng(0).integers(0, 60, 80).tolist()
    return write(tmp_path_factory.mktemp("tokens") / "train", tiny_tokenizer, lengths)


@pytest.fixture(params=[2_000_000, 7], ids=["one shard", "many shards"])
def shard(request) -> int:
    return request.param


@pytest.fixture
def order(tokens, shard) -> RowOrder:
    return RowOrder(tokens, row=ROW, seed=1, pad_id=PAD, shard=shard)


def same(one, two) -> bool:
    arrays = all(np.array_equal(getattr(one, n), getattr(two, n)) for n in ("ids_BT", "next_BT", "segments_BT"))
    return arrays and list(one.documents) == list(two.documents)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 400), st.integers(1, 40))
def test_many_rows_are_single_rows_one_after_another(order, first, number):
    together = order.rows(first, number)
    single = [order.rows(at, 1) for at in range(first, first + number)]
    for name in ("ids_BT", "next_BT", "segments_BT"):
        assert np.array_equal(getattr(together, name), np.concatenate([getattr(each, name) for each in single])), name
    assert together.documents == [document for each in single for document in each.documents]


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(0, 500), min_size=1, max_size=10))
def test_a_row_depends_on_its_number_alone(tokens, order, shard, numbers):
    for number in numbers:
        fresh = RowOrder(tokens, row=ROW, seed=1, pad_id=PAD, shard=shard)
        assert same(order.rows(number, 3), fresh.rows(number, 3))


@pytest.mark.parametrize("epoch", [0, 1, 5])
def test_every_token_but_the_first_of_a_document_is_predicted_once_an_epoch(tokens, order, epoch):
    n = order.rows_per_epoch
    rows = order.rows(epoch * n, n)
    real = rows.next_BT != NO_TARGET
    pairs = Counter(zip(rows.ids_BT[real].tolist(), rows.next_BT[real].tolist(), strict=True))
    expected: Counter[tuple[int, int]] = Counter()
    for index in range(len(tokens)):
        document = tokens.document(index).tolist()
        expected.update(itertools.pairwise(document))
    assert pairs == expected
    assert int(real.sum()) == tokens.n_tokens - len(tokens) == order.inputs_per_epoch
    assert set(rows.documents) == {index for index in range(len(tokens)) if len(tokens.document(index)) > 1}


def test_rows_are_well_formed(order):
    rows = order.rows(0, order.rows_per_epoch)
    real = rows.segments_BT != PADDING
    assert np.array_equal(real, rows.next_BT != NO_TARGET)
    assert np.all(rows.ids_BT[~real] == PAD)
    # Padding comes last, segments count up from zero, and within one the target is the next input.
    assert np.all(real[:, :-1] >= real[:, 1:])
    assert np.all(rows.segments_BT[:, 0] == 0)
    steps = np.diff(rows.segments_BT, axis=1)[real[:, 1:]]
    assert set(steps.tolist()) <= {0, 1}
    inside = real[:, 1:] & (rows.segments_BT[:, 1:] == rows.segments_BT[:, :-1])
    assert np.array_equal(rows.next_BT[:, :-1][inside], rows.ids_BT[:, 1:][inside])
    for array in (rows.ids_BT, rows.next_BT, rows.segments_BT):
        assert array.dtype == np.int64
        assert array.shape == (order.rows_per_epoch, ROW)
    assert len(rows.documents) == sum(len(set(row[row != PADDING].tolist())) for row in rows.segments_BT)


def test_epochs_and_seeds_order_differently(tokens, order, shard):
    n = order.rows_per_epoch
    assert not np.array_equal(order.rows(0, n).ids_BT, order.rows(n, n).ids_BT)
    other = RowOrder(tokens, row=ROW, seed=2, pad_id=PAD, shard=shard)
    assert other.rows_per_epoch == n
    assert not np.array_equal(order.rows(0, n).ids_BT, other.rows(0, n).ids_BT)


def test_rows_across_the_end_of_an_epoch(order):
    n = order.rows_per_epoch
    across = order.rows(n - 2, 4)
    assert np.array_equal(across.ids_BT[:2], order.rows(n - 2, 2).ids_BT)
    assert np.array_equal(across.ids_BT[2:], order.rows(n, 2).ids_BT)


def test_text_with_less_than_a_row(tmp_path, tiny_tokenizer):
    order = RowOrder(write(tmp_path / "one", tiny_tokenizer, [2]), row=ROW, seed=0, pad_id=PAD)
    assert order.rows_per_epoch == 1
    rows = order.rows(0, 3)
    assert rows.ids_BT[0].tolist() == rows.ids_BT[2].tolist() == [1, 6, 7] + [PAD] * 13
    assert rows.next_BT[0, :4].tolist() == [6, 7, 2, NO_TARGET]


def test_text_without_documents_is_refused(tmp_path, tiny_tokenizer):
    empty = write(tmp_path / "none", tiny_tokenizer, [])
    with pytest.raises(UserError, match="no tokens to train on"):
        RowOrder(empty, row=ROW, seed=0, pad_id=PAD)


def test_a_plan_holds_one_shard_in_memory(tmp_path, tiny_tokenizer):
    import tracemalloc

    with TokenFileWriter(tmp_path / "many", tiny_tokenizer) as writer:
        for _ in range(20):
            writer.append([np.array([10, 11, 12])] * 10_000, [6] * 10_000)
    tokens = TokenFile.open(tmp_path / "many")
    peaks = []
    for shard in (200_000, 20_000):
        tracemalloc.start()
        RowOrder(tokens, row=ROW, seed=1, pad_id=PAD, shard=shard).rows(0, 4)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] / 4
    assert peaks[0] < 200 * 200_000, "under 200 bytes a document"
