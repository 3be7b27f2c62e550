"""Scores of classification: accuracy, macro F1, Matthews correlation, expected calibration error."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torchmetrics.classification import MulticlassCalibrationError, MulticlassConfusionMatrix

from nlpsuite.tasks.task import TaskMetrics

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torch import Tensor

    from nlpsuite.tasks.labels import LabelSchema
    from nlpsuite.tasks.task import Row

CALIBRATION_BINS = 15


class ClassificationMetrics(TaskMetrics):
    """Running scores of predictions `{"label": name, "probabilities": {name: p, ...}}`.

    `accuracy`; `f1_macro`, over the classes that rows or predictions have; `mcc`; `ece`, the gap between the
    probability of the predicted class and its accuracy, averaged over 15 bins of equal width, each by its rows (Guo et
    al. 2017).

    Args:
        labels: The classes.
    """

    def __init__(self, labels: LabelSchema):
        self._index = {name: index for index, name in enumerate(labels.names)}
        self._confusion = MulticlassConfusionMatrix(len(labels)).to(_device())
        self._calibration = MulticlassCalibrationError(len(labels), n_bins=CALIBRATION_BINS, norm="l1").to(_device())

    def update(self, rows: Sequence[Row], predictions: Sequence[Mapping[str, Any]]) -> None:
        """Count rows, each with a label as target, and their predictions."""
        if not rows:
            return
        truth_N = torch.tensor([self._index[str(row.target)] for row in rows], device=_device())
        said_N = torch.tensor([self._index[each["label"]] for each in predictions], device=_device())
        scores = [[each["probabilities"][name] for name in self._index] for each in predictions]
        self._confusion.update(said_N, truth_N)
        self._calibration.update(torch.tensor(scores, device=_device()).clamp(0, 1), truth_N)

    def compute(self) -> dict[str, float]:
        """Return accuracy, f1_macro, mcc and ece, over the rows of all processes."""
        counts_CC = self._confusion.compute().cpu().double()
        return {
            "accuracy": float(counts_CC.trace() / counts_CC.sum()),
            "f1_macro": _f1_macro(counts_CC),
            "mcc": _matthews(counts_CC),
            "ece": float(self._calibration.compute()),
        }


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


def _device() -> torch.device:
    """Where the counts must lie: on the GPU where processes can exchange nothing else."""
    distributed = torch.distributed
    if distributed.is_available() and distributed.is_initialized() and distributed.get_backend() == "nccl":
        return torch.device("cuda", torch.cuda.current_device())
    return torch.device("cpu")


def majority_baseline(labels: LabelSchema, rows: Sequence[Row]) -> dict[str, float]:
    """Return the scores of always saying the majority class, with the probabilities that classes have in training rows.

    Args:
        labels: The labels of training rows, with their counts.
        rows: The rows to score, with labels as targets.
    """
    total = sum(labels.counts)
    shares = {name: count / total for name, count in zip(labels.names, labels.counts, strict=True)}
    scores = ClassificationMetrics(labels)
    scores.update(rows, [{"label": labels.majority, "probabilities": shares}] * len(rows))
    return scores.compute()
