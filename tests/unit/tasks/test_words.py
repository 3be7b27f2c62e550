from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlpsuite.tasks.char_spans import whole_characters
from nlpsuite.tasks.words import SPLITTINGS, is_unspaced, spaces_before, split_words

TEXT = st.text(st.sampled_from("aB1é\u0301 \n.-'’,中かไห한אب🙂👩\u200d🏽\ufe0f🇫🇷\u3000\u00a0"), max_size=40) | st.text(
    max_size=40
)


def words(text: str, *rest) -> list[str]:
    return [text[start:end] for start, end in split_words(text, *rest)]


@given(TEXT, st.sampled_from(SPLITTINGS))
def test_words_are_in_order_and_only_white_space_is_between_them(text, splitting):
    places = split_words(text, splitting)
    marks = [0, *(mark for place in places for mark in place), len(text)]
    assert marks == sorted(marks)
    assert all(start < end for start, end in places)
    covered = {index for start, end in places for index in range(start, end)}
    assert all(text[index].isspace() for index in range(len(text)) if index not in covered)


@given(TEXT, st.sampled_from(SPLITTINGS))
def test_words_and_spans_of_characters_have_one_rule_of_what_belongs_together(text, splitting):
    for place in split_words(text, splitting):
        start, end = whole_characters(text, *place)
        # A mark after white space is a word, and belongs to that white space.
        assert end == place[1]
        assert text[start : place[0]].isspace() or start == place[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ana met Bo.", ["Ana", "met", "Bo", "."]),
        ("U.S.-based", ["U", ".", "S", ".", "-", "based"]),
        ("王小明去了 Beijing", ["王", "小", "明", "去", "了", "Beijing"]),
        ("cafe\u0301 e\u0301!", ["cafe\u0301", "e\u0301", "!"]),
        ("👩\u200d👩\u200d👧 👍🏽x", ["👩\u200d👩\u200d👧", "👍🏽", "x"]),
        ("\u0301a", ["\u0301", "a"]),
        ("🇩🇪🇫🇷 a🇩🇪b", ["🇩🇪", "🇫🇷", "a", "🇩🇪", "b"]),
        ("서울에서 שלום مرحبا", ["서울에서", "שלום", "مرحبا"]),
        ("", []),
        (" \n\u3000", []),
    ],
)
def test_fine(text, expected):
    assert words(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The U.S. bought 1,000 well-known cars.", ["The", "U.S.", "bought", "1,000", "well-known", "cars", "."]),
        ("Ana's and J. Smith's", ["Ana", "'s", "and", "J.", "Smith", "'s"]),
        ("O'Neil (AT&T)", ["O'Neil", "(", "AT&T", ")"]),
        ("end - of", ["end", "-", "of"]),
    ],
)
def test_words_as_treebanks_have_them(text, expected):
    assert words(text, "words") == expected


def test_characters_and_cuts():
    assert words("ab c", "characters") == ["a", "b", "c"]
    assert words("e\u0301a", "characters") == ["e\u0301", "a"]
    assert words("\u1112\u1161\u11ab\u1100\u1173", "characters") == ["\u1112\u1161\u11ab", "\u1100\u1173"]
    assert words("🙂\u200d↔\ufe0fa", "characters") == ["🙂\u200d↔\ufe0f", "a"]
    assert words("น้ำใจ") == ["น้ำ", "ใ", "จ"]
    assert [is_unspaced(each) for each in "ำ中か\u3000aᄒ"] == [True, True, True, False, False, False]
    assert words("Parisfoo Paris", "fine", {"Parisfoo": [5, 6]}) == ["Paris", "f", "oo", "Paris"]


def test_usual_spaces():
    def joined(*parts: str) -> str:
        return "".join(" " * space + word for word, space in zip(parts, spaces_before(parts), strict=True))

    assert joined("Ana", "'s", "dog", ",", "a", '"', "big", '"', "one", ".") == 'Ana\'s dog, a "big" one.'
    assert joined("(", "U.N.", ")", "said", ":", "$", "5") == "(U.N.) said: $5"
    assert joined("王", "小", "明", "2", "岁") == "王小明 2 岁"
    assert spaces_before([]) == []
