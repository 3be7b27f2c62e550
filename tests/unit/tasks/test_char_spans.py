from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlpsuite.tasks.char_spans import occurrences, trim_span, whole_characters


def test_white_space_is_left_out_at_the_ends() -> None:
    text = " \u3000 a b \n"
    start, end = trim_span(text, 0, len(text))
    assert text[start:end] == "a b"
    assert trim_span(text, 0, 3) == (0, 0)
    assert trim_span(text, 2, 2) == (2, 2)


@pytest.mark.parametrize(
    ("text", "inner", "whole"),
    [
        ("cafe\u0301s", (3, 4), "e\u0301"),
        ("cafe\u0301s", (4, 5), "e\u0301"),
        ("हिन्दी", (0, 1), "हि"),
        ("a👍🏽b", (1, 2), "👍🏽"),
        ("a👩‍👩‍👧b", (3, 4), "👩‍👩‍👧"),
        ("❤️!", (0, 1), "❤️"),
        ("🇫🇷🇩🇪", (1, 2), "🇫🇷"),
        ("🇫🇷🇩🇪", (2, 3), "🇩🇪"),
        ("a\r\nb", (0, 2), "a\r\n"),
        ("a\u1112\u1161\u11abb", (2, 3), "\u1112\u1161\u11ab"),
        ("\ud558\u11ab", (0, 1), "\ud558\u11ab"),
        ("🙂\u200d↔\ufe0f!", (0, 1), "🙂\u200d↔\ufe0f"),
        ("ทำ", (0, 1), "ทำ"),
        ("ຄຳ", (1, 2), "ຄຳ"),
        ("a\u0dc1\u0dca\u200d\u0dbb\u0dd3b", (1, 2), "\u0dc1\u0dca\u200d\u0dbb\u0dd3"),
        ("\u0647\u200d\u0647", (0, 1), "\u0647\u200d"),
        ("1\u200d+", (0, 1), "1\u200d"),
        ("ab", (0, 1), "a"),
    ],
)
def test_nothing_is_cut_from_what_it_belongs_to(text: str, inner: tuple[int, int], whole: str) -> None:
    start, end = whole_characters(text, *inner)
    assert text[start:end] == whole


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=20), st.integers(0, 20), st.integers(0, 20))
def test_a_widened_span_holds_the_span_and_stays_as_it_is(text: str, one: int, other: int) -> None:
    start, end = min(one, other, len(text)), min(max(one, other), len(text))
    wide = whole_characters(text, start, end)
    assert wide[0] <= start <= end <= wide[1] <= len(text)
    assert whole_characters(text, *wide) == wide
    inner = trim_span(text, *wide)
    assert text[slice(*inner)] == text[slice(*wide)].strip()


def test_every_place_of_a_part_is_found() -> None:
    assert list(occurrences("banana", "ana")) == [1, 3]
    assert list(occurrences("banana", "x")) == []
