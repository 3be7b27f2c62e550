"""The ner task: finds the entities of a text, or of words that are split already."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from nlpsuite.api import (
    Layout,
    Scheme,
    Span,
    Task,
    UserError,
    WordEncoder,
    add_examples,
    counted,
    data_suffix,
    file_lines,
    find_splits,
    natural_order,
    spaces_before,
    with_examples,
)
from nlpsuite_ner.formats import JSON_SUFFIXES, SUFFIXES, open_file, open_stream
from nlpsuite_ner.reading import labelled_rows, target_spans, unlabelled_rows
from nlpsuite_ner.sheets import EXAMPLES as SHEET_EXAMPLES
from nlpsuite_ner.splitting import TextSplitter

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor, nn

    from nlpsuite.api import (
        Batch,
        Network,
        PortableHead,
        Reporter,
        Row,
        Split,
        SplitFiles,
        TagHead,
        TaskContext,
        TaskGraph,
        TaskMetrics,
        Window,
    )
    from nlpsuite_ner import NerSettings
    from nlpsuite_ner.items import Reader


class Ner(Task):
    """Gives words the entities they are part of.

    Rows have the input `tokens`, a list of words, or `text`, and the `id` that a file gives them, which is handed on; the
    target is a list of entities.

    Args:
        context: What the host gives.
        settings: The task's settings.
    """

    monitor = "entity_f1"
    examples: ClassVar[tuple[Mapping[str, str], Mapping[str, str]]] = (
        {"word": "Paris", "tag": "B-LOC"},
        {"word": "sleeps", "tag": "O"},
    )

    def __init__(self, context: TaskContext, settings: NerSettings):
        self.context, self.settings = context, settings
        if settings.portable:
            self.attention = "causal"
        self._labels: tuple[str, ...] = ()
        self._scheme: Scheme | None = None
        self._layout: Layout | None = None
        self._splitter = TextSplitter()
        self._encoder = WordEncoder(context, buckets=settings.buckets, overlap=settings.overlap)
        self._readers: dict[str, Reader] = {}
        self._seen: set[str] = set()

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels of entities, once `fit` or `restore` has run."""
        if not self._labels:
            raise RuntimeError("labels are known after fit() or restore()")
        return self._labels

    def splits(self, source: Path) -> SplitFiles:
        """Find the files of the splits, those with the suffixes of CoNLL files too."""
        return find_splits(source, SUFFIXES)

    def texts(self, row: Row) -> Iterator[str]:
        """Yield the text of a row, its words with the usual spaces between them."""
        yield row.inputs["text"] if "text" in row.inputs else _joined(row.inputs["tokens"])

    def read(self, source: Path, split: Split) -> Iterator[Row]:
        """Read words in columns or JSON Lines, with tags in any scheme; to predict, also text or words alone."""
        if source.is_dir():
            raise UserError("a folder where a file is needed", where=source, fix="name one of its files")
        if not source.exists():
            raise UserError("no such file or folder", where=source, fix="check the path")
        return with_examples(self._read(source, split), self._example_rows(source), data_suffix(source))

    def _read(self, path: Path, split: Split) -> Iterator[Row]:
        report = self.context.report
        predict = split == "predict"
        known = self._labels or tuple(self._seen)
        reader, layout = open_file(path, self.settings, self._layout, known, report, predict=predict)
        self._readers[str(path)] = reader
        trained, named = (None, False) if split == "train" else (self._scheme, True)
        scheme, rows = labelled_rows(path, reader, trained, report, need=not predict, identities=named)
        if split == "train":
            self._scheme, self._layout = scheme, layout
            self._labels, self._seen = (), set()
        for row in rows:
            if split == "train":
                self._seen.update(span.label for span in target_spans(row))
            yield row

    def read_lines(self, lines: Iterable[str], where: str) -> Iterator[Row]:
        """Read texts, words in columns, or JSON Lines, as they stream in."""
        report = self.context.report
        reader, everything = open_stream(lines, self.settings, self._layout, self._labels, Path(where), report)
        return with_examples(unlabelled_rows(reader(everything), where, report), _JSON_EXAMPLES, ".jsonl")

    def _example_rows(self, source: Path) -> Sequence[Mapping[str, Any]]:
        suffix = data_suffix(source)
        return _JSON_EXAMPLES if suffix in JSON_SUFFIXES else SHEET_EXAMPLES if suffix == ".csv" else self.examples

    def hold_out(
        self, rows: Sequence[Row], fraction: float, seed: int, report: Reporter
    ) -> tuple[list[Row], list[Row]]:
        """Split training rows in two; of one sentence, say what makes it one."""
        if len(rows) == 1 and self._layout is not None:
            words = counted(len(rows[0].inputs["tokens"]), "word")
            what = f"one row of {words}, for no empty line between sentences was found, and some rows must be held out"
            where = rows[0].where.rpartition(":")[0]
            raise UserError(what, where=where, fix="put an empty line after each sentence")
        return super().hold_out(rows, fraction, seed, report)

    def fit(self, rows: Sequence[Row]) -> None:
        """Collect the labels, decide how raw text is split, and say both."""
        counts = Counter(span.label for row in rows for span in target_spans(row))
        where = rows[0].where.rpartition(":")[0] if rows else None
        if not counts:
            fix = "give rows with names; --set task.tag=NUMBER names the column of tags"
            error = UserError(f"no entities in {counted(len(rows), 'training row')}", where=where, fix=fix)
            source = Path(where or "")
            raise add_examples(error, self._example_rows(source), data_suffix(source))
        if len(counts) > self.settings.max_labels:
            what = f"{len(counts)} different labels in {counted(len(rows), 'row')}; is this the column of tags?"
            fix = "name the column with --set task.tag=NUMBER, or raise --set task.max_labels"
            raise UserError(what, where=where, fix=fix)
        self._labels = tuple(natural_order(counts))
        self._splitter, inside = TextSplitter.from_rows(rows)
        report = self.context.report
        shown = ", ".join(f"{name} {counts[name]}" for name in self._labels[:10])
        more = f" and {len(counts) - 10} more" if len(counts) > 10 else ""
        found = counted(counts.total(), "entity", "entities")
        labels = counted(len(counts), "label")
        report.say(f"{counted(len(rows), 'training row')}, {found} of {labels}: {shown}{more}")
        self._warn_of_case(counts)
        ends = counted(inside, "entity begins or ends", "entities begin or end")
        if inside and self._splitter.splitting == "characters":
            report.say(f"{ends} inside a word, so each character is a word here")
        elif inside:
            report.say(f"{ends} inside a word; such words are cut there, in all texts")

    def _warn_of_case(self, counts: Mapping[str, int]) -> None:
        alike: dict[str, list[str]] = {}
        for name in self._labels:
            alike.setdefault(name.casefold(), []).append(name)
        for names in alike.values():
            if len(names) > 1:
                shown = " and ".join(f"`{name}` ({counted(counts[name], 'entity', 'entities')})" for name in names)
                what = f"labels that differ in small and large letters alone are learned as different ones: {shown}"
                self.context.report.warn(f"{what}; write them alike if they are one")

    def check(self, rows: Sequence[Row]) -> None:
        """Refuse labels that training rows do not have."""
        known = set(self.labels)
        for row in rows:
            for span in target_spans(row):
                if span.label not in known:
                    file, line = self._line_of(row, span)
                    what = f"label `{span.label}` is not among the training rows' {counted(len(known), 'label')}"
                    fix = "known labels: " + ", ".join(f"`{name}`" for name in self.labels[:20])
                    raise UserError(what, where=file, line=line, fix=fix)

    def _line_of(self, row: Row, span: Span) -> tuple[str, int]:
        """Return the file and the line of an entity; that of its first word where words have lines of their own."""
        file, _, line = row.where.rpartition(":")
        items = self._readers[file](file_lines(Path(file))) if file in self._readers else ()
        item = next((item for item in items if item.line == int(line)), None)
        return file, int(line) if item is None else item.place(span.start)

    def state(self) -> dict[str, Any]:
        """Return labels, the scheme of tags, the layout of columns, and how text is split."""
        scheme, layout = self._scheme, self._layout
        return {
            "labels": list(self.labels),
            "scheme": None if scheme is None else [scheme.name, scheme.separator],
            "layout": None if layout is None else [layout.columns, layout.word, layout.tag, layout.tabs, layout.misc],
            "splitter": self._splitter.to_state(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what `state` returned."""
        self._labels = tuple(state["labels"])
        self._scheme = None if state["scheme"] is None else Scheme(*state["scheme"])
        self._layout = None if state["layout"] is None else Layout(*state["layout"])
        self._splitter = TextSplitter(**state["splitter"])

    def places(self, row: Row) -> list[tuple[int, int]]:
        """Return where a row's words are: in its text, or among its words."""
        if "tokens" in row.inputs:
            return [(place, place + 1) for place in range(len(row.inputs["tokens"]))]
        return self._splitter(row.inputs["text"])

    def encode(self, row: Row) -> list[Window]:
        """Cut the words into windows, each with the tags of its words as target."""
        places = self.places(row)
        if "tokens" in row.inputs:
            words = row.inputs["tokens"]
            spaces = spaces_before(words)
        else:
            text = row.inputs["text"]
            words = [text[start:end] for start, end in places]
            spaces = [start > 0 and text[start - 1].isspace() for start, _ in places]
        return self._encoder(words, spaces, self._tags(row, places))

    def _tags(self, row: Row, places: Sequence[tuple[int, int]]) -> NDArray[np.int64] | None:
        import numpy as np

        from nlpsuite.api import tag_numbers

        if row.target is None or any(span.label not in self.labels for span in target_spans(row)):
            return None
        first = {start: number for number, (start, _) in enumerate(places)}
        last = {end: number + 1 for number, (_, end) in enumerate(places)}
        # In rows that are not trained on, an entity may end inside a word; the scores count it as it is.
        spans = [
            Span(first[start], last[end], label)
            for start, end, label in target_spans(row)
            if start in first and end in last
        ]
        return np.array(tag_numbers(spans, self.labels, len(places)), np.int64)

    def make_head(self, hidden_size: int) -> nn.Module:
        """Make a head that scores the tags of words."""
        from nlpsuite.api import TagHead

        settings = self.settings
        return TagHead(
            hidden_size,
            len(self.labels),
            buckets=settings.buckets,
            scale=settings.hashed_scale,
            dropout=settings.dropout,
            hashed_dropout=settings.hashed_dropout,
            portable=settings.portable,
        )

    def loss(self, network: Network, batch: Batch) -> Tensor:
        """Return the negative log-likelihood of the tags, per word."""
        head, held = _head(network), [window.features for window in batch.windows]
        emission_NK = head(network.hidden(batch), held)
        loss_B = head.loss(emission_NK, held, [window.target for window in batch.windows])
        return loss_B.sum() / len(emission_NK)

    def outputs(self, network: Network, batch: Batch) -> Sequence[Any]:
        """Return the scores of each window's words."""
        from nlpsuite.api import TagScores

        head, held = _head(network), [window.features for window in batch.windows]
        return TagScores.of(head, head(network.hidden(batch), held), held)

    def graph(self, head: nn.Module) -> TaskGraph:
        """Return the task as plain tensors."""
        from nlpsuite.api import TagGraph, TagHead, TokenTagGraph

        assert isinstance(head, TagHead)
        return TokenTagGraph(head, self.labels) if self.settings.portable else TagGraph(head, self.labels)

    def portable_head(self, head: nn.Module) -> PortableHead | None:
        """Return the layer that scores tokens, if the head is that layer."""
        from nlpsuite.api import PortableHead, TagHead, iob_names

        assert isinstance(head, TagHead)
        if not self.settings.portable:
            return None
        weight_CD, bias_C = head.classify.weight.detach(), head.classify.bias.detach()
        return PortableHead("TokenClassification", weight_CD, bias_C, iob_names(self.labels))

    def decode(self, row: Row, windows: Sequence[Window], outputs: Sequence[Any]) -> dict[str, Any]:
        """Return the entities, each with its place and probability; of words also the tags, in the training data's scheme."""
        from nlpsuite.api import decode_tags

        spans, confidences = decode_tags(windows, outputs, self.labels)
        if "tokens" not in row.inputs:
            text, places = row.inputs["text"], self.places(row)
            spans = [Span(places[start][0], places[end - 1][1], label) for start, end, label in spans]
            return {
                "entities": [
                    {"text": text[start:end], "label": label, "start": start, "end": end, "confidence": confidence}
                    for (start, end, label), confidence in zip(spans, confidences, strict=True)
                ]
            }
        words = row.inputs["tokens"]
        return {
            "entities": [
                {
                    "text": _joined(words[start:end]),
                    "label": label,
                    "start_word": start,
                    "end_word": end,
                    "confidence": confidence,
                }
                for (start, end, label), confidence in zip(spans, confidences, strict=True)
            ],
            "tags": (self._scheme or Scheme()).tags(spans, len(words)),
        }

    def make_metrics(self) -> TaskMetrics:
        """Return precision, recall and F1 of entities, and accuracy of words."""
        from nlpsuite_ner.metrics import EntityMetrics

        return EntityMetrics(self.labels, self.places)

    def baseline(self, train: Sequence[Row], rows: Sequence[Row]) -> dict[str, float]:
        """Return the scores of giving each word the tag it has most often in training rows, and new words none."""
        from nlpsuite_ner.baseline import commonest_tags

        # The tags of all training words are too much to keep with a model.
        return commonest_tags(train, rows, self.places, self.make_metrics()) if train else {}


def _head(network: Network) -> TagHead:
    from nlpsuite.api import TagHead

    assert isinstance(network.head, TagHead)
    return network.head


def _joined(words: Sequence[str]) -> str:
    spaces = spaces_before(words)
    return "".join(" " + word if space else word for word, space in zip(words, spaces, strict=True))


_JSON_EXAMPLES: Sequence[Mapping[str, Any]] = (
    {"text": "Ana lives in Rome.", "entities": [{"start": 0, "end": 3, "label": "PER"}]},
    {"tokens": ["Paris", "sleeps"], "tags": ["B-LOC", "O"]},
)
