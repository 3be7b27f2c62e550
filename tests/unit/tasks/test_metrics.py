from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score, matthews_corrcoef

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
            "mcc": matthews_corrcoef(truth, said),
            "ece": expected_calibration_error(truth, scores),
        },
        abs=1e-6,
    )


def test_the_majority_baseline_has_the_same_names() -> None:
    rows = [Row({}, name) for name in ("good",) * 6 + ("bad",) * 4]
    scores = majority_baseline(LABELS, rows)
    assert scores == pytest.approx({"accuracy": 0.6, "f1_macro": 0.375, "mcc": 0.0, "ece": 0.1}, abs=1e-6)
