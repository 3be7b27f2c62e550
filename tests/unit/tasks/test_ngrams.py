from __future__ import annotations

import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlpsuite.tasks.ngrams import ngram_bag, ngrams


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Not good!", ["not", "good", "not good", "!", "good !"]),
        ("isn't", ["isn", "'", "isn '", "t", "' t"]),
        ("", []),
        (" \n\t", []),
        ("好吃的", ["好", "吃", "的", "好吃", "吃的", "好吃的"]),
        ("iPhone好吃 ok", ["iphone", "好", "吃", "好吃", "ok"]),
        ("हिन्दी भाषा", ["हिन्दी", "भाषा", "हिन्दी भाषा"]),
        ("ＡＢ", ["ab"]),
        ("STRASSE straße", ["strasse", "strasse", "strasse strasse"]),
        ("👍🏽", ["👍", "🏽", "👍 🏽"]),
    ],
)
def test_words_and_runs(text: str, expected: list[str]) -> None:
    assert list(ngrams(text)) == expected


@given(st.text(max_size=60))
def test_any_text_has_a_bag_that_its_spelling_does_not_change(text: str) -> None:
    bag = ngram_bag(text)
    assert (np.diff(bag.keys) > 0).all()
    assert (bag.counts >= 1).all()
    again = ngram_bag(unicodedata.normalize("NFD", text))
    assert again.keys.tolist() == ngram_bag(unicodedata.normalize("NFC", text)).keys.tolist()


def test_counts_are_damped() -> None:
    bag = ngram_bag("ha ha ha")
    assert sorted(bag.counts.tolist()) == pytest.approx([1 + np.log(2), 1 + np.log(3)])


def test_a_pair_knows_its_sides_and_what_they_share() -> None:
    one, other = ngram_bag("a dog", "a cat"), ngram_bag("a cat", "a dog")
    assert one.keys.tolist() != other.keys.tolist()
    alone = set(ngram_bag("a dog").keys.tolist())
    assert alone < set(one.keys.tolist())
    assert len(ngram_bag("a dog", "a dog").keys) == 3 * 3 + 1
    assert len(ngram_bag("", "").keys) == 1
