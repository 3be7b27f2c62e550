"""The promises that every task keeps, and the words of topics."""

import nlpsuite_topics
import pytest
from nlpsuite_topics.metrics import TopicMetrics
from nlpsuite_topics.words import naming_words, words_of

from nlpsuite.api import Row
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


def scored(words, texts):
    metrics = TopicMetrics(words)
    rows = [Row({"text": text}) for text in texts]
    metrics.update(rows, [{"topic": 0, "masked_nats": 1.0, "masked_tokens": 2}] * len(rows))
    return metrics.compute()


def test_coherence_is_one_for_words_that_come_together_and_minus_one_for_others():
    texts = ["ferry pier", "ferry pier", "eggs", "cream"]
    assert scored([["ferry", "pier"]], texts)["coherence_npmi"] == pytest.approx(1.0)
    assert scored([["eggs", "cream"]], texts)["coherence_npmi"] == pytest.approx(-1.0)
    assert scored([["ferry", "pier"], ["eggs", "cream"]], texts)["coherence_npmi"] == pytest.approx(0.0)
    assert "coherence_npmi" not in scored([["never", "there"]], texts)
    assert scored([["ferry", "pier"]], texts)["masked_loss"] == 0.5


def test_texts_without_words_name_nothing():
    assert naming_words([["once"]], [0], 1, 5) == [[]]
