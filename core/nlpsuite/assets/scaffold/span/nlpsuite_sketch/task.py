"""The task: question and text to windows, scores of spans to an answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nlpsuite_sketch.data import FIELDS, checked
from nlpsuite_sketch.head import SketchHead
from nlpsuite_sketch.metrics import SketchMetrics

from nlpsuite.api import Task, Window, best_over_windows, best_spans, pair_ids, pair_spans, span_loss, trim_span

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from nlpsuite_sketch.settings import SketchSettings
    from torch import Tensor, nn

    from nlpsuite.api import Batch, Network, Row, Split, TaskContext, TaskMetrics


@dataclass(frozen=True, slots=True)
class Place:
    """Where a window's part of the text is.

    Attributes:
        begin: The first token of the window that is of the text.
        offsets: Where in the text each of its tokens begins and ends, in characters.
    """

    begin: int
    offsets: Sequence[tuple[int, int]]


class SketchTask(Task):
    """Finds the part of a text that answers a question.

    Args:
        context: What the host gives.
        settings: The task's settings.
    """

    monitor = "exact_match"

    def __init__(self, context: TaskContext, settings: SketchSettings):
        self.context, self.settings = context, settings

    def read(self, source: Path, split: Split) -> Iterator[Row]:
        """Read questions, texts and answers."""
        return checked(FIELDS.read(source, split, self.context.report))

    def read_lines(self, lines: Iterable[str], where: str) -> Iterator[Row]:
        """Read questions and texts as they stream in."""
        return FIELDS.read_lines(lines, where, self.context.report)

    def fit(self, rows: Sequence[Row]) -> None:
        """Say what there is; there is nothing to learn from the rows before training."""
        self.context.report.say(f"{len(rows)} training questions")

    def check(self, rows: Sequence[Row]) -> None:
        """Accept every row that could be read."""

    def state(self) -> dict[str, Any]:
        """Return nothing: all is in the weights."""
        return {}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back nothing."""

    def encode(self, row: Row) -> list[Window]:
        """Cut question and text into windows, each with the answer's tokens in it as target."""
        tokenizer, text = self.context.tokenizer, row.inputs["context"]
        question = tokenizer.encode(row.inputs["question"])
        ids, offsets = tokenizer.encode_with_offsets(text)
        pairs = pair_spans(len(question), len(ids), self.context.context, self.settings.overlap)
        windows = []
        for pair in pairs:
            place = Place(pair.second_offset, offsets[slice(*pair.second)])
            target = None if row.target is None else _tokens_of(place, text.index(row.target), len(row.target))
            windows.append(Window(pair_ids(question, ids, pair, tokenizer), target, 1 / len(pairs), features=place))
        return windows

    def make_head(self, hidden_size: int) -> nn.Module:
        """Make the head."""
        return SketchHead(hidden_size, self.settings.dropout)

    def loss(self, network: Network, batch: Batch) -> Tensor:
        """Return how unlikely the right spans are; where a window has none, that nothing is there."""
        return span_loss(_scores(network, batch), [window.target for window in batch.windows], batch.weight_B)

    def outputs(self, network: Network, batch: Batch) -> Sequence[Any]:
        """Return the best span of each window."""
        return best_spans(_scores(network, batch), longest=self.settings.longest)

    def decode(self, row: Row, windows: Sequence[Window], outputs: Sequence[Any]) -> dict[str, Any]:
        """Return the best span over all windows, as the text spells it, with its place and probability."""
        text, best = row.inputs["context"], best_over_windows(outputs)
        start = end = 0
        if best.window >= 0:
            place: Place = windows[best.window].features
            first, last = (token - place.begin for token in best.span)
            start, end = trim_span(text, place.offsets[first][0], place.offsets[last][1])
        return {"answer": text[start:end], "start": start, "end": end, "confidence": best.probability}

    def make_metrics(self) -> TaskMetrics:
        """Return fresh scores."""
        return SketchMetrics()

    def baseline(self, train: Sequence[Row], rows: Sequence[Row]) -> dict[str, float]:
        """Return the scores of always answering with the first word."""
        scores = self.make_metrics()
        scores.update(rows, [{"answer": row.inputs["context"].split()[0]} for row in rows])
        return scores.compute()


def _tokens_of(place: Place, start: int, length: int) -> list[tuple[int, int]]:
    """Return the tokens of a window that hold the characters of an answer, first and last; none where it is not all there."""
    inside = [n for n, (begin, end) in enumerate(place.offsets) if begin < start + length and end > start]
    whole = inside and place.offsets[inside[0]][0] <= start and place.offsets[inside[-1]][1] >= start + length
    return [(place.begin + inside[0], place.begin + inside[-1])] if whole else []


def _scores(network: Network, batch: Batch) -> Tensor:
    """Return the scores of the spans of every window."""
    import torch

    allowed_BT = torch.zeros_like(batch.real_BT)
    for row, window in enumerate(batch.windows):
        place: Place = window.features
        for token, (start, end) in enumerate(place.offsets):
            allowed_BT[row, place.begin + token] = end > start
    scores: Tensor = network.head(network.hidden(batch), allowed_BT)
    return scores
