from __future__ import annotations

from typing import Any

import pytest

from nlpsuite.api import Row
from nlpsuite_qa.metrics import QaMetrics
from nlpsuite_qa.score import answer_tokens, best_scores, exact, f1, normalised
from nlpsuite_qa.threshold import best_threshold


def test_answers_are_compared_without_case_articles_and_punctuation() -> None:
    assert normalised("The  U.S. Army, an 'A' team!") == "us army team"
    assert exact("the Eiffel Tower", "Eiffel tower.") == 1.0
    assert exact("Eiffel", "Eiffel Tower") == 0.0


@pytest.mark.parametrize(
    ("said", "right", "expected"),
    [
        ("in October 1973", "October 1973", 2 * (2 / 3) * 1 / (2 / 3 + 1)),
        ("the the dog", "dog", 1.0),
        ("a b b c", "b b d", 2 * (2 / 3) * (2 / 3) / (4 / 3)),
        ("cat", "dog", 0.0),
        ("", "dog", 0.0),
        ("", "", 1.0),
    ],
)
def test_f1_is_that_of_bags_of_words(said: str, right: str, expected: float) -> None:
    assert f1(said, right) == pytest.approx(expected)


def test_scripts_without_spaces_count_by_the_character() -> None:
    assert answer_tokens("《北京》1998年 in May") == ["北", "京", "1998", "年", "in", "may"]
    assert f1("北京市", "北京") == pytest.approx(0.8)
    assert exact("北京。", "“北京”") == 1.0


def test_the_right_answer_that_suits_best_counts() -> None:
    assert best_scores("1973", ["October 1973", "1973"]) == (1.0, 1.0)
    assert best_scores("", []) == (1.0, 1.0)
    assert best_scores("x", []) == (0.0, 0.0)
    assert best_scores("", ["the", "."]) == (1.0, 1.0)


def rows_and_predictions() -> tuple[list[Row], list[dict[str, Any]]]:
    rows = [Row({}, (("red fox", 0),)), Row({}, (("owl", 0),)), Row({}, ()), Row({}, ())]
    return rows, [{"answer": "fox"}, {"answer": "owl"}, {"answer": ""}, {"answer": "x"}]


def test_scores_of_all_rows_and_of_each_kind() -> None:
    rows, said = rows_and_predictions()
    metrics = QaMetrics()
    metrics.update(rows[:1], said[:1])
    metrics.update(rows[1:], said[1:])
    assert metrics.compute() == pytest.approx(
        {
            "exact_match": 0.5,
            "f1": (2 / 3 + 1 + 1) / 4,
            "HasAns_exact": 0.5,
            "HasAns_f1": (2 / 3 + 1) / 2,
            "NoAns_exact": 0.5,
            "NoAns_f1": 0.5,
        }
    )


def test_without_unanswerable_rows_there_are_two_scores() -> None:
    rows, said = rows_and_predictions()
    metrics = QaMetrics()
    metrics.update(rows[:2], said[:2])
    assert set(metrics.compute()) == {"exact_match", "f1"}


def test_the_threshold_is_the_best_of_all() -> None:
    rows = [Row({}, (("a1", 0),)), Row({}, (("b1", 0),)), Row({}, ()), Row({}, (("d1", 0),)), Row({}, ())]
    said = [
        {"answer": "a1", "no_answer_probability": 0.1},
        {"answer": "b1", "no_answer_probability": 0.3},
        {"answer": "x", "no_answer_probability": 0.4},
        {"answer": "", "withheld": "wrong", "no_answer_probability": 0.7},
        {"answer": "", "withheld": "x", "no_answer_probability": 0.9},
    ]

    def mean_f1(threshold: float) -> float:
        answers = [
            "" if each["no_answer_probability"] > threshold else each.get("withheld", each["answer"]) for each in said
        ]
        return sum(best_scores(a, (t for t, _ in row.target))[1] for a, row in zip(answers, rows, strict=True)) / 5

    chosen = best_threshold(rows, said)
    assert mean_f1(chosen) == max(mean_f1(step / 100) for step in range(101)) == 0.8
    assert best_threshold(rows[:2], said[:2]) == 1.0
    assert best_threshold(rows[2:3], said[2:3]) == 0.0
