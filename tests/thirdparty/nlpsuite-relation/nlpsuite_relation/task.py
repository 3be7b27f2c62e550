"""The task: `<s> subject <sep> object <sep> sentence </s>`, and which relation that is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from nlpsuite.api import LabelSchema, Task, Window, masked_loss, pair_ids, pair_spans, random_tokens
from nlpsuite_relation.data import FIELDS, names, unfolded
from nlpsuite_relation.head import OBJECT, SUBJECT, RelationHead
from nlpsuite_relation.metrics import RelationMetrics

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from torch import Tensor, nn

    from nlpsuite.api import Batch, Network, Row, Split, TaskContext, TaskMetrics
    from nlpsuite_relation import RelationSettings

NAMES_MASKED, OTHERS_MASKED = 0.5, 0.1
"""Shares of the tokens of names, and of all others, that are masked while the backbone adapts."""


class Relation(Task):
    """Tells how two marked things stand to one another.

    Args:
        context: What the host gives.
        settings: The task's settings.
    """

    monitor = "triple_f1"

    def __init__(self, context: TaskContext, settings: RelationSettings):
        self.context, self.settings = context, settings
        self.adapt_share = settings.adapt
        self._relations = LabelSchema((), ())

    def read(self, source: Path, split: Split) -> Iterator[Row]:
        """Read marked sentences and relations."""
        return unfolded(FIELDS.read(source, split, self.context.report))

    def read_lines(self, lines: Iterable[str], where: str) -> Iterator[Row]:
        """Read marked sentences as they stream in."""
        return unfolded(FIELDS.read_lines(lines, where, self.context.report))

    def fit(self, rows: Sequence[Row]) -> None:
        """Collect the relations."""
        self._relations = LabelSchema.from_rows(rows)

    def check(self, rows: Sequence[Row]) -> None:
        """Refuse relations that training rows do not have."""
        self._relations.check(row for row in rows if row.target is not None)

    def state(self) -> dict[str, Any]:
        """Return the relations by name."""
        return {"labels": self._relations.to_state()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what `state` returned."""
        self._relations = LabelSchema.from_state(state["labels"])

    def encode(self, row: Row) -> list[Window]:
        """Put both names before the sentence, which is cut where it is long, and mark their tokens."""
        tokenizer, text = self.context.tokenizer, row.inputs["text"]
        subject, object_ = (tokenizer.encode(name) for name in names(row))
        ids, offsets = tokenizer.encode_with_offsets(text)
        before = [*subject, tokenizer.sep_id, *object_]
        before_marks = [SUBJECT] * len(subject) + [0] + [OBJECT] * len(object_)
        marks = [_mark(span, row) for span in offsets]
        target = None
        if row.target in self._relations.names:
            target = self._relations.index(row.target)
        spans = pair_spans(len(before), len(ids), self.context.context, self.settings.overlap)
        return [
            Window(
                pair_ids(before, ids, span, tokenizer),
                target,
                1 / len(spans),
                span.second[0],
                features=np.array([0, *before_marks[slice(*span.first)], 0, *marks[slice(*span.second)], 0], np.int64),
            )
            for span in spans
        ]

    def make_head(self, hidden_size: int) -> nn.Module:
        """Make the head."""
        return RelationHead(hidden_size, len(self._relations), self.settings.dropout)

    def adapt_loss(self, network: Network, batch: Batch) -> Tensor:
        """Return how surprising masked names are, and some other tokens: what a backbone must know to tell relations."""
        marked_BT = _marks(batch) > 0
        chance_BT = torch.rand(marked_BT.shape, device=marked_BT.device)
        chosen_BT = (marked_BT & (chance_BT < NAMES_MASKED)) | random_tokens(batch, OTHERS_MASKED)
        return masked_loss(network, batch, chosen_BT, self.context.tokenizer.mask_id)

    def loss(self, network: Network, batch: Batch) -> Tensor:
        """Return the cross-entropy of the relation, weighted by window."""
        targets_B = torch.tensor([window.target for window in batch.windows], device=batch.ids_BT.device)
        loss_B = cross_entropy(_logits(network, batch), targets_B, reduction="none")
        return (loss_B * batch.weight_B).sum() / batch.weight_B.sum()

    def outputs(self, network: Network, batch: Batch) -> Sequence[Any]:
        """Return the logits of each window."""
        return list(_logits(network, batch).double().cpu())

    def decode(self, row: Row, windows: Sequence[Window], outputs: Sequence[Any]) -> dict[str, Any]:
        """Return the likeliest relation, by the mean over windows, and the triple that it makes."""
        probability_C = torch.stack(list(outputs)).mean(0).softmax(0).tolist()
        best = max(range(len(probability_C)), key=probability_C.__getitem__)
        relation = self._relations.names[best]
        subject, object_ = names(row)
        triple = {"subject": subject, "relation": relation, "object": object_}
        return {
            "relation": relation,
            "probability": probability_C[best],
            "triple": None if relation == self.settings.none else triple,
        }

    def make_metrics(self) -> TaskMetrics:
        """Return fresh scores."""
        return RelationMetrics(self.settings.none)

    def baseline(self, train: Sequence[Row], rows: Sequence[Row]) -> dict[str, float]:
        """Return the scores of always saying the relation that most training rows have."""
        scores = self.make_metrics()
        scores.update(rows, [{"relation": self._relations.majority}] * len(rows))
        return scores.compute()


def _mark(span: tuple[int, int], row: Row) -> int:
    for mark, name in ((SUBJECT, "subject"), (OBJECT, "object")):
        start, end = row.inputs[name]
        if span[0] < end and span[1] > start:
            return mark
    return 0


def _marks(batch: Batch) -> Tensor:
    marks_BT = torch.zeros_like(batch.ids_BT)
    for row, window in enumerate(batch.windows):
        marks: NDArray[np.int64] = window.features
        marks_BT[row, : len(marks)] = torch.from_numpy(marks)
    return marks_BT


def _logits(network: Network, batch: Batch) -> Tensor:
    logits: Tensor = network.head(network.hidden(batch), _marks(batch), batch.real_BT)
    return logits.float()
