from __future__ import annotations

import subprocess
import sys

from nlpsuite.tasks.hashed import NO_FEATURE
from nlpsuite.tasks.word_features import N_FEATURES, WordFeatures, word_shape


def test_features_are_fixed_columns_of_buckets_that_depend_on_the_word_and_two_on_either_side():
    make = WordFeatures(1000)
    one = make(["Ana", "met", "old", "Bo", "in", "Rome"])
    assert one.shape == (6, N_FEATURES)
    assert one.min() >= 0
    assert one.max() < 1000
    other = make(["Bob", "met", "old", "Bo", "in", "Oslo"])
    assert (one[3] != other[3]).sum() == 3, "the next word but one: by itself, in a pair and in a triple"
    assert (make(["met"])[0, :13] == one[1, :13]).all()


def test_short_words_have_no_affixes():
    buckets = WordFeatures(1000)(["王", "Abcde"])
    assert (buckets[0, :13] == NO_FEATURE).sum() == 9
    assert (buckets[1, :13] == NO_FEATURE).sum() == 1


def test_the_same_on_every_machine():
    code = "from nlpsuite.tasks.word_features import WordFeatures as W; print(W(1 << 17)(['Ana', 'é', '王']).sum(1).tolist())"
    said = [
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout for _ in "ab"
    ]
    assert said[0] == said[1] == "[1958247, 1905324, 1660497]\n"


def test_no_words():
    assert WordFeatures(10)([]).shape == (0, N_FEATURES)


def test_shapes():
    assert word_shape("McDonald-12é王") == "XxXxxxxx-ddxc"
