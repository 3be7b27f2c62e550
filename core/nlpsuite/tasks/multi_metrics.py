"""Scores of classification with any number of labels a row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torchmetrics.classification import BinaryCalibrationError, MultilabelConfusionMatrix, MultilabelExactMatch

from nlpsuite.tasks.labels import labels_of
from nlpsuite.tasks.metrics import CALIBRATION_BINS, class_table
from nlpsuite.tasks.sums import exchange_device
from nlpsuite.tasks.task import TaskMetrics

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from nlpsuite.tasks.labels import LabelSchema
    from nlpsuite.tasks.task import Row, ScoreTable


class MultiLabelMetrics(TaskMetrics):
    """Running scores of predictions `{"labels": [name, ...], "probabilities": {name: p, ...}}`.

    `accuracy` is the share of rows whose labels are all right (subset accuracy). `f1_micro` counts all decisions over rows
    and labels together; `f1_macro` is the mean F1 of the labels that rows or predictions have: those that neither have are
    left out, where scikit-learn counts them as 0. `mcc` is the correlation over
    all decisions, 0 where it is not defined; `ece` the calibration error of the decisions' probabilities.

    Args:
        labels: The labels.
    """

    def __init__(self, labels: LabelSchema):
        self._index = {name: index for index, name in enumerate(labels.names)}
        device = exchange_device()
        # With one label torchmetrics refuses; a second that no row has changes no score below.
        self._width = max(2, len(labels))
        self._confusion = MultilabelConfusionMatrix(self._width).to(device)
        self._exact = MultilabelExactMatch(self._width).to(device)
        self._calibration = BinaryCalibrationError(n_bins=CALIBRATION_BINS, norm="l1").to(device)

    def update(self, rows: Sequence[Row], predictions: Sequence[Mapping[str, Any]]) -> None:
        """Count rows, each with a list of labels as target, and their predictions."""
        if not rows:
            return
        device = exchange_device()
        truth_NC = self._marks([labels_of(row) for row in rows]).to(device)
        said_NC = self._marks([each["labels"] for each in predictions]).to(device)
        scores = [[each["probabilities"][name] for name in self._index] for each in predictions]
        self._confusion.update(said_NC, truth_NC)
        self._exact.update(said_NC, truth_NC)
        scores_NC = torch.tensor(scores, device=device).clamp(0, 1)
        self._calibration.update(scores_NC.flatten(), truth_NC[:, : len(self._index)].flatten())

    def _marks(self, named: Sequence[Sequence[str]]) -> torch.Tensor:
        marks_NC = torch.zeros(len(named), self._width, dtype=torch.int64)
        for each_C, names in zip(marks_NC, named, strict=True):
            each_C[[self._index[name] for name in names]] = 1
        return marks_NC

    def compute(self) -> dict[str, float]:
        """Return the scores over the rows of all processes."""
        counts_C22 = self._confusion.compute().cpu().double()[: len(self._index)]
        no, over, missed, right = counts_C22.sum(0).flatten().tolist()
        f1_C = 2 * counts_C22[:, 1, 1] / (2 * counts_C22[:, 1, 1] + counts_C22[:, 0, 1] + counts_C22[:, 1, 0])
        spread = (right + over) * (right + missed) * (no + over) * (no + missed)
        decided = 2 * right + over + missed
        return {
            "accuracy": float(self._exact.compute()),
            "f1_macro": float(f1_C.nanmean().nan_to_num()),
            "f1_micro": 2 * right / decided if decided else 0.0,
            "mcc": (right * no - over * missed) / spread**0.5 if spread else 0.0,
            "ece": float(self._calibration.compute()),
        }

    def tables(self) -> Sequence[ScoreTable]:
        """Return the scores of each label."""
        counts_C22 = self._confusion.compute().cpu()[: len(self._index)]
        right_C = counts_C22[:, 1, 1]
        return (class_table(list(self._index), counts_C22[:, 1].sum(1), counts_C22[:, :, 1].sum(1), right_C),)


def majority_labels_baseline(labels: LabelSchema, rows: Sequence[Row]) -> dict[str, float]:
    """Return the scores of always giving the labels that at least half of the training rows have.

    Args:
        labels: The labels of training rows, with their counts.
        rows: The rows to score, with lists of labels as targets.
    """
    total = labels.rows or sum(labels.counts)
    shares = {name: count / total for name, count in zip(labels.names, labels.counts, strict=True)}
    said = [name for name, share in shares.items() if share >= 0.5]
    scores = MultiLabelMetrics(labels)
    scores.update(rows, [{"labels": said, "probabilities": shares}] * len(rows))
    return scores.compute()
