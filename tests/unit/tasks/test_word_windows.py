from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlpsuite.tasks.word_windows import best_windows, word_windows


@given(st.lists(st.integers(1, 6), max_size=60), st.integers(6, 20), st.floats(0, 0.9))
def test_every_word_is_whole_in_some_window_and_each_window_fits(lengths, size, overlap):
    windows = word_windows(lengths, size, overlap)
    assert windows[0][0] == 0
    assert windows[-1][1] == len(lengths)
    for first, end in windows:
        assert sum(lengths[first:end]) <= size
    for (first, end), (later, _) in itertools.pairwise(windows):
        assert first < later <= end
    assert (len(windows) == 1) == (sum(lengths) <= size)
    best = best_windows(lengths, windows)
    assert all(windows[number][0] <= word < windows[number][1] for word, number in enumerate(best))


def test_windows_repeat_about_what_is_asked_and_the_last_is_full():
    assert word_windows([1] * 10, 4, 0.5) == [(0, 4), (2, 6), (4, 8), (6, 10)]
    assert word_windows([1] * 9, 4, 0.0) == [(0, 4), (4, 8), (5, 9)]
    assert word_windows([], 4, 0.5) == [(0, 0)]
    with pytest.raises(ValueError, match="more than 4"):
        word_windows([5], 4, 0.5)


def test_a_word_is_taken_from_where_it_has_most_around_it():
    assert best_windows([1] * 10, [(0, 6), (4, 10)]) == [0, 0, 0, 0, 0, 1, 1, 1, 1, 1]
