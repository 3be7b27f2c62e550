"""The task: where in a text the answer to a question stands, if it is there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from nlpsuite.api import (
    Row,
    Task,
    UserError,
    add_examples,
    best_over_windows,
    data_suffix,
    strings_in,
    trim_span,
    whole_characters,
    with_examples,
)
from nlpsuite_qa.answers import NOWHERE
from nlpsuite_qa.columns import ColumnChoice
from nlpsuite_qa.rarity import Rarity
from nlpsuite_qa.read import ASKED, EXAMPLES, Reader
from nlpsuite_qa.threshold import HALF, NEVER, choose_threshold
from nlpsuite_qa.view import ContextView, view_context
from nlpsuite_qa.windows import Cut, WindowFacts, head_inputs, qa_windows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from torch import Tensor, nn

    from nlpsuite.api import Batch, Network, PortableHead, Reporter, Split, TaskContext, TaskGraph, TaskMetrics, Window
    from nlpsuite_qa import QaSettings

LONGEST_ANSWER = 40
"""The most tokens in an answer that is given, where training answers need no more."""
VIEWS = 64
"""Contexts kept at hand: the questions of one mostly come together."""


class Qa(Task):
    """Finds the answer to a question as an exact part of its context, or says that the context has none.

    Rows have the inputs `question` and `context`, and `id` where the data has one; the target is the right answers, each with the
    character where it begins, none where there is no answer. A context longer than the backbone's becomes several windows; all
    spans of all of them compete.

    Args:
        context: What the host gives.
        settings: The task's settings.
    """

    monitor = "f1"

    def __init__(self, context: TaskContext, settings: QaSettings):
        self.context, self.settings = context, settings
        if settings.portable:
            self.attention = "causal"
        self._rarity: Rarity | None = None
        self._threshold = NEVER
        self._longest = settings.longest_answer or LONGEST_ANSWER
        self._views: dict[str, ContextView] = {}

    @property
    def rarity(self) -> Rarity:
        """How rare words are, once `fit` or `restore` has run."""
        if self._rarity is None:
            raise RuntimeError("rarities are known after fit() or restore()")
        return self._rarity

    def texts(self, row: Row) -> Iterator[str]:
        """Yield question and context."""
        yield from strings_in([row.inputs["question"], row.inputs["context"]])

    def hold_out(
        self, rows: Sequence[Row], fraction: float, seed: int, report: Reporter
    ) -> tuple[list[Row], list[Row]]:
        """Hold whole contexts out, so that no question is tested on a text that training has seen, where there are several."""
        contexts = list(dict.fromkeys(row.inputs["context"] for row in rows))
        if len(contexts) < 2:
            return super().hold_out(rows, fraction, seed, report)
        count = min(len(contexts) - 1, max(1, round(fraction * len(contexts))))
        chosen = np.random.default_rng(seed).permutation(len(contexts))[:count]
        held = {contexts[index] for index in chosen}
        kept = [row for row in rows if row.inputs["context"] not in held]
        out = [row for row in rows if row.inputs["context"] in held]
        report.say(f"{len(out)} of {len(rows)} questions held out by seed {seed}: all those of {count} contexts")
        return kept, out

    def read(self, source: Path, split: Split) -> Iterator[Row]:
        """Read SQuAD's JSON, JSON Lines, CSV, TSV or Parquet."""
        examples = ASKED if split == "predict" else EXAMPLES
        return with_examples(self._reader(split).file(source), examples, data_suffix(source))

    def read_lines(self, lines: Iterable[str], where: str) -> Iterator[Row]:
        """Read JSON Lines, or question, tab and context."""
        return with_examples(self._reader("predict").stream(lines, where), ASKED, ".jsonl")

    def _reader(self, split: Split) -> Reader:
        own = self.settings
        choice = ColumnChoice(own.question, own.context, own.answer, own.header)
        return Reader(split, choice, self.context.report)

    def fit(self, rows: Sequence[Row]) -> None:
        """Count how rare words are, and see whether there are questions without an answer."""
        without = sum(not row.target for row in rows)
        if without == len(rows):
            error = UserError("no question has an answer", where=rows[0].where, fix="give rows with answers")
            raise add_examples(error, EXAMPLES, ".jsonl")
        contexts = dict.fromkeys(row.inputs["context"] for row in rows)
        none = f", {without} of them without an answer" if without else ""
        self.context.report.say(f"{len(rows)} training questions{none}, on {len(contexts)} contexts")
        self._rarity = Rarity.from_contexts(contexts)
        self._threshold = HALF if without else NEVER
        self._fit_longest(rows)
        self._views.clear()

    def _fit_longest(self, rows: Sequence[Row]) -> None:
        """Let answers be as long as training answers are, but for the longest few, and say which can never be given."""
        answers = self.context.tokenizer.encode_arrays([text for row in rows for text, _ in row.target or ()])
        lengths = np.array([len(answer) for answer in answers])
        report, found = self.context.report, self.settings.longest_answer is None
        if found:
            self._longest = max(LONGEST_ANSWER, int(np.quantile(lengths, 0.99, method="higher")))
            if self._longest > LONGEST_ANSWER:
                report.say(f"answers of up to {self._longest} tokens are given, since training answers are as long")
        if over := int((lengths > self._longest).sum()):
            # Of what was found it is a hundredth at the most.
            (report.say if found else report.warn)(
                f"{over:,} of {len(lengths):,} training answers have more than {self._longest} tokens, the most that an answer "
                "is given with; --set task.longest_answer raises that"
            )

    def check(self, rows: Sequence[Row]) -> None:
        """Refuse answers that are not in their context; say so where rows have none and the model always answers."""
        for row in rows:
            # Test rows are read like rows to predict, since they may have no answers at all.
            if lost := [text for text, start in row.target or () if start == NOWHERE]:
                fix = "an answer is a part of its context, letter for letter; correct it or take the question out"
                raise UserError(f"the answer {lost[0][:60]!r} is not in the context", where=row.where, fix=fix)
        without = sum(not row.target for row in rows)
        if without and self._threshold == NEVER:
            self.context.report.warn(
                f"{without} of {len(rows)} rows have no answer, and by what it was trained on the model always answers"
            )

    def calibrate(self, rows: Sequence[Row], predictions: Sequence[Mapping[str, Any]]) -> bool:
        """Choose the threshold on "no answer" where training rows have such questions, and validation rows enough of them."""
        if self._threshold == NEVER:
            return False
        before = self._threshold
        self._threshold, said = choose_threshold(rows, predictions)
        self.context.report.say(said)
        return self._threshold != before

    def state(self) -> dict[str, Any]:
        """Return rarities, the threshold, and how long answers may be."""
        return {"rarity": self.rarity.to_state(), "threshold": self._threshold, "longest_answer": self._longest}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what `state` returned."""
        self._rarity = Rarity.from_state(state["rarity"])
        self._threshold = float(state["threshold"])
        self._longest = int(state.get("longest_answer", self._longest))
        self._views.clear()

    def encode(self, row: Row) -> list[Window]:
        """Cut question and context into windows, each with the right spans in it as target."""
        cut = Cut(self.context.tokenizer, self.context.context, self.settings.overlap, self.rarity)
        known = row.target is not None and all(start != NOWHERE for _, start in row.target)
        answers = [(start, start + len(text)) for text, start in row.target] if known else None
        return qa_windows(row.inputs["question"], self._view(row.inputs["context"]), cut, answers)

    def _view(self, text: str) -> ContextView:
        view = self._views.pop(text, None)
        if view is None:
            view = view_context(text, self.context.tokenizer, self.rarity)
            if len(self._views) >= VIEWS:
                del self._views[next(iter(self._views))]
        self._views[text] = view
        return view

    def make_head(self, hidden_size: int) -> nn.Module:
        """Make the head."""
        from nlpsuite_qa.features import N_FEATURES
        from nlpsuite_qa.head import QaHead
        from nlpsuite_qa.portable import LinearQaHead

        own = self.settings
        if own.portable:
            return LinearQaHead(hidden_size, own.dropout)
        return QaHead(hidden_size, N_FEATURES, own.width, own.layers, own.dropout)

    def loss(self, network: Network, batch: Batch) -> Tensor:
        """Return how unlikely the right spans are, weighted by window."""
        from nlpsuite.api import span_loss

        return span_loss(_scores(network, batch), [window.target for window in batch.windows], batch.weight_B)

    def outputs(self, network: Network, batch: Batch) -> Sequence[Any]:
        """Return the best span of each window, and the sum over all."""
        from nlpsuite.api import best_spans

        return best_spans(_scores(network, batch), longest=self._longest)

    def graph(self, head: nn.Module) -> TaskGraph:
        """Return the task as plain tensors."""
        from nlpsuite_qa.graph import QaGraph
        from nlpsuite_qa.portable import EndsGraph, LinearQaHead

        return EndsGraph(head, self._longest) if isinstance(head, LinearQaHead) else QaGraph(head, self._longest)

    def portable_head(self, head: nn.Module) -> PortableHead | None:
        """Return the layer that scores where an answer begins and ends, if the head is that layer."""
        from nlpsuite_qa.portable import LinearQaHead

        return head.portable() if isinstance(head, LinearQaHead) else None

    def decode(self, row: Row, windows: Sequence[Window], outputs: Sequence[Any]) -> dict[str, Any]:
        """Return the answer as the context spells it, with its characters and its probability; empty where there is none."""
        best = best_over_windows(outputs)
        text = row.inputs["context"]
        start = end = 0
        if best.window >= 0:
            facts: WindowFacts = windows[best.window].features
            first, last = (place - facts.context_begin + facts.context_start for place in best.span)
            begin, stop = int(facts.spans.begin_T[first]), int(facts.spans.end_T[last])
            start, end = trim_span(text, *whole_characters(text, begin, stop))
        answered = end > start and best.none_probability <= self._threshold
        found = text[start:end]
        return {
            "answer": found if answered else "",
            "start": start if answered else None,
            "end": end if answered else None,
            "confidence": best.probability if answered else best.none_probability,
            "no_answer_probability": best.none_probability,
        } | ({} if answered or not found else {"withheld": found})

    def make_metrics(self) -> TaskMetrics:
        """Return exact match and F1."""
        from nlpsuite_qa.metrics import QaMetrics

        return QaMetrics()

    def baseline(self, train: Sequence[Row], rows: Sequence[Row]) -> dict[str, float]:
        """Return the scores of a sliding window, or of never answering where most training rows have no answer."""
        from nlpsuite_qa.guess import guess_answer

        silent = 2 * sum(not row.target for row in train) > len(train)
        said = [
            "" if silent else guess_answer(row.inputs["question"], row.inputs["context"], self.rarity) for row in rows
        ]
        scores = self.make_metrics()
        scores.update(rows, [{"answer": answer} for answer in said])
        return scores.compute()


def _scores(network: Network, batch: Batch) -> Tensor:
    """Return the score of every span of every window, (B, T, T)."""
    inputs = head_inputs(batch)
    scores: Tensor = network.head(
        network.hidden(batch), inputs.features_BTF, inputs.question_BT, inputs.context_BT, inputs.edges_BT
    )
    return scores
