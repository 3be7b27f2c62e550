"""What happens around the steps of fine-tuning: progress, validation, best weights, early stopping, saving."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any

import pytorch_lightning as pl

from nlpsuite.training.budget import people_count, people_time
from nlpsuite.training.finetune_plan import SCORING_COST
from nlpsuite.training.finetune_scoring import Scored, score_rows
from nlpsuite.training.runfolder import replacing
from nlpsuite.training.validation import CheckedClock

if TYPE_CHECKING:
    from nlpsuite.report import Progress
    from nlpsuite.training.finetune_best import BestWeights
    from nlpsuite.training.finetune_module import FinetuneModule
    from nlpsuite.training.finetune_pace import Pace
    from nlpsuite.training.finetune_plan import FinetunePlan
    from nlpsuite.training.finetune_prepare import Prepared
    from nlpsuite.training.finetune_settings import FinetuneSettings
    from nlpsuite.training.logged import LoggedReporter
    from nlpsuite.training.runfolder import RunFolder
    from nlpsuite.training.signals import StopFlag

LOG_EVERY_SECONDS = 10.0
SAVE_EVERY_SECONDS = 120.0
WRITING_SECONDS = 1.5
"""Kept of a time budget for writing the model and its predictions."""


class FinetuneWatch(pl.Callback):
    """Watch a fine-tuning run from step boundary to step boundary.

    Args:
        run: The run's folder.
        prepared: Task, head, backbone, rows.
        plan: Budget and validations.
        settings: Patience, and the share of time for validations.
        pace: How far the run has come.
        best: Keeps the best weights.
        flag: Set by a signal.
        report: Where to tell.
        bar: The progress bar.

    Attributes:
        finished: Whether training is done: budget spent, or no more progress.
        stopped_early: Whether it was for want of progress.
        best_step: The step of the best weights.
        best_scored: Validation rows and predictions of the best weights, when they are of this part of the run.
    """

    def __init__(
        self,
        run: RunFolder,
        prepared: Prepared,
        plan: FinetunePlan,
        settings: FinetuneSettings,
        pace: Pace,
        best: BestWeights,
        flag: StopFlag,
        report: LoggedReporter,
        bar: Progress,
    ):
        self._run, self._prepared, self._plan, self._settings = run, prepared, plan, settings
        self._pace, self._best, self._flag, self._report, self._bar = pace, best, flag, report, bar
        self._clock = CheckedClock(plan.validations)
        self._step = self._first_step = self._tokens_before = 0
        self._validating = self._validation_cost = self._validated = self._logged = self._saved = 0.0
        self._best_score = -math.inf
        self._since_best = 0
        self.finished = self.stopped_early = False
        self.best_step = 0
        self.best_scored: Scored | None = None

    def state_dict(self) -> dict[str, Any]:
        """Return what a resumed run must know; Lightning puts it into the checkpoint."""
        return {
            "best_score": self._best_score,
            "best_step": self.best_step,
            "since_best": self._since_best,
            "finished": self.finished,
            "stopped_early": self.stopped_early,
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take it back."""
        self._best_score, self.best_step = state_dict["best_score"], state_dict["best_step"]
        self._since_best, self.finished = state_dict["since_best"], state_dict["finished"]
        self.stopped_early = state_dict["stopped_early"]

    @property
    def training_seconds(self) -> float:
        """Seconds spent in steps in this part of the run."""
        return max(1e-9, time.monotonic() - self._started - self._validating)

    def tokens_per_second(self, module: FinetuneModule) -> float:
        """Training speed in this part of the run, validations left out."""
        return (module.tokens_seen - self._tokens_before) / self.training_seconds

    def on_train_start(self, trainer: pl.Trainer, pl_module: Any) -> None:
        """Note where this part of the run starts."""
        self._started = self._validated = self._saved = time.monotonic()
        self._step = self._first_step = trainer.global_step
        self._tokens_before = pl_module.tokens_seen
        self._pace.begin(pl_module.progress)
        self._clock.due(pl_module.progress)

    def on_train_batch_end(self, trainer: pl.Trainer, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        """At a step boundary: tell, validate and save when due, stop when the run is done or a signal came."""
        if trainer.global_step == self._step:
            return
        self._step = trainer.global_step
        # All devices follow the clock and the signals of the first, so that they do the same.
        now = self._pace.progress(self._step), self._flag.signal_number, self._validation_due()
        pl_module.progress, signal_number, due = trainer.strategy.broadcast(now)
        done = pl_module.progress >= 1.0
        self._tell(pl_module, first=self._step == self._first_step + 1)
        if done or due:
            self._validate(trainer, pl_module)
        self.finished = self.finished or done
        if self.finished or signal_number is not None or time.monotonic() - self._saved > SAVE_EVERY_SECONDS:
            self._save(trainer)
        if self.finished or signal_number is not None:
            trainer.should_stop = True
