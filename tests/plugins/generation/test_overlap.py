from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlpsuite_generation.overlap import distinct, longest_common, repetition, rouge, words_of


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("The cat's hat, 2nd edition!", ["the", "cat", "s", "hat", "2nd", "edition"]),
        ("我们 去北京2008", ["我", "们", "去", "北", "京", "2008"]),
        ("カタカナ・ひら", ["カ", "タ", "カ", "ナ", "ひ", "ら"]),
        ("Straße CAFE\u0301", ["strasse", "café"]),
        ("हिन्दी में", ["हिन्दी", "में"]),
        ("🙂 ... ", []),
    ],
)
def test_words_in_any_language(text, words):
    assert words_of(text) == words


def test_rouge_by_hand():
    # 5 of 6 and 6 words shared; pairs: "the cat", "on the", "the mat" of 5 and 5; subsequence "the cat on the mat".
    score = rouge("The cat sat on the mat.", "the cat is on the mat")
    assert (score.one, score.two, score.longest) == pytest.approx((5 / 6, 3 / 5, 5 / 6))
    # Counts are clipped: "the" is shared twice, not four times.
    score = rouge("the the the the", "the cat the")
    assert (score.one, score.two, score.longest) == pytest.approx((2 * 2 / 7, 0, 2 * 2 / 7))
    # Order matters for the subsequence alone: of "police killed the gunman" it shares 2 of 4 words in order.
    score = rouge("the gunman killed police", "police killed the gunman")
    assert (score.one, score.two, score.longest) == pytest.approx((1, 1 / 3, 1 / 2))
    score = rouge("我去了北京", "我去过北京")
    assert (score.one, score.two, score.longest) == pytest.approx((4 / 5, 2 / 4, 4 / 5))


def test_nothing_shared_is_zero_and_equal_is_one():
    assert rouge("", "a b").one == rouge("", "").longest == rouge("x", "a b").two == 0
    same = rouge("one two three", "One, two - three!")
    assert (same.one, same.two, same.longest) == (1, 1, 1)


@given(st.lists(st.sampled_from("abc"), max_size=12), st.lists(st.sampled_from("abc"), max_size=12))
def test_the_longest_common_subsequence_is_that_of_the_textbook(first, second):
    table = [[0] * (len(second) + 1) for _ in range(len(first) + 1)]
    for i, one in enumerate(first):
        for j, two in enumerate(second):
            table[i + 1][j + 1] = table[i][j] + 1 if one == two else max(table[i][j + 1], table[i + 1][j])
    assert longest_common(first, second) == table[-1][-1]


def test_variety_and_repetition():
    words = ["a", "b", "a", "b", "a", "b"]
    assert distinct(words, 1) == pytest.approx(2 / 6)
    assert distinct(words, 2) == pytest.approx(2 / 5)
    assert repetition(words) == pytest.approx(1 / 3)
    assert distinct([], 1) is None
    assert repetition(["a", "b", "c"]) is None
