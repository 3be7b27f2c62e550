"""Text classification: what sentiment, topics and any other task that labels texts have in common."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, cast

from nlpsuite.errors import UserError
from nlpsuite.tasks.examples import add_examples, with_examples
from nlpsuite.tasks.label_doubts import doubts, refuse_scores
from nlpsuite.tasks.labels import LabelSchema, has_known_order, labels_of, natural_order, split_where
from nlpsuite.tasks.tables import data_suffix
from nlpsuite.tasks.task import Task
from nlpsuite.tasks.text_ngrams import TextNgrams, target_marks
from nlpsuite.tasks.text_reader import TextReader
from nlpsuite.tasks.text_rows import TEXT_INPUTS
from nlpsuite.tasks.text_windows import row_windows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from torch import Tensor, nn

    from nlpsuite.report import Reporter
    from nlpsuite.tasks.graph import TaskGraph
    from nlpsuite.tasks.network import Network
    from nlpsuite.tasks.portable import PortableHead
    from nlpsuite.tasks.task import Batch, Row, Split, TaskContext, TaskMetrics, Window
    from nlpsuite.tasks.text_head import TextHead
    from nlpsuite.tasks.text_settings import TextClassificationSettings


_FEW_ROWS = 20


class TextClassification(Task):
    """Gives a text, or a pair of texts, one of the labels of its training rows, or any number of them.

    Rows have the input `text`, and `text_pair` in pairs. The target is a label name; where the training rows have several
    labels, a tuple of them. What is longer than the context becomes several windows; the prediction is made from the mean
    of their scores. Scores of n-grams stand beside those of the backbone (`text_ngrams`). A subclass gives its own example
    rows, for errors about data, and says whether an order of its labels means something.

    Args:
        context: What the host gives.
        settings: The task's settings.
    """

    examples: ClassVar[tuple[Mapping[str, str], Mapping[str, str]]] = (
        {"text": "The match went to extra time.", "label": "sports"},
        {"text": "Shares fell after the report.", "label": "business"},
    )
    ordered: ClassVar[bool] = False

    def __init__(self, context: TaskContext, settings: TextClassificationSettings):
        self.context, self.settings = context, settings
        self._reader = TextReader(settings, context.report)
        self._labels: LabelSchema | None = None
        self._several = False
        self._ngrams: TextNgrams | None = None
        self._mix = (1.0, 1.0)
        self._n_given = 0
        if settings.portable:
            self.attention = "causal"

    @property
    def labels(self) -> LabelSchema:
        """The labels, once `fit` or `restore` has run."""
        if self._labels is None:
            raise RuntimeError("labels are known after fit() or restore()")
        return self._labels

    def order_labels(self, names: Iterable[str]) -> list[str]:
        """Put label names in the order of their class indices: as a file of class names has them, else the natural one."""
        listed, named = set(names), list(self._reader.names.values())
        return [name for name in named if name in listed] if listed <= set(named) else natural_order(listed)

    def read(self, source: Path, split: Split) -> Iterator[Row]:
        """Read a CSV, TSV, JSON or Parquet file, or folders named after labels; to predict, also plain text."""
        if not source.exists():
            raise UserError("no such file or folder", where=source, fix="check the path")
        return with_examples(self._reader.read(source, split), self.examples, data_suffix(source))

    def read_lines(self, lines: Iterable[str], where: str) -> Iterator[Row]:
        """Read plain text, one text a line, or JSON or a table with the texts of the training rows or any usual ones."""
        return with_examples(self._reader.read_lines(lines, where), self.examples, ".jsonl")

    def texts(self, row: Row) -> Iterator[str]:
        """Yield the text of a row, and the other one of a pair; an `id` is none."""
        return (row.inputs[name] for name in TEXT_INPUTS if name in row.inputs)

    def hold_out(
        self, rows: Sequence[Row], fraction: float, seed: int, report: Reporter
    ) -> tuple[list[Row], list[Row]]:
        """Split training rows in two, such that each label of the rows held out is one of those that are kept.

        Raises:
            UserError: There are too few rows to split.
        """
        # Test and validation rows are held out one after the other; a message counts the rows that the user gave.
        self._n_given = max(self._n_given, len(rows))
        kept, out = super().hold_out(rows, fraction, seed, report)
        known = {name for row in kept for name in labels_of(row)}
        lost = {id(row) for row in out if not known.issuperset(labels_of(row))}
        if lost:
            stay = lost.union(map(id, kept))
            kept = [row for row in rows if id(row) in stay]
            out = [row for row in out if id(row) not in lost]
        if not out:
            raise self._with_examples(self._too_few(rows))
        if lost:
            back = "1 row is" if len(lost) == 1 else f"{len(lost)} rows are"
            report.say(f"{back} kept for training after all: no other row has the label")
        return kept, out

    def _too_few(self, rows: Sequence[Row]) -> UserError:
        """Return why no row can be held out: there are few, or nearly each has a label of its own."""
        try:
            refuse_scores(rows)
        except UserError as error:
            return error
        where, labels = split_where(rows[0].where)[0], {name for row in rows for name in labels_of(row)}
        if len(rows) > _FEW_ROWS and 2 * len(labels) > len(rows):
            what = f"{len(labels)} different labels in {len(rows)} rows; is this the column of labels?"
            return UserError(what, where=where, fix="name the column with --set task.label=COLUMN")
        what = f"{self._n_given} rows are too few to hold out validation and test rows"
        fix = "give more rows, or files of your own for validation and test: train.tsv, dev.tsv, test.tsv"
        return UserError(what, where=where, fix=fix)

    def fit(self, rows: Sequence[Row]) -> None:
        """Collect the labels, say how many rows have each, and keep the rows for the n-grams to be fitted to."""
        self._several = any(isinstance(row.target, (tuple, list)) for row in rows)
        try:
            labels = LabelSchema.from_rows(rows, self.order_labels, several=self._several)
            refuse_scores(rows)
            if len(labels) > self.settings.max_classes:
                what = f"{len(labels)} different labels in {len(rows)} rows; is this the column of labels?"
                fix = "name the column with --set task.label=COLUMN, or raise --set task.max_classes"
                raise UserError(what, where=split_where(rows[0].where)[0], fix=fix)
        except UserError as error:
            raise self._with_examples(error) from None
        shown = ", ".join(f"{name} {count}" for name, count in zip(labels.names[:10], labels.counts, strict=False))
        more = f" and {len(labels) - 10} more" if len(labels) > 10 else ""
        kind = "any number a row" if self._several else "one a row"
        counted = f"{len(rows)} training row{'s' * (len(rows) > 1)}, {len(labels)} label{'s' * (len(labels) > 1)}"
        self.context.report.say(f"{counted}, {kind}: {shown}{more}")
        bare = sum(not labels_of(row) for row in rows) if self._several else 0
        if bare:
            self.context.report.say(f"{bare} of {len(rows)} training rows ha{'s' if bare == 1 else 've'} no label")
        for doubt in doubts(rows):
            self.context.report.warn(doubt)
        self._mix = (1.0, 1.0)
        self._use(labels, rows=rows)
        if self.ordered and not self._several and len(labels) > 2 and not self._order_known():
            self.context.report.say("the order of the labels is not known, so mean_absolute_error is not measured")

    def _use(self, labels: LabelSchema, rows: Sequence[Row] = (), n_features: int = 0) -> None:
        self._labels = labels
        if self._several:
            self.monitor = "f1_micro"
        self._ngrams = TextNgrams(
            labels,
            self.settings,
            several=self._several,
            rows=rows,
            n_features=n_features,
            report=self.context.report,
        )

    def check(self, rows: Sequence[Row]) -> None:
        """Refuse labels that training rows do not have."""
        try:
            self.labels.check(rows)
        except UserError as error:
            raise self._with_examples(error) from None

    def _with_examples(self, error: UserError) -> UserError:
        return add_examples(error, self.examples, data_suffix(Path(error.where or "")))

    def state(self) -> dict[str, Any]:
        """Return the labels, what the training file was like, and the number of n-grams that the head knows."""
        n_features = 0 if self._ngrams is None else self._ngrams.n_features
        own = {"labels": self.labels.to_state(), "several": self._several, "ngrams": n_features, "mix": list(self._mix)}
        return own | self._reader.state()

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what `state` returned."""
        self._several = bool(state["several"])
        self._reader.restore(state)
        pooled, ngrams = state["mix"]
        self._mix = (float(pooled), float(ngrams))
        self._use(LabelSchema.from_state(state["labels"]), n_features=int(state["ngrams"]))

    def encode(self, row: Row) -> list[Window]:
        """Cut the text or pair into windows, each with the class index, or the indices, as target."""
        context, settings = self.context, self.settings
        windows = row_windows(row.inputs, context.tokenizer, context.context, settings.overlap, self._target(row))
        if settings.portable:
            # Other tools put nothing behind a text, and score its last token.
            return [replace(window, ids=window.ids[:-1]) for window in windows]
        features = None if self._ngrams is None else self._ngrams.features(row)
        return windows if features is None else [replace(window, features=features) for window in windows]

    def _target(self, row: Row) -> Any:
        if row.target is None or not set(labels_of(row)) <= set(self.labels.names):
            return None
        indices = tuple(self.labels.index(name) for name in labels_of(row))
        return indices if self._several else indices[0]

    def make_head(self, hidden_size: int) -> nn.Module:
        """Make a pooled head with a score for each label, and the n-grams' scores beside it."""
        from nlpsuite.tasks.heads import PooledHead
        from nlpsuite.tasks.portable import LastTokenHead
        from nlpsuite.tasks.text_head import TextHead

        if self.settings.portable:
            return TextHead(LastTokenHead(hidden_size, len(self.labels), self.settings.dropout), None)
        scores = None if self._ngrams is None else self._ngrams.scores()
        return TextHead(PooledHead(hidden_size, len(self.labels), self.settings.dropout), scores)

    def loss(self, network: Network, batch: Batch) -> Tensor:
        """Return the cross-entropy of the label, or of each label's presence, weighted by window and class."""
        from nlpsuite.tasks.label_losses import label_loss, presence_loss

        logits_BC = network.head(network.hidden(batch), batch.real_BT, batch.windows)
        targets = [window.target for window in batch.windows]
        kind = self.settings.class_weights
        if self._several:
            return presence_loss(logits_BC, targets, batch.weight_B, self.labels.presence_weights(kind))
        return label_loss(logits_BC, targets, batch.weight_B, self.labels.class_weights(kind))

    def outputs(self, network: Network, batch: Batch) -> Sequence[Any]:
        """Return the logits of each window: those of the hidden states, and those of n-grams, [2, C]."""
        import torch

        head = cast("TextHead", network.head)
        parts = head.parts(network.hidden(batch), batch.real_BT, batch.windows)
        return list(torch.stack(parts, 1).unbind(0))

    def decode(self, row: Row, windows: Sequence[Window], outputs: Sequence[Any]) -> dict[str, Any]:
        """Return the likeliest label, or those likelier than not, and the probability of each.

        They are those of the mean logits, weighted by window length.
        """
        import torch

        length_W = torch.tensor([len(window.ids) for window in windows], dtype=torch.float64)
        logits_W2C = torch.stack([output.detach().cpu().double() for output in outputs])
        logits_WC = self._mix[0] * logits_W2C[:, 0] + self._mix[1] * logits_W2C[:, 1]
        logits_C = (length_W / length_W.sum()) @ logits_WC
        probability_C = (logits_C.sigmoid() if self._several else logits_C.softmax(0)).tolist()
        probabilities = dict(zip(self.labels.names, probability_C, strict=True))
        if self._several:
            return {"labels": [name for name, p in probabilities.items() if p >= 0.5], "probabilities": probabilities}
        return {"label": max(probabilities, key=probabilities.__getitem__), "probabilities": probabilities}

    def graph(self, head: nn.Module) -> TaskGraph:
        """Return the task as plain tensors."""
        from nlpsuite.tasks.text_graph import TextGraph, TextNgramGraph

        own = cast("TextHead", head)
        facts = {"labels": list(self.labels.names), "several": self._several}
        if own.ngrams is None or not len(own.ngrams.keys_F):
            return TextGraph(own, self._mix, facts)
        return TextNgramGraph(own, own.ngrams, self._mix, facts)

    def portable_head(self, head: nn.Module) -> PortableHead | None:
        """Return the layer that scores the last token, if the head is that layer."""
        from nlpsuite.tasks.portable import LastTokenHead, PortableHead

        pooled = cast("TextHead", head).pooled
        if not isinstance(pooled, LastTokenHead):
            return None
        weight_CD = self._mix[0] * pooled.classify.weight.detach()
        return PortableHead("SequenceClassification", weight_CD, None, self.labels.names, self._several)

    def calibrate(self, rows: Sequence[Row], predictions: Sequence[Mapping[str, Any]]) -> bool:
        """Find out how much backbone and n-grams should count, and how sure to be of what they say."""
        from nlpsuite.tasks.score_mix import fit_mix, logits_of

        ngrams_RC = None if self._ngrams is None else self._ngrams.logits(rows)
        if ngrams_RC is None or not rows or self._mix != (1.0, 1.0):
            return False
        told = [[each["probabilities"][name] for name in self.labels.names] for each in predictions]
        pooled_RC = logits_of(told, several=self._several) - ngrams_RC
        self._mix = fit_mix(pooled_RC, ngrams_RC, target_marks(rows, self.labels), several=self._several)
        counted = f"{len(rows)} validation row{'s' * (len(rows) > 1)}"
        said = f"calibrated on {counted}: scores of the backbone count {self._mix[0]:.2f} times"
        self.context.report.say(said + (f", those of n-grams {self._mix[1]:.2f} times" if ngrams_RC.any() else ""))
        return True

    def make_metrics(self) -> TaskMetrics:
        """Return accuracy, F1, Matthews correlation and calibration error; where an order is known, also the distance."""
        from nlpsuite.tasks.metrics import ClassificationMetrics
        from nlpsuite.tasks.multi_metrics import MultiLabelMetrics

        if self._several:
            return MultiLabelMetrics(self.labels)
        return ClassificationMetrics(self.labels, ordered=self._order_known())

    def _order_known(self) -> bool:
        """Whether it is known which label lies between which: three or more of them, in order."""
        names = self.labels.names
        named = bool(self._reader.names) and set(names) <= set(self._reader.names.values())
        return self.ordered and len(names) > 2 and (has_known_order(names) or named)

    def baseline(self, train: Sequence[Row], rows: Sequence[Row]) -> dict[str, float]:
        """Return the scores of always saying the majority label of the training rows, or each label that most have."""
        from nlpsuite.tasks.metrics import majority_baseline
        from nlpsuite.tasks.multi_metrics import majority_labels_baseline

        labels = self.labels
        if self._several:
            return majority_labels_baseline(labels, rows)
        return majority_baseline(labels, rows, ordered=self._order_known())
