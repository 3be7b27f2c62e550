"""The task: words to windows, scores of words to marked parts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from nlpsuite_sketch.data import FIELDS, SCHEME, checked, spans_of
from nlpsuite_sketch.head import SketchHead
from nlpsuite_sketch.metrics import SketchMetrics

from nlpsuite.api import TagScores, Task, UserError, WordEncoder, decode_tags, natural_order, spaces_before, tag_numbers

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from nlpsuite_sketch.settings import SketchSettings
    from torch import Tensor, nn

    from nlpsuite.api import Batch, Network, Row, Split, TaskContext, TaskMetrics, Window


class SketchTask(Task):
    """Marks parts of a row's words.

    Args:
        context: What the host gives.
        settings: The task's settings.
    """

    monitor = "span_f1"

    def __init__(self, context: TaskContext, settings: SketchSettings):
        self.context, self.settings = context, settings
        self._encoder = WordEncoder(context, buckets=settings.buckets, overlap=settings.overlap)
        self._labels: list[str] = []

    def read(self, source: Path, split: Split) -> Iterator[Row]:
        """Read words and tags."""
        return checked(FIELDS.read(source, split, self.context.report))

    def read_lines(self, lines: Iterable[str], where: str) -> Iterator[Row]:
        """Read what is to be marked as it streams in."""
        return checked(FIELDS.read_lines(lines, where, self.context.report))

    def fit(self, rows: Sequence[Row]) -> None:
        """Collect the kinds of parts."""
        self._labels = natural_order({span.label for row in rows for span in spans_of(row)})
        if not self._labels:
            raise UserError("no training row has a marked part", fix="give rows with other tags than O")
        self.context.report.say(f"{len(rows)} training rows with {', '.join(self._labels)}")

    def check(self, rows: Sequence[Row]) -> None:
        """Refuse kinds that training rows do not have."""
        for row in rows:
            for span in spans_of(row):
                if span.label not in self._labels:
                    file, _, line = row.where.rpartition(":")
                    fix = f"known kinds: {', '.join(self._labels)}"
                    raise UserError(f"no training row has `{span.label}`", where=file, line=int(line), fix=fix)

    def state(self) -> dict[str, Any]:
        """Return the kinds by name."""
        return {"labels": self._labels}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what `state` returned."""
        self._labels = list(state["labels"])

    def encode(self, row: Row) -> list[Window]:
        """Cut the words into windows, each with the tags of its words as numbers."""
        words, tags = row.inputs["tokens"], None
        spans = spans_of(row)
        if row.target is not None and all(span.label in self._labels for span in spans):
            tags = np.array(tag_numbers(spans, self._labels, len(words)), np.int64)
        return self._encoder(words, spaces_before(words), tags)

    def make_head(self, hidden_size: int) -> nn.Module:
        """Make the head."""
        return SketchHead(hidden_size, len(self._labels), self.settings)

    def loss(self, network: Network, batch: Batch) -> Tensor:
        """Return how unlikely the right tags are, per word."""
        head, held = _head(network), [window.features for window in batch.windows]
        scores_NK = head(network.hidden(batch), held)
        return head.loss(scores_NK, held, [window.target for window in batch.windows]).sum() / len(scores_NK)

    def outputs(self, network: Network, batch: Batch) -> Sequence[Any]:
        """Return the scores of each window's words."""
        head, held = _head(network), [window.features for window in batch.windows]
        return TagScores.of(head, head(network.hidden(batch), held), held)

    def decode(self, row: Row, windows: Sequence[Window], outputs: Sequence[Any]) -> dict[str, Any]:
        """Return the tags, and the marked parts with the probability of each."""
        words = row.inputs["tokens"]
        spans, confidences = decode_tags(windows, outputs, self._labels)
        parts = [
            {"words": words[start:end], "kind": kind, "start": start, "end": end, "confidence": confidence}
            for (start, end, kind), confidence in zip(spans, confidences, strict=True)
        ]
        return {"parts": parts, "tags": SCHEME.tags(spans, len(words))}

    def make_metrics(self) -> TaskMetrics:
        """Return fresh scores."""
        return SketchMetrics()

    def baseline(self, train: Sequence[Row], rows: Sequence[Row]) -> dict[str, float]:
        """Return the scores of marking nothing."""
        scores = self.make_metrics()
        scores.update(rows, [{"tags": ["O"] * len(row.inputs["tokens"])} for row in rows])
        return scores.compute()


def _head(network: Network) -> SketchHead:
    assert isinstance(network.head, SketchHead)
    return network.head
