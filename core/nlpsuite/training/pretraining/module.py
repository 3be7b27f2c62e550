"""Pretraining as a Lightning module: the loss of each example, the optimiser and its rate, and what resume needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytorch_lightning as pl

from nlpsuite.backbone.objectives import Example, objective_loss
from nlpsuite.backbone.optimizer import make_optimizer, rate_factor, set_rates
from nlpsuite.training.pretraining.data import PretrainExamples, one_by_one

if TYPE_CHECKING:
    import torch
    from torch.utils.data import DataLoader

    from nlpsuite.backbone.model import Backbone
    from nlpsuite.text.tokenfile import TokenFile
    from nlpsuite.text.tokenizer import Tokenizer
    from nlpsuite.training.budget import Budget, Stopwatch
    from nlpsuite.training.pretraining.data import MicroBatches
    from nlpsuite.training.pretraining.settings import PretrainSettings


LOSS_NAMES = {"causal": "train/loss", "bidirectional": "train/masked_loss"}


class PretrainModule(pl.LightningModule):
    """Maximum likelihood on packed rows.

    Args:
        backbone: What is trained.
        tokenizer: Its tokenizer.
        tokens: The training tokens.
        settings: How.
        batches: How an optimiser step is divided.
        budget: How long.
        watch: The run's clock.

    Attributes:
        tokens_seen: Tokens trained on, over all parts of the run.
        last_losses: Loss of the latest micro-batch of each objective, tensors on the device.
        reserve: Seconds of the budget to keep for what follows training.
        finished: Whether the budget is spent.
    """

    def __init__(
        self,
        backbone: Backbone,
        tokenizer: Tokenizer,
        tokens: TokenFile,
        settings: PretrainSettings,
        batches: MicroBatches,
        budget: Budget,
        watch: Stopwatch,
    ):
        super().__init__()
        self.backbone = backbone
        self._tokenizer, self._tokens, self._settings = tokenizer, tokens, settings
        self._batches, self._budget, self._watch = batches, budget, watch
        self._first_micro = 0
        self.tokens_seen = 0
        self.last_losses: dict[str, torch.Tensor] = {}
        self.reserve = 0.0
        self.finished = False

    @property
    def progress(self) -> float:
        """Share of the run that is done."""
        return self._budget.progress(self.global_step, self._watch.seconds, self.reserve)

    def training_step(self, batch: Example, batch_index: int) -> torch.Tensor:
        """Return the loss of one micro-batch."""
        loss = objective_loss(self.backbone, batch, z_loss=self._settings.objective.z_loss)
        self.last_losses[LOSS_NAMES[batch.mode]] = loss.detach()
        self.tokens_seen += batch.tokens
        return loss

    def transfer_batch_to_device(self, batch: Example, device: torch.device, dataloader_idx: int) -> Example:
        """Move an example."""
        return batch.to(device)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Make the optimiser; its rate is set before each step from the run's progress."""
        o = self._settings.optimizer
        return make_optimizer(self.backbone, o.name, lr=o.lr, matrix_lr=o.matrix_lr, weight_decay=o.weight_decay)

    def on_before_optimizer_step(self, optimizer: torch.optim.Optimizer) -> None:
        """Set the learning rate for the step that comes."""
        set_rates(optimizer, self.rate_factor)

    @property
    def rate_factor(self) -> float:
        """The factor on the peak learning rate now."""
        o = self._settings.optimizer
        return rate_factor(self.progress, warmup=o.warmup, decay=o.decay, floor=o.floor)

    def train_dataloader(self) -> DataLoader[Example]:
        """Return the loader, from the micro-batch where the run stands."""
        examples = PretrainExamples(
            self._tokens,
            context=self.backbone.config.context,
            tokenizer=self._tokenizer,
            objective=self._settings.objective,
            batches=self._batches,
            seed=self._settings.seed,
            first=self._first_micro,
            rank=self.global_rank,
        )
        return one_by_one(examples)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Add what resume needs beside weights, optimiser and step."""
        checkpoint["nlpsuite"] = {
            "seconds": self._watch.seconds,
            "tokens_seen": self.tokens_seen,
            "reserve": self.reserve,
            "finished": self.finished,
        }

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Take it back; the loader starts at the step, for order is a function of seed and step."""
        own = checkpoint["nlpsuite"]
        self.tokens_seen, self.reserve, self.finished = own["tokens_seen"], own["reserve"], own["finished"]
        self._watch.start(own["seconds"])
        self._first_micro = checkpoint["global_step"] * self._batches.per_step
