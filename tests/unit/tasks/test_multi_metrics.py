from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score, matthews_corrcoef

from nlpsuite.tasks.labels import LabelSchema
from nlpsuite.tasks.multi_metrics import MultiLabelMetrics, majority_labels_baseline
from nlpsuite.tasks.task import Row

NAMES = ("a", "b", "c")


def sample(size: int, classes: int) -> tuple[list[Row], list[dict[str, Any]], np.ndarray, np.ndarray]:
    chance = np.random.default_rng(size)
    truth, scores = chance.integers(0, 2, (size, classes)), chance.random((size, classes))
    rows = [Row({}, tuple(name for name, has in zip(NAMES, each, strict=False) if has)) for each in truth]
    predictions = [
        {
            "labels": [name for name, p in zip(NAMES, each, strict=False) if p >= 0.5],
            "probabilities": dict(zip(NAMES, each.tolist(), strict=False)),
        }
        for each in scores
    ]
    return rows, predictions, truth, (scores >= 0.5).astype(int)


@pytest.mark.parametrize("classes", [1, 2, 3])
@pytest.mark.parametrize("size", [5, 300])
def test_scores_are_those_of_scikit_learn(size: int, classes: int) -> None:
    rows, predictions, truth, said = sample(size, classes)
    metrics = MultiLabelMetrics(LabelSchema(NAMES[:classes], (1,) * classes, size))
    metrics.update(rows[:3], predictions[:3])
    metrics.update(rows[3:], predictions[3:])
    metrics.update([], [])
    scores = metrics.compute()
    assert 0 <= scores.pop("ece") <= 1
    f1 = [f1_score(truth[:, at], said[:, at]) for at in range(classes)]
    assert scores == pytest.approx(
        {
            "accuracy": accuracy_score(truth, said),
            "f1_macro": np.mean(f1),
            "f1_micro": f1_score(truth.ravel(), said.ravel()),
            "mcc": matthews_corrcoef(truth.ravel(), said.ravel()),
        },
        abs=1e-6,
    )
    (table,) = metrics.tables()
    assert [row[3] for row in table.rows] == pytest.approx(f1)
    assert [row[4] for row in table.rows] == truth.sum(0).tolist()


def test_nothing_said_and_nothing_true_is_right() -> None:
    metrics = MultiLabelMetrics(LabelSchema(("a", "b"), (1, 1), 2))
    metrics.update([Row({}, ())], [{"labels": [], "probabilities": {"a": 0.0, "b": 0.0}}])
    assert metrics.compute() == {"accuracy": 1.0, "f1_macro": 0.0, "f1_micro": 0.0, "mcc": 0.0, "ece": 0.0}


def test_the_baseline_gives_what_most_rows_have() -> None:
    rows = [Row({}, ("a",)), Row({}, ("a", "b")), Row({}, ())]
    scores = majority_labels_baseline(LabelSchema(("a", "b"), (60, 10), 100), rows)
    assert scores["accuracy"] == pytest.approx(1 / 3)
    assert list(scores) == ["accuracy", "f1_macro", "f1_micro", "mcc", "ece"]
