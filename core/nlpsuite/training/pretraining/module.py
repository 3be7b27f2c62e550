"""Pretraining as a Lightning module: the loss of each step, the optimiser and its rate, and what resume needs."""

from __future__ import annotations

import math
import signal
from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytorch_lightning as pl
import torch

from nlpsuite.backbone.objectives import objective_loss
from nlpsuite.backbone.optimizer import make_optimizer, rate_factor, set_rates
from nlpsuite.backbone.sampled import draw_candidates, tokens_among
from nlpsuite.training.finite import LOGGED, BadStep, Limit, gradient_norm, what_is_bad
from nlpsuite.training.loading import in_order
from nlpsuite.training.pretraining.average import TailAverage
from nlpsuite.training.pretraining.data import PretrainSteps
from nlpsuite.training.pretraining.divided import divide, is_divided
from nlpsuite.training.pretraining.short_rows import row_length

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from torch.utils.data import DataLoader

    from nlpsuite.backbone.model import Backbone
    from nlpsuite.backbone.sampled import Candidates
    from nlpsuite.training.pace import Pace
    from nlpsuite.training.pretraining.data import Part, StepRows
    from nlpsuite.training.pretraining.plan import Plan
    from nlpsuite.training.pretraining.prepare import PreparedText
    from nlpsuite.training.pretraining.settings import OptimizerSettings, PretrainSettings
    from nlpsuite.training.signals import StopFlag
    from nlpsuite.training.together import Together


STOPPING = (signal.SIGINT, signal.SIGTERM)
CPU_SAMPLED, LARGE_VOCABULARY = 0.9, 4096
"""Share of a run with a sampled output layer, on a CPU and with so many pieces, where it was measured to gain."""
DOCUMENT_TOKENS = 12
"""Tokens shown of a document's beginning."""
LOSS_NAMES = {"causal": "train/loss", "bidirectional": "train/masked_loss"}


def optimizer_as_set(backbone: Backbone, settings: OptimizerSettings) -> torch.optim.Optimizer:
    """Make the optimiser that the settings of pretraining name."""
    return make_optimizer(
        backbone,
        settings.name,
        lr=settings.lr,
        matrix_lr=settings.matrix_lr,
        weight_decay=settings.weight_decay,
        newton_schulz=settings.newton_schulz,
        even_neurons=settings.even_neurons,
    )


class PretrainModule(pl.LightningModule):
    """Maximum likelihood on packed rows.

    One `training_step` is one optimiser step: Lightning's hooks then cost little beside small micro-batches, and
    gradients are added up without it.

    Args:
        backbone: What is trained.
        text: The training text, and the backbone's tokenizer.
        settings: How.
        rows: How an optimiser step is divided.
        plan: How validation was planned, for a run that goes on.
        pace: How long, and by which clock.
        group: The processes that train together.
        flag: Set by a signal.

    Attributes:
        tokens_seen: Tokens trained on by all devices, over all parts of the run.
        last_losses: Mean loss of the latest step for each objective, tensors on the device.
        progress: Share of the run that is done, the same in every process.
        signal_number: A signal that came to any of the processes.
        finished: Whether the budget is spent.
        position: The step of the order that comes next. It is ahead of the steps taken by those that were passed over.
        bad: The latest step's numbers, where they had gone bad in any of the processes: it was not taken.
        limit: How many of them the run bears.
    """

    def __init__(
        self,
        backbone: Backbone,
        text: PreparedText,
        settings: PretrainSettings,
        rows: StepRows,
        plan: Plan,
        pace: Pace,
        group: Together,
        flag: StopFlag | None = None,
    ):
        super().__init__()
        self.automatic_optimization = False
        self.backbone = backbone
        self._text, self._settings = text, settings
        self._rows, self._plan, self.pace = rows, plan, pace
        self._group, self._flag = group, flag
        self.progress = 0.0
        self.signal_number: int | None = None
        self._average = TailAverage(backbone, settings.optimizer.average)
        self.position = self._first = 0
        self.bad: BadStep | None = None
        self._overflowed = False
        self.limit = Limit(settings.on_nan_limit)
        self.tokens_seen = 0
        self.last_losses: dict[str, torch.Tensor] = {}
        self.finished = False

    def agree(self, tokens: int = 0) -> None:
        """Let all processes know how far the run has come by the first one's clock, what came in, and who was stopped.

        Args:
            tokens: Tokens this process has trained on since it was called last.
        """
        own = self.pace.progress(self.global_step) if self._group.is_first else 0.0
        heard = None if self._flag is None else self._flag.signal_number
        signals = [float(heard == each) for each in STOPPING]
        self.progress, seen, *stopped = self._group.total([own, float(tokens), *signals])
        self.tokens_seen += int(seen)
        self.signal_number = next((each for each, count in zip(STOPPING, stopped, strict=True) if count), None)

    def configure_model(self) -> None:
        """Divide the network over the processes, where the strategy is one that does."""
        if self.device_mesh is not None and not is_divided(self.backbone):
            divide(self.backbone, self.device_mesh["data_parallel"])

    def training_step(self, parts: list[Part], batch_index: int) -> None:
        """Take one optimiser step: add up the gradients of its parts, and update, unless they have gone bad."""
        optimizer = self.optimizers()
        assert isinstance(optimizer, pl.core.optimizer.LightningOptimizer)
        progress, tokens = self.progress, 0
        row = row_length(self.backbone.config.context, progress, self._settings.short_rows)
        candidates = self._candidates(parts, progress)
        losses: dict[str, list[torch.Tensor]] = {}
        for number, part in enumerate(parts, 1):
            with nullcontext() if number == len(parts) else self._alone():
                loss = objective_loss(
                    self.backbone,
                    part.example,
                    z_loss=self._settings.objective.z_loss,
                    row=row,
                    candidates=candidates,
                )
                self.manual_backward(loss * part.weight)
            if part.weight:
                losses.setdefault(LOSS_NAMES[part.example.mode], []).append(loss.detach())
                tokens += part.example.tokens
        self.bad = self._clip(optimizer.optimizer, parts, [loss for each in losses.values() for loss in each])
        if self.bad is None:
            self.last_losses = {name: torch.stack(each).mean() for name, each in losses.items()}
            if not self._overflowed:
                set_rates(optimizer.optimizer, self._factor(progress))
                optimizer.step()
                self._average.update(progress)
            self.position += 1
        optimizer.zero_grad()
        self.agree(tokens)

    @property
    def _sampled_share(self) -> float:
        """The share of the run with a sampled output layer: as set, else where one is measured to gain."""
        if (share := self._settings.sampled_output) is not None:
            return share
        large = self.backbone.config.vocab_size >= LARGE_VOCABULARY
        return CPU_SAMPLED if large and self.device.type == "cpu" else 0.0

    def _candidates(self, parts: list[Part], progress: float) -> Candidates | None:
        """Draw the tokens that this step's output layer is computed for; the same in all processes. None: all tokens."""
        if progress >= self._sampled_share:
            return None
        own = tokens_among([part.example.targets_N for part in parts], self.backbone.config.vocab_size)
        known = self._group.any_of(own)
        generator = np.random.default_rng((self._settings.seed, 2, self.position))
        return draw_candidates(known, self._settings.sampled_rate, generator, self.device)

    def finish(self) -> None:
        """End training: from here on the weights are those that are kept."""
        self.finished = True
        self._average.use()

    def _alone(self) -> AbstractContextManager[None]:
        """Keep gradients on this device: they are exchanged once a step."""
        block = getattr(self.trainer.strategy, "block_backward_sync", None)
        return nullcontext() if block is None else block()

    def _clip(self, optimizer: torch.optim.Optimizer, parts: list[Part], losses: list[torch.Tensor]) -> BadStep | None:
        """Clip the gradient, and return what is bad in it or in the losses of any process.

        The one place where the processor waits for a GPU, and the GPU for what the processors then agree on: numbers must
        be known, to all, before the weights are changed.
        """
        scaler = getattr(self.trainer.precision_plugin, "scaler", None)
        if scaler is not None:
            scaler.unscale_(optimizer)
        norm = gradient_norm(self.backbone.parameters())
        if self._settings.optimizer.clip:
            torch.nn.utils.clip_grads_with_norm_(self.backbone.parameters(), self._settings.optimizer.clip, norm)
        read = torch.stack([norm, *losses]).tolist()
        bad = what_is_bad(0.0 if scaler is not None else read[0], read[1:])
        # In float16 gradients overflow now and then. The step is left out, the scale goes down, and nothing is wrong.
        self._overflowed = scaler is not None and not math.isfinite(read[0])
        if scaler is not None and (self._overflowed or bad is not None):
            scaler.update()
        if not self._group.total([float(bad is not None)])[0]:
            return None
        guilty = [part for part, loss in zip(parts, read[1:], strict=False) if not math.isfinite(loss)] or parts
        documents = {number for part in guilty for number in part.example.documents} if bad is not None else set()
        shared = self._group.join(sorted(documents), LOGGED)
        what = bad or "the loss or gradient of another process was not finite"
        return BadStep(what, tuple(map(self._told, shared.some)), shared.total - len(shared.some))

    def _told(self, document: int) -> str:
        """Return how people can know a document: its number, and how it begins."""
        begins = self._text.tokenizer.decode(self._text.train.document(document)[:DOCUMENT_TOKENS].tolist())
        return f"document {document:,}: {' '.join(begins.split())!r}"

    def stand_before(self) -> None:
        """Stand where the run stood before its latest step, which changed nothing: the position is there still."""

    def pass_over(self) -> None:
        """Go on without the step that was bad."""
        self.position += 1

    def go_back(self, state: dict[str, Any]) -> None:
        """Take the weights and the optimiser's state of a checkpoint; order, clock and budget go on from where they are."""
        self.load_state_dict(state["state_dict"])
        optimizer = self.optimizers()
        assert isinstance(optimizer, pl.core.optimizer.LightningOptimizer)
        optimizer.optimizer.load_state_dict(state["optimizer_states"][0])
        self._average.load(state["nlpsuite"]["average"])

    def transfer_batch_to_device(self, parts: list[Part], device: torch.device, dataloader_idx: int) -> list[Part]:
        """Move a step."""
        return [replace(part, example=part.example.to(device)) for part in parts]

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Make the optimiser; its rate is set before each step from the run's progress."""
        return optimizer_as_set(self.backbone, self._settings.optimizer)

    @property
    def rate_factor(self) -> float:
        """The factor on the peak learning rate now."""
        return self._factor(self.progress)

    def _factor(self, progress: float) -> float:
        o = self._settings.optimizer
        return rate_factor(progress, warmup=o.warmup, decay=o.decay, floor=o.floor)

    def train_dataloader(self) -> DataLoader[list[Part]]:
        """Return the loader, from the step where the run stands."""
        steps = PretrainSteps(
            self._text.order(self.backbone.config.context, self._settings.seed),
            tokenizer=self._text.tokenizer,
            objective=self._settings.objective,
            rows=self._rows,
            first=self._first,
            rank=self._group.rank,
            in_step=is_divided(self.backbone),
        )
        return in_order(steps, self._settings.workers, self.device)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Add what resume needs beside weights, optimiser and step."""
        checkpoint["nlpsuite"] = {
            "seconds": self.pace.watch.seconds,
            "progress": self.progress,
            "position": self.position,
            "step_rows": self._rows.total,
            "validations": self._plan.validations,
            "valid_tokens": self._plan.valid_tokens,
            "bad_steps": self.limit.met,
            "tokens_seen": self.tokens_seen,
            "reserve": self.pace.reserve,
            "finished": self.finished,
            "average": self._average.state(),
        }

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Take it back; the loader starts at the position, for order is a function of seed and position."""
        own = checkpoint["nlpsuite"]
        self.tokens_seen, self.progress, self.finished = own["tokens_seen"], own.get("progress", 0.0), own["finished"]
        self.pace.reserve = own["reserve"]
        self._average.load(own["average"])
        self.pace.watch.start(own["seconds"])
        self.position = self._first = own["position"]
        self.limit.met = own["bad_steps"]
