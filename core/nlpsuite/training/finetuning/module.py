"""Fine-tuning as a Lightning module: backbone, task and head put together, and what resume needs."""

from __future__ import annotations

import hashlib
import math
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pytorch_lightning as pl
import torch

from nlpsuite.backbone.optimizer import rate_factor, set_rates
from nlpsuite.errors import UserError
from nlpsuite.tasks.batches import move
from nlpsuite.tasks.network import Network
from nlpsuite.training.finetuning.layer_rates import make_optimizer
from nlpsuite.training.finetuning.noise import TokenDropout, seeded
from nlpsuite.training.finetuning.stream import TrainBatches
from nlpsuite.training.finite import LOGGED, BadStep, Limit, gradient_norm, what_is_bad
from nlpsuite.training.loading import in_order

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch.utils.data import DataLoader

    from nlpsuite.tasks.task import Batch, Row
    from nlpsuite.training.budget import Stopwatch
    from nlpsuite.training.finetuning.plan import FinetunePlan
    from nlpsuite.training.finetuning.prepare import Prepared
    from nlpsuite.training.finetuning.settings import FinetuneSettings


class FinetuneModule(pl.LightningModule):
    """Trains a task's head and as much of the backbone as `tune` says.

    Args:
        prepared: Task, head, backbone and windows.
        settings: How.
        plan: Batches and budget.
        watch: The run's clock.

    Attributes:
        progress: Share of the run that is done, 0 to 1; set at each step boundary by the run's watch.
        tokens_seen: Real tokens trained on, over all parts of the run.
        micro: Micro-batches of this device trained on, over all parts of the run.
        last_loss: Loss of the latest micro-batch, a tensor on the device.
        bad: The latest step's numbers, where they had gone bad on any device: nothing was changed.
        limit: How many such steps the run bears.
    """

    def __init__(self, prepared: Prepared, settings: FinetuneSettings, plan: FinetunePlan, watch: Stopwatch):
        super().__init__()
        self.backbone, self.head = prepared.backbone, prepared.head
        self._task, self._windows = prepared.task, prepared.windows
        self._rows, self._row_of = prepared.rows.train, prepared.row_of
        self._valid = prepared.rows.valid
        self._pad_id = prepared.tokenizer.pad_id
        self._mean_weight = sum(window.weight for window in prepared.windows) / len(prepared.windows) or 1.0
        self._settings, self._plan, self._watch = settings, plan, watch
        self._network = Network(
            prepared.backbone,
            prepared.head,
            prepared.task.attention,
            dropout=settings.dropout,
            hide=TokenDropout(settings.token_dropout, prepared.tokenizer),
            frozen=settings.tune == "head",
        )
        self.progress = 0.0
        self.tokens_seen = 0
        self.micro = 0
        self.last_loss: torch.Tensor | None = None
        self.bad: BadStep | None = None
        self.limit = Limit(settings.on_nan_limit)
        self._losses: list[torch.Tensor] = []
        # Checkpoints lack the weights that are not trained; that the others are there is looked at below.
        self.strict_loading = False

    def train(self, mode: bool = True) -> FinetuneModule:
        """Set the mode; a backbone that is not trained stays in eval mode."""
        super().train(mode)
        if self._settings.tune == "head":
            self.backbone.eval()
        return self

    def training_step(self, batch: Batch, batch_index: int) -> torch.Tensor:
        """Return the loss of one micro-batch."""
        settings = self._settings
        number = self.micro * self._plan.world + self.global_rank
        with seeded(settings.seed, number, self.device):
            loss = self._adapt_loss(batch) if self.adapts else self._task_loss(batch)
        self.last_loss = loss.detach()
        self._losses.append(self.last_loss)
        self.micro += 1
        self.tokens_seen += sum(len(window.ids) for window in batch.windows)
        return loss

    def _task_loss(self, batch: Batch) -> torch.Tensor:
        """Return the task's loss, by how much the batch's windows weigh beside others.

        Windows of long rows are alike in length, so they meet in batches of their own, and a mean over these alone would forget
        that each is but a part of its row.
        """
        return self._task.loss(self._network, batch) * (batch.weight_B.mean() / self._mean_weight)

    def _adapt_loss(self, batch: Batch) -> torch.Tensor:
        """Return the loss of the first part of a run."""
        loss = self._task.adapt_loss(self._network, batch)
        # The head has no part in it. Processes that train together exchange a gradient of every weight, so each gets zero.
        for weight in self.head.parameters():
            loss = loss + 0.0 * weight.sum()
        return loss

    def transfer_batch_to_device(self, batch: Batch, device: torch.device, dataloader_idx: int) -> Batch:
        """Move a batch."""
        return move(batch, device)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Make the optimiser; its rates are set before each step from the run's progress."""
        s = self._settings
        lr = s.peak_lr(self.backbone.config.d_model)
        return make_optimizer(
            self.backbone,
            self.head,
            lr=lr,
            layer_decay=s.rate_decay,
            weight_decay=s.weight_decay,
            muon_lr=s.muon_lr,
        )

    @property
    def adapts(self) -> bool:
        """Whether the run is in its first part, with an objective of the task's own; never where the backbone is kept."""
        return self.progress < self._task.adapt_share and self._settings.tune != "head"

    @property
    def rate(self) -> float:
        """The factor on the peak learning rates now: linear warm-up, then linear decay to zero."""
        warmup = self._settings.warmup
        return rate_factor(self.progress, warmup=warmup, decay=1.0 - warmup, floor=0.0)

    def on_before_optimizer_step(self, optimizer: torch.optim.Optimizer) -> None:
        """Set the learning rates for the step that comes."""
        set_rates(optimizer, self.rate)

    def configure_gradient_clipping(
        self,
        optimizer: torch.optim.Optimizer,
        gradient_clip_val: float | None = None,
        gradient_clip_algorithm: str | None = None,
    ) -> None:
        """Look whether the step's numbers are sound, and clip the gradient; one that is not is thrown away on all devices.

        An optimiser passes over weights that have no gradient, so neither they nor what it knows of them change.
        """
        self.bad = self._look()
        self._losses = []
        if self.bad is not None:
            optimizer.zero_grad(set_to_none=True)
            return
        self.clip_gradients(optimizer, gradient_clip_val, gradient_clip_algorithm)

    def _look(self) -> BadStep | None:
        """Return what is bad in the losses or the gradient of a step, on any device."""
        norm = gradient_norm(self.parameters())
        # A scaler looks for such gradients itself, lets them pass, and scales the loss down.
        scaled = getattr(self.trainer.precision_plugin, "scaler", None) is not None
        gradient, *losses = torch.stack([norm.float(), *(loss.float() for loss in self._losses)]).tolist()
        bad = what_is_bad(0.0 if scaled else gradient, losses)
        if not self.trainer.strategy.reduce_boolean_decision(bad is not None, all=False):
            return None
        rows = self._guilty(losses) if bad is not None else []
        world, rank = self._plan.world, self.global_rank
        slots = torch.zeros(world * LOGGED + 1, dtype=torch.int64, device=self.device)
        some = rows[:LOGGED]
        slots[rank * LOGGED : rank * LOGGED + len(some)] = torch.tensor(some, dtype=torch.int64) + 1
        slots[-1] = len(rows)
        *joined, count = torch.as_tensor(self.trainer.strategy.reduce(slots, reduce_op="sum")).tolist()
        places = tuple(self._rows[row - 1].where or f"row {row:,}" for row in joined if row)
        return BadStep(bad or "the loss or gradient on another device was not finite", places, count - len(places))

    def _guilty(self, losses: list[float]) -> list[int]:
        """Return the rows of the micro-batches whose loss was not finite, or of all of the step's."""
        wrong = [place for place, loss in enumerate(losses) if not math.isfinite(loss)] or range(len(losses))
        first = self.micro - len(losses)
        numbers = [(first + place) * self._plan.world + self.global_rank for place in wrong]
        return sorted({self._row_of[window] for number in numbers for window in self._plan.order.batch(number)})

    def stand_before(self) -> None:
        """Stand where the run stood before its latest step, which changed nothing."""
        self.micro -= self._plan.per_step

    def pass_over(self) -> None:
        """Go on without the step that was bad: its micro-batches are counted already."""

    def take_weights(self, weights: dict[str, torch.Tensor]) -> None:
        """Take the weights of a checkpoint; those that are not trained are in none, and stay what they are."""
        self.load_state_dict(weights, strict=False)

    def go_back(self, state: dict[str, Any]) -> None:
        """Take the weights and the optimiser's state of a checkpoint; order, clock and budget go on from where they are."""
        self.take_weights(state["state_dict"])
        optimizer = self.optimizers()
        assert isinstance(optimizer, pl.core.optimizer.LightningOptimizer)
        optimizer.optimizer.load_state_dict(state["optimizer_states"][0])

    def train_dataloader(self) -> DataLoader[Batch]:
        """Return the loader, from the micro-batch where the run stands."""
        plan = self._plan
        batches = TrainBatches(
            self._windows, plan.order, self._pad_id, first=self.micro, rank=self.global_rank, world=plan.world
        )
        return in_order(batches, self._settings.workers, self.device)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Add what resume needs beside weights, optimiser and step; leave out weights that are not trained."""
        weights = checkpoint["state_dict"]
        for name, parameter in self.named_parameters():
            if not parameter.requires_grad:
                del weights[name]
        checkpoint["nlpsuite"] = {
            "seconds": self._watch.seconds,
            "progress": self.progress,
            "tokens_seen": self.tokens_seen,
            "micro": self.micro,
            "bad_steps": self.limit.met,
            "rows": self._fingerprint,
            "valid": self._valid_fingerprint,
            "kept": self._kept_fingerprint,
        }

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Take it back.

        Raises:
            UserError: The rows, or weights that are not trained, are not those that the run began with.
        """
        own = checkpoint["nlpsuite"]
        # The best score so far is of the validation rows: of others it says nothing.
        for name, now in (("rows", self._fingerprint), ("valid", self._valid_fingerprint)):
            if own[name] != now:
                what = f"the {'training' if name == 'rows' else 'validation'} rows have changed since the run began"
                raise UserError(what, where="--resume", fix="start a new run")
        # Checkpoints of before this was noted hold all weights.
        if own.get("kept", self._kept_fingerprint) != self._kept_fingerprint:
            raise UserError("the backbone has changed since the run began", where="--resume", fix="start a new run")
        trained = {name for name, parameter in self.named_parameters() if parameter.requires_grad}
        if lost := sorted(trained - checkpoint["state_dict"].keys()):
            raise UserError(f"the checkpoint has no weight {lost[0]}", where="--resume", fix="start a new run")
        self.progress, self.tokens_seen, self.micro = own["progress"], own["tokens_seen"], own["micro"]
        self.limit.met = own["bad_steps"]

    @cached_property
    def _fingerprint(self) -> str:
        return _known_by(self._rows)

    @cached_property
    def _valid_fingerprint(self) -> str:
        return _known_by(self._valid)

    @cached_property
    def _kept_fingerprint(self) -> str:
        """What the weights that are not trained are known by."""
        digest = hashlib.blake2b(repr(self.backbone.config).encode(), digest_size=16)
        for name, parameter in self.named_parameters():
            if not parameter.requires_grad:
                digest.update(name.encode())
                digest.update(parameter.detach().cpu().contiguous().view(torch.uint8).numpy().data)
        return digest.hexdigest()


def _known_by(rows: Sequence[Row]) -> str:
    """Return what rows are known by: inputs and targets of all of them, in order."""
    digest = hashlib.blake2b(digest_size=16)
    for row in rows:
        digest.update(repr((sorted(row.inputs.items()), row.target)).encode("utf-8", "backslashreplace"))
    return digest.hexdigest()
