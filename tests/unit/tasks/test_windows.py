from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlpsuite.tasks.windows import pair_ids, pair_spans, text_windows, window_spans


class Ids:
    bos_id, eos_id = 1, 2


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 500), st.integers(1, 60), st.data())
def test_windows_cover_every_token_in_order(n_tokens: int, size: int, data: st.DataObject) -> None:
    stride = data.draw(st.integers(1, size))
    spans = window_spans(n_tokens, size, stride)
    assert {token for start, end in spans for token in range(start, end)} == set(range(n_tokens))
    assert spans[-1][1] == n_tokens
    assert all(end - start == min(size, n_tokens) for start, end in spans)
    starts = [start for start, _ in spans]
    assert starts[0] == 0
    assert all(0 < later - earlier <= stride for earlier, later in itertools.pairwise(starts))


def test_the_last_window_is_moved_back_to_be_full() -> None:
    assert window_spans(25, 10, 8) == [(0, 10), (8, 18), (15, 25)]
    assert window_spans(26, 10, 8) == [(0, 10), (8, 18), (16, 26)]
    assert window_spans(10, 10, 8) == [(0, 10)]
    assert window_spans(0, 10, 8) == [(0, 0)]


@pytest.mark.parametrize(("size", "stride"), [(0, 1), (5, 0), (5, 6)])
def test_sizes_that_make_no_windows_are_refused(size: int, stride: int) -> None:
    with pytest.raises(ValueError, match="no windows"):
        window_spans(10, size, stride)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(10, 99), max_size=200), st.integers(3, 40), st.floats(0, 0.99))
def test_text_windows_are_framed_and_share_the_weight(ids: list[int], context: int, overlap: float) -> None:
    windows = text_windows(ids, Ids(), context, overlap, target=3)  # type: ignore[arg-type]
    assert sum(window.weight for window in windows) == pytest.approx(1)
    for window in windows:
        assert (window.ids[0], window.ids[-1]) == (1, 2)
        assert len(window.ids) <= context
        assert list(window.ids[1:-1]) == ids[window.start : window.start + len(window.ids) - 2]
        assert window.target == 3


class PairIds(Ids):
    sep_id = 3


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 120), st.integers(0, 200), st.integers(5, 60), st.floats(0, 0.99))
def test_pairs_of_windows_hold_every_token_of_both_parts(
    n_first: int, n_second: int, context: int, overlap: float
) -> None:
    spans = pair_spans(n_first, n_second, context, overlap)
    for part, count in (("first", n_first), ("second", n_second)):
        held = {token for span in spans for token in range(*getattr(span, part))}
        assert held == set(range(count))
    first, second = [*range(100, 100 + n_first)], [*range(300, 300 + n_second)]
    for span in spans:
        ids = pair_ids(first, second, span, PairIds())  # type: ignore[arg-type]
        assert len(ids) <= context
        assert (ids[0], ids[span.second_offset - 1], ids[-1]) == (1, 3, 2)
        assert ids[span.second_offset : -1] == second[slice(*span.second)]


def test_a_short_part_is_whole_in_every_window() -> None:
    spans = pair_spans(6, 100, 33, 0.25)
    assert len(spans) > 3
    assert {span.first for span in spans} == {(0, 6)}
    assert all(span.second[1] - span.second[0] == 24 for span in spans)


def test_two_long_parts_meet_in_every_pair_of_their_windows() -> None:
    spans = pair_spans(40, 50, 23, 0.0)
    firsts, seconds = {span.first for span in spans}, {span.second for span in spans}
    assert len(spans) == len(firsts) * len(seconds)
    assert len(firsts) == 4
    assert len(seconds) == 5
