"""Text classification: what sentiment, topics and any other task with one label a text have in common."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from nlpsuite.errors import UserError
from nlpsuite.tasks.columns import ColumnChoice, Columns
from nlpsuite.tasks.examples import add_examples, with_examples
from nlpsuite.tasks.labels import LabelSchema, natural_order, split_where
from nlpsuite.tasks.lines import file_lines
from nlpsuite.tasks.tables import data_suffix
from nlpsuite.tasks.task import Task
from nlpsuite.tasks.text_folders import folder_rows
from nlpsuite.tasks.text_rows import is_plain_text, open_table, stream_rows, table_rows
from nlpsuite.tasks.windows import text_windows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from torch import Tensor, nn

    from nlpsuite.tasks.network import Network
    from nlpsuite.tasks.task import Batch, Row, Split, TaskContext, TaskMetrics, Window
    from nlpsuite.tasks.text_settings import TextClassificationSettings


class TextClassification(Task):
    """Gives a text one of the labels of its training rows.

    Rows have the input `text` and a label name as target. A text longer than the context becomes several windows; its
    prediction is made from the mean of their scores. A subclass gives its own example rows, for errors about data.

    Args:
        context: What the host gives.
        settings: The task's settings.
    """

    examples: ClassVar[tuple[Mapping[str, str], Mapping[str, str]]] = (
        {"text": "The match went to extra time.", "label": "sports"},
        {"text": "Shares fell after the report.", "label": "business"},
    )

    def __init__(self, context: TaskContext, settings: TextClassificationSettings):
        self.context, self.settings = context, settings
        self._labels: LabelSchema | None = None
        self._columns: Columns | None = None

    @property
    def labels(self) -> LabelSchema:
        """The labels, once `fit` or `restore` has run."""
        if self._labels is None:
            raise RuntimeError("labels are known after fit() or restore()")
        return self._labels

    def order_labels(self, names: Iterable[str]) -> list[str]:
        """Put label names in the order of their class indices."""
        return natural_order(names)

    def read(self, source: Path, split: Split) -> Iterator[Row]:
        """Read a CSV, TSV, JSON Lines or Parquet file, or folders named after labels; to predict, also plain text."""
        if not source.exists():
            raise UserError("no such file or folder", where=source, fix="check the path")
        return with_examples(self._read(source, split), self.examples, data_suffix(source))

    def _read(self, source: Path, split: Split) -> Iterator[Row]:
        report = self.context.report
        if source.is_dir():
            yield from folder_rows(source, report, need_label=split != "predict")
        elif split == "predict" and is_plain_text(source):
            yield from stream_rows(file_lines(source), str(source), self._choice(), report)
        else:
            table = open_table(source, self._choice(), self.settings.header)
            columns, rows = table_rows(table, self._choice(), report, need_label=split != "predict")
            if split == "train":
                self._columns = columns
            yield from rows

    def read_lines(self, lines: Iterable[str], where: str) -> Iterator[Row]:
        """Read one text a line, or JSON Lines with the text field of the training rows or any usual one."""
        rows = stream_rows(lines, where, self._choice(), self.context.report)
        return with_examples(rows, self.examples, ".jsonl")

    def _choice(self) -> ColumnChoice:
        text = self.settings.text
        chosen = () if text is None else text if isinstance(text, tuple) else (text,)
        return ColumnChoice(chosen, self.settings.label, self._columns)

    def fit(self, rows: Sequence[Row]) -> None:
        """Collect the labels and say how many rows have each."""
        try:
            labels = LabelSchema.from_rows(rows, self.order_labels)
            if len(labels) > self.settings.max_classes:
                what = f"{len(labels)} different labels in {len(rows)} rows; is this the column of labels?"
                fix = "name the column with --set task.label=COLUMN, or raise --set task.max_classes"
                raise UserError(what, where=split_where(rows[0].where)[0], fix=fix)
        except UserError as error:
            raise self._with_examples(error) from None
        shown = ", ".join(f"{name} {count}" for name, count in zip(labels.names[:10], labels.counts, strict=False))
        more = f" and {len(labels) - 10} more" if len(labels) > 10 else ""
        self.context.report.say(f"{len(rows)} training rows, {len(labels)} labels: {shown}{more}")
        self._labels = labels

    def check(self, rows: Sequence[Row]) -> None:
        """Refuse labels that training rows do not have."""
        try:
            self.labels.check(rows)
        except UserError as error:
            raise self._with_examples(error) from None

    def _with_examples(self, error: UserError) -> UserError:
        return add_examples(error, self.examples, data_suffix(Path(error.where or "")))

    def state(self) -> dict[str, Any]:
        """Return the labels and the columns of the training file."""
        columns = self._columns
        stored = None if columns is None else {"text": list(columns.text), "label": columns.label}
        return {"labels": self.labels.to_state(), "columns": stored}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what `state` returned."""
        self._labels = LabelSchema.from_state(state["labels"])
        stored = state["columns"]
        self._columns = None if stored is None else Columns(tuple(stored["text"]), stored["label"])

    def encode(self, row: Row) -> list[Window]:
        """Cut the text into windows, each with the class index as target."""
        target = self.labels.index(row.target) if row.target in self.labels.names else None
        ids = self.context.tokenizer.encode(row.inputs["text"])
        return text_windows(ids, self.context.tokenizer, self.context.context, self.settings.overlap, target)

    def make_head(self, hidden_size: int) -> nn.Module:
        """Make a pooled head with a score for each label."""
        from nlpsuite.tasks.heads import PooledHead

        return PooledHead(hidden_size, len(self.labels), self.settings.dropout)

    def loss(self, network: Network, batch: Batch) -> Tensor:
        """Return the cross-entropy, weighted by window and class."""
        import torch

        logits_BC = network.head(network.hidden(batch), batch.real_BT).float()
        target_B = torch.tensor([window.target for window in batch.windows], device=logits_BC.device)
        class_weight_C = torch.tensor(self.labels.class_weights(self.settings.class_weights), device=logits_BC.device)
        weight_B = batch.weight_B * class_weight_C[target_B]
        loss_B = torch.nn.functional.cross_entropy(logits_BC, target_B, reduction="none")
        return (loss_B * weight_B).sum() / weight_B.sum()

    def outputs(self, network: Network, batch: Batch) -> Sequence[Any]:
        """Return the logits of each window, [C]."""
        logits_BC: Tensor = network.head(network.hidden(batch), batch.real_BT)
        return list(logits_BC.float().unbind(0))

    def decode(self, row: Row, windows: Sequence[Window], outputs: Sequence[Any]) -> dict[str, Any]:
        """Return the likeliest label and the probability of each, from the mean logits weighted by window length."""
        import torch

        length_W = torch.tensor([len(window.ids) for window in windows], dtype=torch.float64)
        logits_WC = torch.stack([output.detach().cpu().double() for output in outputs])
        probability_C = ((length_W / length_W.sum()) @ logits_WC).softmax(0).tolist()
        best = max(range(len(probability_C)), key=probability_C.__getitem__)
        return {
            "label": self.labels.names[best],
            "probabilities": dict(zip(self.labels.names, probability_C, strict=True)),
        }

    def make_metrics(self) -> TaskMetrics:
        """Return accuracy, macro F1, Matthews correlation and expected calibration error."""
        from nlpsuite.tasks.metrics import ClassificationMetrics

        return ClassificationMetrics(self.labels)

    def baseline(self, train: Sequence[Row], rows: Sequence[Row]) -> dict[str, float]:
        """Return the scores of always saying the majority label of the training rows."""
        from nlpsuite.tasks.metrics import majority_baseline

        return majority_baseline(LabelSchema.from_rows(train, self.order_labels), rows)
