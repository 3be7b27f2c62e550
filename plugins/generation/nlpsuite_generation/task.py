"""The generation task: next-token prediction on running text, or on the completions of prompts; and texts it goes on with."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from nlpsuite.api import (
    Row,
    Sampling,
    Task,
    TextRow,
    UserError,
    Window,
    add_examples,
    continue_prompts,
    language_loss,
    language_windows,
    never_drawn,
    row_seed,
    text_splits,
    window_nats,
)
from nlpsuite_generation.holdout import hold_out_text
from nlpsuite_generation.reading import Reader

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from torch import Tensor, nn

    from nlpsuite.api import Batch, Drawn, Network, Reporter, Split, SplitFiles, TaskContext, TaskMetrics
    from nlpsuite_generation import GenerationSettings

Kind = Literal["text", "pairs"]
SUFFIXES = (".txt", ".text", ".jsonl", ".ndjson", ".json", ".tsv", ".csv", ".parquet")
LEAST_BYTES = 100
"""Running text of fewer bytes than this teaches nothing: a sentence or two."""
NEW_TO_TEXT, MOST_NEW = 64, 1024
"""Tokens added to running text; the most that completions in training may lead to."""
TEXT_TEMPERATURE, COMPLETION_TEMPERATURE = 0.8, 0.0
DECODING_COST = {"text": 1.5, "pairs": 10.0}
_NO_TARGETS = np.zeros(0, dtype=np.int32)


@dataclass(frozen=True, slots=True)
class Output:
    """What is computed of a window.

    Attributes:
        nats: Summed cross-entropy of its targets.
        drawn: What came after the window's prompt, if it has one to continue.
    """

    nats: float
    drawn: Drawn | None = None


class Generation(Task):
    """Continues texts.

    Rows of running text have the input `text` and are their own target; other rows have the input `prompt` and a
    completion as target. Scored rows of running text are continued from their first tokens, `samples` of them for each
    split, namely those with the lowest hashes; rows with prompts all are.

    Args:
        context: What the host gives.
        settings: The task's settings.
    """

    attention = "causal"
    monitor = "bits_per_byte"
    monitor_mode = "min"
    brief_validation = True
    starts_able = True

    def __init__(self, context: TaskContext, settings: GenerationSettings):
        self.context, self.settings = context, settings
        self._reader = Reader(settings, context.report)
        self._kind: Kind = "text"
        self._seed = context.seed
        self._max_new = settings.max_new or NEW_TO_TEXT
        self._sampled: set[int] = set()
        self._banned: list[int] = []

    def splits(self, source: Path) -> SplitFiles:
        """Find train, validation and test by name; a folder without such names is training text as a whole."""
        return text_splits(source, SUFFIXES)

    def hold_out(
        self, rows: Sequence[Row], fraction: float, seed: int, report: Reporter
    ) -> tuple[list[Row], list[Row]]:
        """Hold out contiguous running text; of prompts with completions, single rows."""
        if _kind_of(rows) == "text":
            return hold_out_text(rows, fraction, seed, report)
        return super().hold_out(rows, fraction, seed, report)

    def texts(self, row: Row) -> Iterator[str]:
        """Yield prompt and completion, or the running text."""
        yield row.inputs["text" if isinstance(row, TextRow) else "prompt"]
        if isinstance(row.target, str):
            yield row.target

    def read(self, source: Path, split: Split) -> Iterator[Row]:
        """Read running text or prompts with completions; to predict, prompts."""
        if split == "predict":
            yield from self._watched(self._reader.read(source, split))
            return
        for row in self._reader.read(source, split):
            if split == "train":
                # Known before the test data is read: text needs no labels there.
                self.own_targets = isinstance(row, TextRow)
            yield row

    def read_lines(self, lines: Iterable[str], where: str) -> Iterator[Row]:
        """Read prompts, one a line, or JSON Lines."""
        return self._watched(self._reader.read_lines(lines, where))

    def _watched(self, rows: Iterator[Row]) -> Iterator[Row]:
        """Yield prompts, and say at the end which were empty or longer than the context."""
        context = self.context.context
        empty = "empty, and a text that goes on from nothing means nothing"
        long = f"longer than the context of {context} tokens: the end of a prompt counts"
        counts: Counter[str] = Counter()
        first: dict[str, str] = {}
        try:
            for row in rows:
                blank = not row.inputs["prompt"].strip()
                if blank or len(self._prompt_ids(row)) > context:
                    what = empty if blank else long
                    counts[what] += 1
                    first.setdefault(what, row.where)
                yield row
        finally:
            # Also where no more rows are asked for than some.
            for what, count in counts.items():
                are = "1 prompt is" if count == 1 else f"{count:,} prompts are"
                self.context.report.warn(f"{are} {what} (first: {first[what]})")

    def fit(self, rows: Sequence[Row]) -> None:
        """See which kind of rows these are, and how long completions are."""
        self._kind = self._checked_kind(rows)
        self.decoding_cost = DECODING_COST[self._kind]
        if self._kind == "text":
            size = sum(len(text.encode()) for row in rows for text in self.texts(row))
            if size < LEAST_BYTES:
                what = f"{size} bytes of text to train on are too little to learn from"
                raise UserError(
                    what, where=rows[0].where.rpartition(":")[0] or None, fix="give some kilobytes at least"
                )
            self.context.report.say(f"running text: {len(rows):,} training rows, {size:,} bytes")
            return
        lengths = [len(self.context.tokenizer.encode(row.target)) + 1 for row in rows]
        if self.settings.max_new is None:
            self._max_new = min(MOST_NEW, max(lengths))
        what = f"prompts with completions: {len(rows):,} training rows; the loss is that of the completions"
        self.context.report.say(f"{what}; up to {self._max_new} tokens are generated")
        self._say_long(rows, lengths)

    def check(self, rows: Sequence[Row]) -> None:
        """Refuse rows of another kind than those of training; choose which running text is continued."""
        kind = self._checked_kind(rows)
        if kind != self._kind:
            names = {"text": "running text", "pairs": "prompts with completions"}
            what = f"{names[kind]}, where the training rows are {names[self._kind]}"
            raise _error_at(rows[0], what, "give rows of the same kind")
        if kind == "text":
            keys = sorted({self._key(row) for row in rows})
            self._sampled.update(keys[: self.settings.samples])
        else:
            self._say_long(rows, [len(self.context.tokenizer.encode(row.target)) + 1 for row in rows])

    def _checked_kind(self, rows: Sequence[Row]) -> Kind:
        try:
            return _kind_of(rows)
        except UserError as error:
            raise add_examples(error, self._reader.examples, ".jsonl") from None

    def _say_long(self, rows: Sequence[Row], lengths: Sequence[int]) -> None:
        """Say how many rows do not fit the context, so that the beginnings of their prompts are not seen throughout."""
        long = [
            row.where
            for row, length in zip(rows, lengths, strict=True)
            if len(self._prompt_ids(row)) + length > self.context.context + 1
        ]
        if long:
            what = f"{len(long):,} of {len(rows):,} rows are longer than the context of {self.context.context} tokens"
            self.context.report.warn(
                f"{what}: of their prompts the end counts, completions are whole (first: {long[0]})"
            )

    def state(self) -> dict[str, Any]:
        """Return the kind of rows, the seed of all draws, and how much is generated."""
        return {"kind": self._kind, "seed": self._seed, "max_new": self._max_new}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what `state` returned."""
        if state["kind"] not in DECODING_COST:
            raise ValueError(state["kind"])
        self._kind = state["kind"]
        self._seed, self._max_new = int(state["seed"]), int(state["max_new"])
        self.own_targets = self._kind == "text"
        self.decoding_cost = DECODING_COST[self._kind]

    def encode(self, row: Row) -> list[Window]:
        """Cut running text into windows, each token a target once; of a pair, the completion's tokens are targets.

        A row that is to be continued has its prompt as the feature of a window: of the first of a pair, or of one more
        window, without targets, for running text.
        """
        if isinstance(row, TextRow):
            return self._encode_text(row)
        prompt = np.array(self._prompt_ids(row), dtype=np.int32)
        if row.target is None:
            return [self._to_continue(prompt)]
        tokenizer, context = self.context.tokenizer, self.context.context
        completion = np.array([*tokenizer.encode(row.target), tokenizer.eos_id], dtype=np.int32)
        windows = language_windows(np.concatenate([prompt, completion]), context, self.settings.overlap, len(prompt))
        return [replace(windows[0], features=prompt), *windows[1:]]

    def _encode_text(self, row: TextRow) -> list[Window]:
        tokenizer = self.context.tokenizer
        text = tokenizer.encode_arrays([row.inputs["text"]])[0]
        ends = [tokenizer.eos_id] if row.last else []
        ids = np.concatenate([[tokenizer.bos_id], text, ends]).astype(np.int32)
        windows = language_windows(ids, self.context.context, self.settings.overlap)
        if self._sampled and self._key(row) in self._sampled:
            length = max(1, min(self.settings.prompt_tokens, len(text) // 2))
            windows.append(self._to_continue(ids[: 1 + length]))
        return windows

    def _to_continue(self, prompt: NDArray[np.int32]) -> Window:
        return Window(prompt[-self.context.context :], _NO_TARGETS, 0.0, features=prompt)

    def _prompt_ids(self, row: Row) -> list[int]:
        tokenizer = self.context.tokenizer
        after = tokenizer.encode(self.settings.separator) if self._kind == "pairs" else []
        return [tokenizer.bos_id, *tokenizer.encode(row.inputs["prompt"]), *after]

    def _key(self, row: Row) -> int:
        return row_seed(self._seed, row.inputs["text"].encode())

    def make_head(self, hidden_size: int) -> nn.Module:
        """Make a head of nothing: the backbone's own output layer is all that generation needs."""
        from torch import nn

        return nn.Identity()

    def loss(self, network: Network, batch: Batch) -> Tensor:
        """Return the mean cross-entropy of the batch's tokens, or those of completions."""
        return language_loss(network, batch, history=self._kind == "text")

    def outputs(self, network: Network, batch: Batch) -> Sequence[Any]:
        """Return the cross-entropy of each window's targets, and what comes after its prompt."""
        nats = window_nats(network, batch)
        prompts = [None if network.brief else window.features for window in batch.windows]
        asked = [prompt for prompt in prompts if prompt is not None]
        drawn = iter(self._continue(network, asked))
        return [
            Output(each, None if prompt is None else next(drawn)) for each, prompt in zip(nats, prompts, strict=True)
        ]

    def _continue(self, network: Network, prompts: Sequence[NDArray[np.int32]]) -> list[Drawn]:
        if not prompts:
            return []
        tokenizer, settings = self.context.tokenizer, self.settings
        usual = TEXT_TEMPERATURE if self._kind == "text" else COMPLETION_TEMPERATURE
        temperature = usual if settings.temperature is None else settings.temperature
        self._banned = self._banned or never_drawn(tokenizer, network.backbone.config.vocab_size)
        return continue_prompts(
            network.backbone,
            [prompt.tolist() for prompt in prompts],
            max_new=self._max_new,
            sampling=Sampling(temperature, settings.top_k, settings.top_p),
            seeds=[row_seed(self._seed, prompt.tobytes()) for prompt in prompts],
            stop_id=tokenizer.eos_id,
            banned_ids=self._banned,
        )

    def decode(self, row: Row, windows: Sequence[Window], outputs: Sequence[Any]) -> dict[str, Any]:
        """Return what was generated, whether it ended by itself, and how well the row's own text was predicted."""
        tokenizer = self.context.tokenizer
        prediction: dict[str, Any] = {}
        for window, output in zip(windows, outputs, strict=True):
            if output.drawn is not None:
                if isinstance(row, TextRow):
                    prediction["prompt"] = tokenizer.decode(window.features[1:].tolist())
                prediction |= {"completion": tokenizer.decode(output.drawn.ids), "ended": output.drawn.ended}
        own = row.inputs["text"] if isinstance(row, TextRow) else row.target
        if own is None:
            return prediction
        nats, size = math.fsum(output.nats for output in outputs), len(own.encode())
        scores = {"nats": nats, "tokens": sum(len(window.target) for window in windows), "bytes": size}
        return prediction | {"bits_per_byte": nats / math.log(2) / max(1, size)} | scores

    def make_metrics(self) -> TaskMetrics:
        """Return perplexity and bits per byte; of generated texts, variety, repetition and ROUGE."""
        from nlpsuite_generation.metrics import GenerationMetrics

        shown = f"windows of {self.context.context} tokens with overlap {self.settings.overlap:g}"
        of = "the text's bytes" if self._kind == "text" else "the completions' bytes"
        note = f"bits per byte over {of}, {shown}, </s> among the tokens; distinct, repetition and ROUGE F1 over case-folded"
        return GenerationMetrics(f"{note} words (single Han and kana characters), no stemming, averaged over texts")

    def baseline(self, train: Sequence[Row], rows: Sequence[Row]) -> dict[str, float]:
        """Return the bits per byte of guessing each byte by its frequency in the training rows."""
        from nlpsuite_generation.metrics import byte_entropy

        if not train:
            return {}
        return {"bits_per_byte": byte_entropy([_own_text(row) for row in train], [_own_text(row) for row in rows])}


def _own_text(row: Row) -> str:
    text: str = row.inputs["text"] if isinstance(row, TextRow) else row.target or ""
    return text


def _error_at(row: Row, what: str, fix: str) -> UserError:
    file, _, line = row.where.rpartition(":")
    return UserError(what, where=file or None, line=int(line) if line.isdecimal() else None, fix=fix)


def _kind_of(rows: Sequence[Row]) -> Kind:
    """Return the kind that all rows are of.

    Raises:
        UserError: There are none, or of both kinds.
    """
    if not rows:
        raise UserError("no rows", where="--data", fix="give a text, or prompts with completions")
    first = isinstance(rows[0], TextRow)
    other = next((row for row in rows if isinstance(row, TextRow) != first), None)
    if other is not None:
        raise _error_at(other, "running text beside prompts with completions", "give data of one kind")
    return "text" if first else "pairs"
