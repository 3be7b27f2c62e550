"""The task: `<s> note <sep> sentence </s>`, the note read both ways, the sentence written left to right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nlpsuite_sketch.data import FIELDS
from nlpsuite_sketch.head import SketchHead
from nlpsuite_sketch.metrics import SketchMetrics

from nlpsuite.api import (
    BeamSettings,
    Task,
    Window,
    beam_search,
    never_drawn,
    target_loss,
    target_nats,
    window_spans,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from nlpsuite_sketch.settings import SketchSettings
    from torch import Tensor, nn

    from nlpsuite.api import Batch, Network, Row, Split, TaskContext, TaskMetrics, Written


@dataclass(frozen=True, slots=True)
class Output:
    """What is computed of one window.

    Attributes:
        written: The text that was found.
        nats: How surprising the right text was, in nats; 0 where it is not known.
        tokens: Its tokens, with the end; 0 where it is not known.
    """

    written: Written
    nats: float
    tokens: int


class SketchTask(Task):
    """Writes a sentence from a note. A note longer than half of the context is written from piece by piece.

    Args:
        context: What the host gives.
        settings: The task's settings.
    """

    attention = "prefix"
    monitor = "perplexity"
    monitor_mode = "min"
    decoding_cost = 10.0

    def __init__(self, context: TaskContext, settings: SketchSettings):
        self.context, self.settings = context, settings

    def texts(self, row: Row) -> Iterator[str]:
        """Yield both sides, so that a tokenizer made for the task knows what is to be written."""
        yield row.inputs["note"]
        if row.target is not None:
            yield row.target

    def read(self, source: Path, split: Split) -> Iterator[Row]:
        """Read notes and sentences."""
        return FIELDS.read(source, split, self.context.report)

    def read_lines(self, lines: Iterable[str], where: str) -> Iterator[Row]:
        """Read notes as they stream in."""
        return FIELDS.read_lines(lines, where, self.context.report)

    def fit(self, rows: Sequence[Row]) -> None:
        """Say what there is, and what is too long to be learned from."""
        lost = sum(all(len(window.ids) == window.prefix for window in self.encode(row)) for row in rows)
        self.context.report.say(f"{len(rows)} training rows")
        if lost:
            self.context.report.warn(
                f"{lost} of {len(rows)} training rows are longer than the context: not learned from"
            )

    def check(self, rows: Sequence[Row]) -> None:
        """Accept every row that could be read."""

    def state(self) -> dict[str, Any]:
        """Return nothing: all is in the weights."""
        return {}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back nothing."""

    def encode(self, row: Row) -> list[Window]:
        """Turn a row into a window, a long note into one for each piece; the target is what follows the prefix."""
        tokenizer, context = self.context.tokenizer, self.context.context
        note = tokenizer.encode(row.inputs["note"].strip())
        size = context // 2 - 2
        prompts = [[tokenizer.bos_id, *note[a:b], tokenizer.sep_id] for a, b in window_spans(len(note), size, size)]
        target: list[int] = []
        if row.target is not None and len(prompts) == 1:
            target = [*tokenizer.encode(row.target.strip()), tokenizer.eos_id]
            if len(prompts[0]) + len(target) > context:
                target = []
        weight = 1 / len(prompts)
        return [Window([*prompt, *target], weight=weight, prefix=len(prompt)) for prompt in prompts]

    def make_head(self, hidden_size: int) -> nn.Module:
        """Make the head."""
        return SketchHead()

    def loss(self, network: Network, batch: Batch) -> Tensor:
        """Return how surprising the right texts are, the mean over their tokens."""
        return target_loss(network, batch)

    def outputs(self, network: Network, batch: Batch) -> Sequence[Any]:
        """Return for each window the best text found, and how surprising the right one was."""
        tokens = [len(window.ids) - window.prefix for window in batch.windows]
        nats = target_nats(network, batch) if any(tokens) else [0.0] * len(tokens)
        prompts = [list(window.ids[: window.prefix]) for window in batch.windows]
        longest = [min(self.settings.most_new, self.context.context - len(prompt)) for prompt in prompts]
        banned = never_drawn(self.context.tokenizer, network.backbone.config.vocab_size)
        end = self.context.tokenizer.eos_id
        search = BeamSettings(beam=self.settings.beam, end_id=end, banned_ids=banned)
        written = beam_search(network.backbone, prompts, longest, search, mode="prefix")
        return [Output(*each) for each in zip(written, nats, tokens, strict=True)]

    def decode(self, row: Row, windows: Sequence[Window], outputs: Sequence[Any]) -> dict[str, Any]:
        """Return the text, those of several pieces one after another."""
        texts = [self.context.tokenizer.decode(output.written.ids).strip() for output in outputs]
        prediction: dict[str, Any] = {"sentence": " ".join(texts)}
        if any(output.tokens for output in outputs):
            prediction["nats"] = sum(output.nats for output in outputs)
            prediction["tokens"] = sum(output.tokens for output in outputs)
        return prediction

    def make_metrics(self) -> TaskMetrics:
        """Return fresh scores."""
        return SketchMetrics()

    def baseline(self, train: Sequence[Row], rows: Sequence[Row]) -> dict[str, float]:
        """Return the scores of giving the note back as it is."""
        scores = self.make_metrics()
        scores.update(rows, [{"sentence": row.inputs["note"].strip()} for row in rows])
        return scores.compute()
