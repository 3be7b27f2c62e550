from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from sklearn.metrics import (
    accuracy_score,
    confusion_matrix,
    f1_score,
    matthews_corrcoef,
    mean_absolute_error,
    precision_recall_fscore_support,
)

from nlpsuite.tasks.labels import LabelSchema
from nlpsuite.tasks.metrics import ClassificationMetrics, majority_baseline
from nlpsuite.tasks.task import Row

if TYPE_CHECKING:
    from collections.abc import Mapping

NAMES = ("bad", "fair", "good")
LABELS = LabelSchema(NAMES, (20, 30, 50))


def sample(size: int, classes: int, seed: int) -> tuple[list[Row], list[Mapping[str, Any]], np.ndarray, np.ndarray]:
    chance = np.random.default_rng(seed)
    scores = chance.dirichlet(np.ones(classes), size)
    truth = chance.integers(0, classes, size)
    rows = [Row({}, NAMES[index]) for index in truth]
    predictions = [
        {"label": NAMES[each.argmax()], "probabilities": dict(zip(NAMES, each.tolist(), strict=False))}
        for each in scores
    ]
    return rows, predictions, truth, scores


def expected_calibration_error(truth: np.ndarray, scores: np.ndarray) -> float:
    confidence, right = scores.max(1), scores.argmax(1) == truth
    bins = np.clip(np.ceil(confidence * 15).astype(int) - 1, 0, 14)
    gaps = [abs(right[bins == b].mean() - confidence[bins == b].mean()) * (bins == b).mean() for b in set(bins)]
    return float(sum(gaps))


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("size", [1, 7, 500])
def test_scores_are_those_of_scikit_learn(size: int, classes: int) -> None:
    rows, predictions, truth, scores = sample(size, classes, seed=size)
    metrics = ClassificationMetrics(LabelSchema(NAMES[:classes], (1,) * classes))
    for start in range(0, size, 64):
        metrics.update(rows[start : start + 64], predictions[start : start + 64])
    metrics.update([], [])
    said = scores.argmax(1)
    assert metrics.compute() == pytest.approx(
        {
            "accuracy": accuracy_score(truth, said),
            "f1_macro": f1_score(truth, said, average="macro"),
            "f1_micro": f1_score(truth, said, average="micro"),
            "mcc": matthews_corrcoef(truth, said),
            "ece": expected_calibration_error(truth, scores),
        },
        abs=1e-6,
    )


def test_the_majority_baseline_has_the_same_names() -> None:
    rows = [Row({}, name) for name in ("good",) * 6 + ("bad",) * 4]
    scores = majority_baseline(LABELS, rows)
    assert scores == pytest.approx(
        {"accuracy": 0.6, "f1_macro": 0.375, "f1_micro": 0.6, "mcc": 0.0, "ece": 0.1}, abs=1e-6
    )


def test_classes_in_an_order_have_a_distance() -> None:
    rows, predictions, truth, scores = sample(200, 3, seed=4)
    metrics = ClassificationMetrics(LABELS, ordered=True)
    metrics.update(rows, predictions)
    assert metrics.compute()["mean_absolute_error"] == pytest.approx(mean_absolute_error(truth, scores.argmax(1)))
    assert "mean_absolute_error" in majority_baseline(LABELS, rows, ordered=True)


def test_tables_are_those_of_scikit_learn() -> None:
    rows, predictions, truth, scores = sample(200, 3, seed=5)
    metrics = ClassificationMetrics(LABELS)
    metrics.update(rows, predictions)
    each, confusion = metrics.tables()
    expected = np.array(precision_recall_fscore_support(truth, scores.argmax(1))).T
    assert [row[0] for row in each.rows] == list(NAMES)
    assert np.array([row[1:] for row in each.rows], float) == pytest.approx(expected)
    assert [list(row[1:]) for row in confusion.rows] == confusion_matrix(truth, scores.argmax(1)).tolist()
    assert confusion.columns == ("true label", "as bad", "as fair", "as good")


def test_a_class_that_never_occurs_has_no_scores() -> None:
    metrics = ClassificationMetrics(LABELS)
    metrics.update([Row({}, "bad")], [{"label": "good", "probabilities": {"bad": 0.1, "fair": 0.2, "good": 0.7}}])
    assert [list(row) for row in metrics.tables()[0].rows] == [
        ["bad", None, 0.0, 0.0, 1],
        ["fair", None, None, None, 0],
        ["good", 0.0, None, 0.0, 0],
    ]


def test_confusions_of_many_classes_are_listed() -> None:
    names = tuple(f"class {n}" for n in range(40))
    metrics = ClassificationMetrics(LabelSchema(names, (1,) * 40))
    flat = dict.fromkeys(names, 1 / 40)
    rows = [Row({}, "class 3")] * 3 + [Row({}, "class 5")]
    metrics.update(rows, [{"label": name, "probabilities": flat} for name in ("class 4",) * 2 + ("class 3", "class 1")])
    assert [list(row) for row in metrics.tables()[1].rows] == [["class 3 as class 4", 2], ["class 5 as class 1", 1]]
