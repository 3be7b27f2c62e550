"""Scores of classification with one label a row: accuracy, F1, Matthews correlation, calibration; and each class by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torchmetrics.classification import MulticlassCalibrationError, MulticlassConfusionMatrix

from nlpsuite.tasks.sums import exchange_device
from nlpsuite.tasks.task import ScoreTable, TaskMetrics

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torch import Tensor

    from nlpsuite.tasks.labels import LabelSchema
    from nlpsuite.tasks.task import Row

CALIBRATION_BINS = 15
MOST_CLASSES_SHOWN = 25
"""Confusions of more classes are listed, not laid out as a square."""


class ClassificationMetrics(TaskMetrics):
    """Running scores of predictions `{"label": name, "probabilities": {name: p, ...}}`.

    `accuracy`; `f1_macro`, over the classes that rows or predictions have; `f1_micro`, with one label a row the same as
    accuracy; `mcc`; `ece`, the gap between the probability of the predicted class and its accuracy, averaged over 15 bins
    of equal width, each by its rows (Guo et al. 2017). Where classes have an order, also `mean_absolute_error`, in classes.

    Args:
        labels: The classes.
        ordered: Whether the classes run from less to more.
    """

    def __init__(self, labels: LabelSchema, *, ordered: bool = False):
        self._index = {name: index for index, name in enumerate(labels.names)}
        self._ordered = ordered
        self._confusion = MulticlassConfusionMatrix(len(labels)).to(exchange_device())
        self._calibration = MulticlassCalibrationError(len(labels), n_bins=CALIBRATION_BINS, norm="l1")
        self._calibration.to(exchange_device())

    def update(self, rows: Sequence[Row], predictions: Sequence[Mapping[str, Any]]) -> None:
        """Count rows, each with a label as target, and their predictions."""
        if not rows:
            return
        device = exchange_device()
        truth_N = torch.tensor([self._index[str(row.target)] for row in rows], device=device)
        said_N = torch.tensor([self._index[each["label"]] for each in predictions], device=device)
        scores = [[each["probabilities"][name] for name in self._index] for each in predictions]
        self._confusion.update(said_N, truth_N)
        self._calibration.update(torch.tensor(scores, device=device).clamp(0, 1), truth_N)

    def compute(self) -> dict[str, float]:
        """Return the scores over the rows of all processes."""
        counts_CC = self._confusion.compute().cpu().double()
        accuracy = float(counts_CC.trace() / counts_CC.sum())
        scores = {
            "accuracy": accuracy,
            "f1_macro": _f1_macro(counts_CC),
            "f1_micro": accuracy,
            "mcc": _matthews(counts_CC),
            "ece": float(self._calibration.compute()),
        }
        if self._ordered:
            place_C = torch.arange(len(counts_CC))
            distance_CC = (place_C.unsqueeze(1) - place_C).abs()
            scores["mean_absolute_error"] = float((counts_CC * distance_CC).sum() / counts_CC.sum())
        return scores

    def tables(self) -> Sequence[ScoreTable]:
        """Return the scores of each class, and which classes are taken for which."""
        counts_CC = self._confusion.compute().cpu()
        true_C, said_C, right_C = counts_CC.sum(1), counts_CC.sum(0), counts_CC.diagonal()
        return (class_table(list(self._index), true_C, said_C, right_C), self._confusions(counts_CC))

    def _confusions(self, counts_CC: Tensor) -> ScoreTable:
        names = list(self._index)
        if len(names) <= MOST_CLASSES_SHOWN:
            square: list[list[str | float | None]] = [
                [name, *row] for name, row in zip(names, counts_CC.tolist(), strict=True)
            ]
            return ScoreTable("confusion matrix", ("true label", *(f"as {name}" for name in names)), square)
        wrong_CC = counts_CC - torch.diag(counts_CC.diagonal())
        most = sorted(wrong_CC.nonzero().tolist(), key=lambda at: (-int(wrong_CC[at[0], at[1]]), at))
        shown = most[:MOST_CLASSES_SHOWN]
        rows: list[list[str | float | None]] = [
            [f"{names[at]} as {names[said]}", int(wrong_CC[at, said])] for at, said in shown
        ]
        return ScoreTable("most frequent confusions", ("true and predicted label", "rows"), rows)


def class_table(names: Sequence[str], true_C: Tensor, said_C: Tensor, right_C: Tensor) -> ScoreTable:
    """Return precision, recall and F1 of each class; None where they are not defined.

    A class that is never predicted has no precision, and one without a row no recall; F1 is not defined where both hold.
    None is a blank cell in a table and null in JSON; scikit-learn writes 0.

    Args:
        names: The classes.
        true_C: Rows that have each.
        said_C: Rows it is predicted for.
        right_C: Rows where both hold.
    """
    rows: list[list[str | float | None]] = []
    for name, true, said, right in zip(names, true_C.tolist(), said_C.tolist(), right_C.tolist(), strict=True):
        precision, recall = right / said if said else None, right / true if true else None
        rows.append([name, precision, recall, 2 * right / (true + said) if true + said else None, int(true)])
    return ScoreTable("each label", ("label", "precision", "recall", "f1", "rows"), rows)


def _f1_macro(counts_CC: Tensor) -> float:
    true_C, said_C, right_C = counts_CC.sum(1), counts_CC.sum(0), counts_CC.diagonal()
    present_C = true_C + said_C > 0
    return float((2 * right_C / (true_C + said_C))[present_C].mean())


def _matthews(counts_CC: Tensor) -> float:
    """Return the correlation for any number of classes (Gorodkin 2004); 0 where all is one class."""
    true_C, said_C, total = counts_CC.sum(1), counts_CC.sum(0), counts_CC.sum()
    covariance = counts_CC.trace() * total - true_C @ said_C
    spread = (total**2 - true_C @ true_C) * (total**2 - said_C @ said_C)
    return float(covariance / spread.sqrt()) if spread > 0 else 0.0


def majority_baseline(labels: LabelSchema, rows: Sequence[Row], *, ordered: bool = False) -> dict[str, float]:
    """Return the scores of always saying the majority class, with the probabilities that classes have in training rows.

    Args:
        labels: The labels of training rows, with their counts.
        rows: The rows to score, with labels as targets.
        ordered: Whether the classes run from less to more.
    """
    total = sum(labels.counts)
    shares = {name: count / total for name, count in zip(labels.names, labels.counts, strict=True)}
    scores = ClassificationMetrics(labels, ordered=ordered)
    scores.update(rows, [{"label": labels.majority, "probabilities": shares}] * len(rows))
    return scores.compute()
