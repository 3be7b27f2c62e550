"""Scores of generation: how well the text is predicted, and what the generated texts are like."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import torch

from nlpsuite.api import RunningSums, TaskMetrics
from nlpsuite_generation.overlap import distinct, repetition, rouge, words_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torch import Tensor

    from nlpsuite.api import Row

MEANS = ("distinct_1", "distinct_2", "repetition", "rouge_1", "rouge_2", "rouge_l")
"""Averaged over the texts that have them, so that scores of parts merge."""
_SUMS = ("nats", "tokens", "bytes", *MEANS, *(f"{name}_texts" for name in MEANS))


class GenerationMetrics(TaskMetrics):
    """Running scores of predictions with `nats`, `tokens` and `bytes`, and where there is text, `completion`.

    `perplexity` per token; `bits_per_byte`, which does not depend on the tokenizer; of the generated texts `distinct_1` and
    `distinct_2`, the share of words and pairs of words that are different ones (Li et al. 2016, here of each text, averaged
    over texts), and `repetition`, the share of runs of four words that stood in the same text before; against references
    `rouge_1`, `rouge_2` and `rouge_l`, F1, averaged over rows.

    Args:
        note: What a reader must know to compare the scores.
    """

    def __init__(self, note: str):
        self._note = note
        self._sums = RunningSums(_SUMS)

    def update(self, rows: Sequence[Row], predictions: Sequence[Mapping[str, Any]]) -> None:
        """Count rows and their predictions."""
        total: dict[str, float] = {}
        for row, prediction in zip(rows, predictions, strict=True):
            for name, value in _of_row(row, prediction).items():
                total[name] = total.get(name, 0.0) + value
        self._sums.update(total)

    def compute(self) -> dict[str, float]:
        """Return the scores, over the rows of all processes."""
        sums = self._sums.compute()
        scores = {
            "perplexity": math.exp(min(sums["nats"] / max(1.0, sums["tokens"]), 700.0)),
            "bits_per_byte": sums["nats"] / math.log(2.0) / max(1.0, sums["bytes"]),
        }
        means = {name: sums[name] / sums[f"{name}_texts"] for name in MEANS if sums[f"{name}_texts"]}
        return scores | means

    def notes(self) -> Mapping[str, str]:
        """Say how the scores are counted."""
        return {"counted": self._note}


def _of_row(row: Row, prediction: Mapping[str, Any]) -> dict[str, float]:
    found: dict[str, float | None] = {name: prediction[name] for name in ("nats", "tokens", "bytes")}
    text = prediction.get("completion")
    if text is not None:
        words = words_of(text)
        found |= {"distinct_1": distinct(words, 1), "distinct_2": distinct(words, 2), "repetition": repetition(words)}
        if isinstance(row.target, str):
            agreed = rouge(text, row.target)
            found |= {"rouge_1": agreed.one, "rouge_2": agreed.two, "rouge_l": agreed.longest}
    known = {name: value for name, value in found.items() if value is not None}
    return known | {f"{name}_texts": 1.0 for name in known if name in MEANS}


def byte_entropy(train: Sequence[str], texts: Sequence[str]) -> float:
    """Return the bits per byte of guessing each byte by how often it occurs in the training texts, each once more."""
    counts = torch.ones(256, dtype=torch.float64)
    for text in train:
        counts += _byte_counts(text)
    bits_256 = counts.sum().log2() - counts.log2()
    scored = sum((_byte_counts(text) for text in texts), torch.zeros(256, dtype=torch.float64))
    return float((bits_256 * scored).sum() / max(1.0, float(scored.sum())))


def _byte_counts(text: str) -> Tensor:
    data = torch.frombuffer(bytearray(text.encode()), dtype=torch.uint8) if text else torch.zeros(0, dtype=torch.uint8)
    return torch.bincount(data.long(), minlength=256).double()
