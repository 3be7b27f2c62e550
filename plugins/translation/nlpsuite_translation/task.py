"""The translation task: `<s> source <sep> target </s>`, the source read both ways, the target written left to right."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nlpsuite.api import Row, Task, UserError, Window, add_examples, data_suffix, with_examples
from nlpsuite_translation.layout import Layout
from nlpsuite_translation.pieces import aligned, cut, join, space_after
from nlpsuite_translation.reading import PairReader

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from torch import Tensor, nn

    from nlpsuite.api import Batch, Network, Split, SplitFiles, TaskContext, TaskMetrics, Written
    from nlpsuite_translation import TranslationSettings

EXAMPLES = (
    {"source": "The kettle is still warm.", "target": "Der Kessel ist noch warm."},
    {"source": "Who left the window open?", "target": "Wer hat das Fenster offen gelassen?"},
)
EXTRA_LENGTH = 20
"""Tokens that a translation may have beyond its share of the source's."""
_SCRIPTS = (
    ("char", re.compile(r"[\u3040-\u30ff]"), 0.05),
    ("zh", re.compile(r"[\u3400-\u9fff]"), 0.3),
    ("char", re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]"), 0.3),
)
"""sacreBLEU's tokenizers for scripts without spaces (Japanese, Chinese, Thai to Khmer), by their share of the characters."""


@dataclass(frozen=True, slots=True)
class Output:
    """What is computed of one window.

    Attributes:
        written: The translation, or None where only the loss was asked for.
        nats: The loss of the reference, summed.
        tokens: The reference's tokens, its end included; 0 where there is none.
    """

    written: Written | None
    nats: float
    tokens: int


class Translation(Task):
    """Writes a source text in the target language.

    Rows have the input `source`, and its translation as target. A source longer than those of the training rows is
    translated sentence by sentence; nothing of it is cut off.

    Args:
        context: What the host gives.
        settings: The task's settings.
    """

    attention = "prefix"
    monitor = "perplexity"
    monitor_mode = "min"
    decoding_cost = 10.0
    brief_validation = True

    def __init__(self, context: TaskContext, settings: TranslationSettings):
        self.context, self.settings = context, settings
        self._reader = PairReader(settings, context.report)
        self._longest = 0
        self._bleu_tokenizer: str = "13a" if settings.bleu_tokenizer == "auto" else settings.bleu_tokenizer

    def splits(self, source: Path) -> SplitFiles:
        """Find the splits; of parallel files, the source file's path stands for the pair."""
        return self._reader.splits(source)

    def texts(self, row: Row) -> Iterator[str]:
        """Yield both sides, so that a tokenizer made for the task knows both languages."""
        yield row.inputs["source"]
        if row.target is not None:
            yield row.target

    def read(self, source: Path, split: Split) -> Iterator[Row]:
        """Read a file of parallel text with its partner, a CSV, TSV, JSON Lines or Parquet file; to predict, also plain text."""
        return with_examples(self._reader.read(source, split), EXAMPLES, data_suffix(source))

    def read_lines(self, lines: Iterable[str], where: str) -> Iterator[Row]:
        """Read one source a line, or JSON Lines with the source field of the training rows or any usual one."""
        return with_examples(self._reader.stream(lines, where), EXAMPLES, ".jsonl")

    def fit(self, rows: Sequence[Row]) -> None:
        """Learn how long sources are and how the target language is written; say what is odd about the pairs."""
        if len(rows) < 2:
            error = UserError(
                "fewer than two pairs to train on", where=rows[0].where if rows else None, fix="give more"
            )
            raise add_examples(error, EXAMPLES, ".tsv")
        encode, report = self.context.tokenizer.encode, self.context.report
        self._longest = max(len(encode(row.inputs["source"].strip())) for row in rows)
        if self.settings.bleu_tokenizer == "auto":
            self._bleu_tokenizer = _bleu_tokenizer(row.target for row in rows[:2000])
        report.say(f"{len(rows)} training pairs, sources of up to {self._longest} tokens")
        copies = sum(row.inputs["source"].strip() == row.target.strip() for row in rows)
        if copies:
            report.warn(f"{copies} of {len(rows)} training pairs have the same text on both sides")
        lost = sum(
            any(len(window.ids) == window.prefix for window in self.encode(row)) for row in rows if self._is_long(row)
        )
        if lost == len(rows):
            what = f"no training pair fits into the context of {self.context.context} tokens, nor can be cut into sentences"
            fix = "split the pairs into sentences, or use a backbone with a longer context"
            raise UserError(what, where=rows[0].where, fix=fix)
        if lost:
            report.warn(
                f"{lost} of {len(rows)} training pairs are not trained on: longer than the context of "
                f"{self.context.context} tokens, and their sides have not the same number of sentences"
            )

    def check(self, rows: Sequence[Row]) -> None:
        """Accept every row: any text can be a reference."""

    def state(self) -> dict[str, Any]:
        """Return the layout of the training data, its longest source, and the tokenizer of BLEU."""
        return self._reader.layout.to_state() | {"longest": self._longest, "bleu_tokenizer": self._bleu_tokenizer}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what `state` returned."""
        self._reader.layout = Layout.from_state(state)
        self._longest, self._bleu_tokenizer = int(state["longest"]), str(state["bleu_tokenizer"])

    def encode(self, row: Row) -> list[Window]:
        """Turn a pair into a window; a source that is too long, into one for each piece; an empty one, into none."""
        source = row.inputs["source"]
        if not source.strip():
            return []
        encode, most = self.context.tokenizer.encode, self.context.context // 2 - 2
        pieces = cut(source, lambda text: len(encode(text.strip())), min(most, max(self._longest, 1)), most)
        targets = [None] * len(pieces) if row.target is None else aligned(pieces, row.target)
        return [self._window(piece, target) for piece, target in zip(pieces, targets, strict=True)]

    def make_head(self, hidden_size: int) -> nn.Module:
        """Make a head without weights: the backbone's own output layer writes the translation."""
        from torch import nn

        return nn.Identity()

    def loss(self, network: Network, batch: Batch) -> Tensor:
        """Return the mean cross-entropy of the targets' tokens and ends, with label smoothing."""
        from nlpsuite.api import target_loss

        return target_loss(network, batch, smoothing=self.settings.label_smoothing)

    def outputs(self, network: Network, batch: Batch) -> Sequence[Any]:
        """Return for each window the loss of its reference, where it has one, and the best translation found."""
        from nlpsuite.api import BeamSettings, beam_search, target_nats

        settings, windows = self.settings, batch.windows
        tokens = [len(window.ids) - window.prefix for window in windows]
        nats = target_nats(network, batch) if any(tokens) else [0.0] * len(windows)
        written: Sequence[Written | None] = [None] * len(windows)
        if not network.brief:
            search = BeamSettings(
                beam=settings.beam,
                length_penalty=settings.length_penalty,
                end_id=self.context.tokenizer.eos_id,
                banned_ids=self._never_written(network.backbone.config.vocab_size),
            )
            prompts = [list(window.ids[: window.prefix]) for window in windows]
            longest = [self._most_written(len(prompt)) for prompt in prompts]
            written = beam_search(network.backbone, prompts, longest, search, mode="prefix")
        return [Output(*each) for each in zip(written, nats, tokens, strict=True)]

    def decode(self, row: Row, windows: Sequence[Window], outputs: Sequence[Any]) -> dict[str, Any]:
        """Return the translation with its score, the mean over pieces, and the loss of the reference where it was read."""
        prediction: dict[str, Any] = {}
        written = [output.written for output in outputs if output.written is not None]
        if len(written) == len(outputs):
            texts = [self.context.tokenizer.decode(each.ids).strip() for each in written]
            prediction["translation"] = join(texts, [window.features for window in windows])
            prediction["score"] = sum(each.score for each in written) / max(1, len(written))
            prediction["complete"] = all(each.complete for each in written)
        if row.target is not None and outputs and all(output.tokens for output in outputs):
            prediction["target_loss"] = sum(output.nats for output in outputs)
            prediction["target_tokens"] = sum(output.tokens for output in outputs)
        return prediction

    def make_metrics(self) -> TaskMetrics:
        """Return BLEU, chrF and perplexity."""
        from nlpsuite_translation.metrics import TranslationMetrics

        return TranslationMetrics(self._bleu_tokenizer)

    def baseline(self, train: Sequence[Row], rows: Sequence[Row]) -> dict[str, float]:
        """Return the scores of copying the source."""
        metrics = self.make_metrics()
        metrics.update(rows, [{"translation": row.inputs["source"]} for row in rows])
        return metrics.compute()

    def _window(self, piece: str, target: str | None) -> Window:
        tokenizer = self.context.tokenizer
        ids = [tokenizer.bos_id, *tokenizer.encode(piece.strip()), tokenizer.sep_id]
        prefix = len(ids)
        if target is not None and target.strip():
            whole = [*ids, *tokenizer.encode(target.strip()), tokenizer.eos_id]
            ids = whole if len(whole) <= self.context.context else ids
        return Window(ids, prefix=prefix, features=space_after(piece))

    def _is_long(self, row: Row) -> bool:
        # No text has more tokens than bytes.
        return (
            len(row.inputs["source"].encode()) > self.context.context // 2 - 2
            or len((row.inputs["source"] + row.target).encode()) > self.context.context - 3
        )

    def _most_written(self, prompt: int) -> int:
        usual = int(self.settings.max_length_ratio * (prompt - 2)) + EXTRA_LENGTH
        return min(usual, self.context.context - prompt)

    def _never_written(self, vocab_size: int) -> list[int]:
        """Return the special ids but the end, and those that only fill the embedding up."""
        tokenizer = self.context.tokenizer
        special = [index for index, size in enumerate(tokenizer.byte_lengths.tolist()) if not size]
        return [index for index in special if index != tokenizer.eos_id] + list(range(tokenizer.vocab_size, vocab_size))


def _bleu_tokenizer(targets: Iterable[str]) -> str:
    text = "".join(targets)
    for tokenizer, script, share in _SCRIPTS:
        if len(script.findall(text)) > share * len(text):
            return tokenizer
    return "13a"
