"""What a task is: the methods a plugin writes, and the plain data that flows between them.

A CSV row becomes a `Row`, a row becomes one or more `Window`s of token ids, windows become a `Batch`, the task
computes an output for each window with the `Network` (backbone and head), and `decode` turns the outputs of a row's windows
into the prediction for that row. This file imports no torch, so that plugins can be declared cheaply.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor, nn

    from nlpsuite.report import Reporter
    from nlpsuite.tasks.graph import TaskGraph
    from nlpsuite.tasks.network import Network
    from nlpsuite.tasks.portable import PortableHead
    from nlpsuite.text.tokenizer import Tokenizer

AttentionMode = Literal["causal", "bidirectional", "prefix"]
Split = Literal["train", "valid", "test", "predict"]


@dataclass(frozen=True, slots=True)
class Row:
    """One example of the user's, as read.

    Attributes:
        inputs: The input fields by name, for example `{"text": "..."}`, exactly as the user wrote them.
        target: What is to be learned (a label name, a list of tags ...), or None where there is none.
        where: The place it came from, `file:line`, for error messages.
    """

    inputs: Mapping[str, Any]
    target: Any = None
    where: str = ""


@dataclass(frozen=True, slots=True)
class Window:
    """A piece of a row that fits the backbone's context, special tokens included.

    Attributes:
        ids: Token ids; an array takes a tenth of a list's memory.
        target: What `Task.loss` needs for this window (a class index, a tag index for each token ...), or None.
        weight: The share of the row's loss that this window carries; a row's windows add up to 1, or to 0 if it teaches nothing.
        start: Where the window begins in the row, in tokens without special ones.
        prefix: For prefix attention, the number of leading tokens that see one another both ways.
        features: What the head needs to know of the window beside its hidden states (hashed n-grams, letters ...).
    """

    ids: Sequence[int] | NDArray[np.int32]
    target: Any = None
    weight: float = 1.0
    start: int = 0
    prefix: int = 0
    features: Any = None


@dataclass(frozen=True, slots=True)
class Batch:
    """Windows side by side, padded to the longest. B windows, T tokens.

    Attributes:
        ids_BT: int64 token ids, padded with the tokenizer's pad id.
        real_BT: bool, True where a token is real.
        weight_B: float32 weights of the windows.
        windows: The B windows themselves, for their targets.
    """

    ids_BT: Tensor
    real_BT: Tensor
    weight_B: Tensor
    windows: Sequence[Window]


@dataclass(frozen=True, slots=True)
class TaskContext:
    """What the host gives a plugin to build its task with.

    Attributes:
        tokenizer: The backbone's tokenizer.
        context: The most tokens the backbone takes at once, special ones included.
        seed: The run's seed; all of a task's own chance must derive from it.
        report: Where to say what was found in the data (formats, repairs, counts).
    """

    tokenizer: Tokenizer
    context: int
    seed: int
    report: Reporter


@dataclass(frozen=True, slots=True)
class ScoreTable:
    """Scores in rows and columns: of each class, of each pair of classes ...

    Attributes:
        title: What it shows, in a word or two.
        columns: Names of the columns; the first names what the rows are.
        rows: A name, then a number for each other column; None where there is none.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str | float | None]]


class TaskMetrics(ABC):
    """Running scores over all rows of a split. Built on torchmetrics, so that they merge across processes."""

    @abstractmethod
    def update(self, rows: Sequence[Row], predictions: Sequence[Mapping[str, Any]]) -> None:
        """Count rows (each with a target) and the predictions that `Task.decode` gave for them."""

    @abstractmethod
    def compute(self) -> dict[str, float]:
        """Return the scores by their standard names (accuracy, f1_macro ...), without a split prefix."""

    def tables(self) -> Sequence[ScoreTable]:
        """Return the scores that are no single number, such as those of each class."""
        return ()

    def notes(self) -> Mapping[str, str]:
        """Return what a reader must know to compare the scores with others, such as BLEU's signature."""
        return {}


class Task(ABC):
    """A task on the backbone. Every method is small and works on plain data; the host does the rest.

    Attributes:
        attention: How the backbone attends for this task.
        monitor: The metric that picks the best weights, as `compute` names it.
        monitor_mode: Whether more or less of it is better.
        decoding_cost: How many times the cost of one pass over its windows a full prediction of a row has about, for
            the planning of a time budget: 1, but more where text is generated token by token.
        brief_validation: Whether validations while training leave out what is costly (`Network.brief`); the best
            weights are then scored once more in full.
        starts_able: Whether the task can be done before any training, as generation can; the scores of the untrained
            task are then the baseline.
        own_targets: Whether rows are their own targets, as a text is that of a language model: the test data then needs
            no labels to be scored. May be set by `read`, where it depends on the data.
        calibrates_on: Whose rows `calibrate` learns from.
        adapt_share: The share of a run, at its start, that trains on `adapt_loss` in place of `loss`: an objective of the
            task's own, such as masked tokens, with which the backbone gets to know the user's rows.
    """

    attention: AttentionMode = "bidirectional"
    monitor: str = "accuracy"
    monitor_mode: Literal["max", "min"] = "max"
    decoding_cost: float = 1.0
    brief_validation: bool = False
    starts_able: bool = False
    own_targets: bool = False
    calibrates_on: Literal["valid", "train"] = "valid"
    adapt_share: float = 0.0

    def splits(self, source: Path) -> SplitFiles:
        """Find which file or folder in `source` is for training, validation and testing; by their names if not overridden.

        Raises:
            UserError: There is no telling.
        """
        from nlpsuite.tasks.splits import find_splits

        return find_splits(source)

    def hold_out(
        self, rows: Sequence[Row], fraction: float, seed: int, report: Reporter
    ) -> tuple[list[Row], list[Row]]:
        """Split training rows in two, where the data lacks validation or test rows; each row alone if not overridden.

        Args:
            rows: The training rows.
            fraction: The share to hold out, between 0 and 1.
            seed: Decides which.
            report: Told how many.

        Returns:
            The rows kept and the rows held out, neither empty.

        Raises:
            UserError: There are too few rows to split.
        """
        from nlpsuite.tasks.splits import split_rows

        return split_rows(rows, fraction=fraction, seed=seed, report=report)

    def texts(self, row: Row) -> Iterator[str]:
        """Yield the texts of a row that a tokenizer made for the task must know: its inputs if not overridden."""
        return strings_in(row.inputs)

    @abstractmethod
    def read(self, source: Path, split: Split) -> Iterator[Row]:
        """Read rows of any format the task accepts, found by looking at `source`, a file or a folder.

        For split `predict` rows need no target; the input may then be one text a line.

        Raises:
            UserError: A row is not as it should be, with file and line.
        """

    @abstractmethod
    def read_lines(self, lines: Iterable[str], where: str) -> Iterator[Row]:
        """Read rows to predict from lines as they stream in (`suite predict RUN -`): plain text or JSON Lines."""

    @abstractmethod
    def fit(self, rows: Sequence[Row]) -> None:
        """Derive what the task must know from the training rows, such as its labels and their weights.

        Raises:
            UserError: The rows cannot train the task, for example because they hold one label only.
        """

    @abstractmethod
    def check(self, rows: Sequence[Row]) -> None:
        """Check rows of another split against what `fit` learned, before training.

        Raises:
            UserError: A row has a target that training rows do not have, with file and line.
        """

    @abstractmethod
    def state(self) -> dict[str, Any]:
        """Return what `fit` learned, as JSON values; saved beside the head."""

    @abstractmethod
    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what `state` returned, in place of `fit`."""

    @abstractmethod
    def encode(self, row: Row) -> list[Window]:
        """Turn a row into one or more windows that together cover all of it; targets are set where the row has one."""

    @abstractmethod
    def make_head(self, hidden_size: int) -> nn.Module:
        """Make the task's head, freshly initialised, for hidden states of this width. Called after `fit` or `restore`."""

    @abstractmethod
    def loss(self, network: Network, batch: Batch) -> Tensor:
        """Return the training loss, a scalar: the weighted mean over the batch's windows.

        The host counts it by their mean weight beside that of all training windows, so that a row counts once however many
        windows it has. Most tasks ask `network.hidden(batch)` for hidden states and `network.head` for scores.
        """

    def adapt_loss(self, network: Network, batch: Batch) -> Tensor:
        """Return the loss of the first part of a run, of `adapt_share`, a scalar; that of the task itself if not overridden."""
        return self.loss(network, batch)

    @abstractmethod
    def outputs(self, network: Network, batch: Batch) -> Sequence[Any]:
        """Return one output for each window, whatever `decode` needs (logits, scores, ids), without padding.

        An output must depend on its own window alone. Called without gradients, network and head in eval mode.
        """

    @abstractmethod
    def decode(self, row: Row, windows: Sequence[Window], outputs: Sequence[Any]) -> dict[str, Any]:
        """Turn the outputs of a row's windows into its prediction, as JSON values without the inputs."""

    def graph(self, head: nn.Module) -> TaskGraph | None:
        """Return the task as plain tensors, to be written as a graph for another runtime; None if not overridden: it is not.

        Args:
            head: The task's head, trained.
        """
        return None

    def portable_head(self, head: nn.Module) -> PortableHead | None:
        """Return the head as other tools compute it too; None if not overridden: they do not.

        Args:
            head: The task's head, trained.
        """
        return None

    def calibrate(self, rows: Sequence[Row], predictions: Sequence[Mapping[str, Any]]) -> bool:
        """Learn from predictions what training cannot teach, such as a threshold; nothing if not overridden.

        Called once, after training and before the model is saved and test rows are scored.

        Args:
            rows: The validation rows, or at most 20,000 training rows, evenly spread, as `calibrates_on` says.
            predictions: Their predictions by the best weights, in full.

        Returns:
            Whether predictions may now differ, so that the rows must be predicted again.
        """
        return False

    @abstractmethod
    def make_metrics(self) -> TaskMetrics:
        """Return fresh running scores."""

    @abstractmethod
    def baseline(self, train: Sequence[Row], rows: Sequence[Row]) -> dict[str, float]:
        """Return the scores of the simplest honest guess (the majority class ...) on `rows`, under the metrics' names.

        Args:
            train: The training rows, to learn the guess from; none where a saved model is scored: the guess is then made from
                what `state` holds, and where that does not do there is none, an empty dict. Never from `rows`.
            rows: The rows to score.
        """


@dataclass(frozen=True, slots=True)
class SplitFiles:
    """Which file or folder of the user's data holds which split.

    Attributes:
        train: Where the training rows are, or None.
        valid: Where the validation rows are, or None.
        test: Where the test rows are, or None.
        notes: What was decided, for people.
    """

    train: Path | None = None
    valid: Path | None = None
    test: Path | None = None
    notes: tuple[str, ...] = field(default=())


def strings_in(value: Any) -> Iterator[str]:
    """Yield every string in a value, and in the lists and mappings it is made of."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        yield from strings_in(list(value.values()))
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from strings_in(item)
