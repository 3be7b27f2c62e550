"""What the checks of a plugin work on: its task on a small network, with rows of its own, the weights drawn and not trained."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import torch

from nlpsuite.backbone.config import BackboneConfig
from nlpsuite.backbone.model import Backbone
from nlpsuite.errors import UserError
from nlpsuite.inference.locate import find_backbone
from nlpsuite.inference.predictor import BATCH_TOKENS, POOL_ROWS, predict_rows
from nlpsuite.report import Silent
from nlpsuite.tasks.batches import collate
from nlpsuite.tasks.network import Network
from nlpsuite.tasks.task import TaskContext
from nlpsuite.text.tokenizer import Tokenizer
from nlpsuite.text.train_tokenizer import train_tokenizer

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from torch import nn

    from nlpsuite.host.spec import TaskSpec
    from nlpsuite.tasks.task import Row, Task, Window

MOST_ROWS = 20
CONTEXT = 64
VOCABULARY = 500
SEED = 5
WIDTH = 32


FEW_ROWS = 8
STEPS, RATE = 80, 5e-3
LEARNED = 0.6
"""Share of the first loss that must be left at the most. What label smoothing adds can never be learned away."""


@dataclass(frozen=True)
class Subject:
    """A plugin's task, ready to be checked.

    Attributes:
        spec: What the plugin declares.
        entry: Its entry point, `module` or `module:object`.
        given: The file or folder of rows.
        source: The file or folder of training rows in it.
        cases: The folder of files that the author adds for the checks; it need not exist.
        task: The task, fitted to `rows`.
        head: Its head.
        backbone: A small network.
        tokenizer: One of 500 pieces, made of the rows.
        rows: At most 20 training rows.
    """

    spec: TaskSpec[Any]
    entry: str
    given: Path
    source: Path
    cases: Path
    task: Task
    head: nn.Module
    backbone: Backbone
    tokenizer: Tokenizer
    rows: Sequence[Row]

    def predict(
        self, rows: Sequence[Row], *, batch_tokens: int = BATCH_TOKENS, pool: int = POOL_ROWS
    ) -> list[dict[str, Any]]:
        """Return the predictions for some rows; `batch_tokens` and `pool` as in `predict_rows`."""
        pad_id = self.tokenizer.pad_id
        told = predict_rows(self.task, self.head, self.backbone, rows, pad_id, batch_tokens=batch_tokens, pool=pool)
        return [prediction for _, prediction in told]

    def windows(self, rows: Sequence[Row]) -> list[Window]:
        """Return the windows of some rows."""
        return [window for row in rows for window in self.task.encode(row)]

    def afresh(self) -> Subject:
        """Return the same with weights of its own, so that a check may train them."""
        return replace(self, **_network(self.task, self.tokenizer))

    def scores(self, rows: Sequence[Row]) -> dict[str, float]:
        """Return the scores of predictions for some rows."""
        metrics = self.task.make_metrics()
        metrics.update(rows, self.predict(rows))
        return metrics.compute()

    @cached_property
    def learned(self) -> Learned:
        """What comes of learning the first eight rows by heart; done once."""
        own = self.afresh()
        batch = collate(own.windows(own.rows[:FEW_ROWS]), own.tokenizer.pad_id)
        network = Network(own.backbone.train(), own.head.train(), own.task.attention)
        weights = [w for module in (own.backbone, own.head) for w in module.parameters() if w.requires_grad]
        optimizer = torch.optim.AdamW(weights, lr=RATE)
        losses = []
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            for _ in range(STEPS):
                loss = own.task.loss(network, batch)
                optimizer.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                optimizer.step()
                losses.append(float(loss.detach()))
        return Learned(own, losses, own.predict(own.rows))

    def new_task(self) -> Task:
        """Make the task anew, as it is before it has seen any row."""
        return new_task(self.spec, self.tokenizer)


@dataclass(frozen=True, slots=True)
class Learned:
    """A subject that has learned a few of its rows by heart.

    Attributes:
        subject: With its weights trained.
        losses: Of each step.
        predictions: For all rows, those that were not learned too.
    """

    subject: Subject
    losses: Sequence[float]
    predictions: Sequence[dict[str, Any]]


def make_subject(spec: TaskSpec[Any], entry: str, rows: Path | None = None) -> Subject:
    """Make a plugin's task and a small network for it.

    Args:
        spec: What the plugin declares.
        entry: Its entry point, `module` or `module:object`.
        rows: A file or folder of rows; None: the plugin's examples. At most 20 of its training rows are used, evenly spread.

    Raises:
        UserError: There are no rows to check with.
    """
    source = rows or spec.examples
    if source is None:
        raise UserError(f"task `{spec.name}` has no examples to check it with", fix="set TaskSpec.examples")
    # The task tells what its texts are, so it is made once with another tokenizer.
    draft = new_task(spec, Tokenizer.load(find_backbone("nano")))
    train = draft.splits(source).train or source
    texts = [text for row in some_rows(draft, train) for text in draft.texts(row)]
    tokenizer = train_tokenizer(texts, vocab_size=VOCABULARY, report=Silent())
    task = new_task(spec, tokenizer)
    read = some_rows(task, train)
    task.fit(read)
    subject = Subject(
        spec=spec,
        entry=entry,
        given=source,
        source=train,
        cases=source.parent / "check",
        task=task,
        tokenizer=tokenizer,
        rows=read,
        **_network(task, tokenizer),
    )
    # As the host does after training: what a task learns there is saved, and decides predictions, too.
    task.calibrate(read, subject.predict(read))
    return subject


def new_task(spec: TaskSpec[Any], tokenizer: Tokenizer) -> Task:
    """Make a plugin's task with its settings as they are when the user gives none."""
    return spec.build(TaskContext(tokenizer, CONTEXT, SEED, Silent()), spec.config())


def some_rows(task: Task, train: Path) -> list[Row]:
    """Return at most 20 training rows, evenly spread."""
    rows = list(task.read(train, "train"))
    if len(rows) <= MOST_ROWS:
        return rows
    return [rows[place * len(rows) // MOST_ROWS] for place in range(MOST_ROWS)]


def _network(task: Task, tokenizer: Tokenizer) -> dict[str, Any]:
    config = BackboneConfig(
        vocab_size=tokenizer.vocab_size,
        context=CONTEXT,
        d_model=WIDTH,
        n_layers=2,
        n_heads=2,
        n_kv_heads=1,
        head_dim=16,
        d_ff=WIDTH,
    )
    backbone = Backbone(config)
    backbone.initialise(3)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        head = task.make_head(backbone.config.d_model)
    # Moved a little, so that no part is at its neutral start, where a fault in another part would not show.
    _stir(backbone, 0.02)
    _stir(head, 0.1)
    return {"backbone": backbone, "head": head}


def _stir(module: nn.Module, size: float) -> None:
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for weight in module.parameters():
            weight.add_(size * torch.randn(weight.shape, generator=generator))
