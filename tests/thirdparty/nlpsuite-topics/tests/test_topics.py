"""The promises that every task keeps, and the words of topics."""

import nlpsuite_topics
from nlpsuite_topics.words import naming_words, words_of

from nlpsuite.testing import TaskConformance


class TestTopics(TaskConformance):
    """One test for each promise."""

    spec = nlpsuite_topics.nlpsuite_tasks()[0]


def test_words_are_lower_case_and_chinese_comes_in_pairs():
    assert words_of("The Ferry, at 9, is LATE.") == ["the", "ferry", "late"]
    assert words_of("渡船晚了 again") == ["渡船", "船晚", "晚了", "again"]


def test_the_words_of_a_topic_set_it_apart():
    texts = [["ferry", "late"], ["ferry", "pier"], ["eggs", "cream"], ["eggs", "late"], ["pier"], ["cream"]]
    named = naming_words(texts, [0, 0, 1, 1, 0, 1], 2, 2)
    assert sorted(named[0]) == ["ferry", "pier"]
    assert sorted(named[1]) == ["cream", "eggs"]


def test_texts_without_words_name_nothing():
    assert naming_words([["once"]], [0], 1, 5) == [[]]
