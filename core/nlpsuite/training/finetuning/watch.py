"""What happens around the steps of fine-tuning: progress, validation, early stopping, saving."""

from __future__ import annotations

import math
import time
from functools import partial
from typing import TYPE_CHECKING, Any

import pytorch_lightning as pl
import torch

from nlpsuite.people import people_count, people_time

if TYPE_CHECKING:
    from nlpsuite.report import Progress
    from nlpsuite.training.bad_steps import BadSteps
    from nlpsuite.training.finetuning.module import FinetuneModule
    from nlpsuite.training.finetuning.validation import Validator
    from nlpsuite.training.logged import LoggedReporter
    from nlpsuite.training.pace import Pace
    from nlpsuite.training.runfolder import RunFolder
    from nlpsuite.training.signals import StopFlag

LOG_EVERY_SECONDS = 10.0
SAVE_EVERY_SECONDS = 120.0
WRITING_SECONDS, WRITING_SPEED = 0.3, 20e6
"""Kept of a time budget for writing: seconds, and parameters a second."""
LARGEST_RESERVE = 0.5
"""Share of a time budget that may be kept for what follows training."""
COSTLY = 0.25
"""Share of it from which on people are told, since a short run may then train for a few steps only."""


class _Stopped(Exception):
    """A signal came in the middle of a validation."""


class FinetuneWatch(pl.Callback):
    """Watch a fine-tuning run from step boundary to step boundary.

    Args:
        run: The run's folder.
        pace: How far the run has come.
        validator: Scores the validation rows.
        monitor: The metric that picks the best weights.
        flag: Set by a signal.
        bad_steps: Deals with steps whose numbers have gone bad.
        report: Where to tell.
        bar: The progress bar.

    Attributes:
        finished: Whether training is done: its budget is spent, or patience is at its end.
        stopped_early: Whether it was patience.
        signal_number: The signal that any process noticed, or None.
    """

    def __init__(
        self,
        run: RunFolder,
        pace: Pace,
        validator: Validator,
        monitor: str,
        flag: StopFlag,
        bad_steps: BadSteps,
        report: LoggedReporter,
        bar: Progress,
    ):
        self._run, self._pace, self._validator, self._monitor = run, pace, validator, monitor
        self._flag, self._bad_steps, self._report, self._bar = flag, bad_steps, report, bar
        self._step = 0
        self._earlier_seconds = 0.0
        self._started: float | None = None
        self._saved = 0.0
        self._logged = -math.inf
        self._loss = math.nan
        self._told_of_cost = False
        self._owed = self._unsaved = False
        self.finished = self.stopped_early = False
        self.signal_number: int | None = None

    def state_dict(self) -> dict[str, Any]:
        """Return what a resumed run must know; Lightning puts it into the checkpoint."""
        own = {"finished": self.finished, "stopped_early": self.stopped_early, "owed": self._owed}
        return own | {"training_seconds": self.training_seconds} | self._validator.state()

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take it back."""
        self.finished, self.stopped_early = state_dict["finished"], state_dict["stopped_early"]
        self._owed = state_dict.get("owed", False)
        self._earlier_seconds = state_dict["training_seconds"]
        self._validator.restore(state_dict)

    @property
    def training_seconds(self) -> float:
        """Seconds spent in steps, over all parts of the run."""
        here = 0.0 if self._started is None else time.monotonic() - self._started - self._validator.seconds
        return max(1e-9, self._earlier_seconds + here)

    def tokens_per_second(self, module: FinetuneModule) -> float:
        """Training speed of one device over the whole run, validations left out."""
        return module.tokens_seen / self.training_seconds

    def on_train_start(self, trainer: pl.Trainer, pl_module: Any) -> None:
        """Note where this part of the run starts, and hear signals in place of Lightning, which stops mid-step."""
        self._flag.wait_for_boundaries()
        self._started = self._saved = time.monotonic()
        self._step = trainer.global_step
        self._pace.begin(pl_module.progress)
        self._validator.begin(pl_module.progress)
        if self._owed:
            # The run was stopped in the middle of a validation: which weights are the best is still to be found out.
            self._unsaved = self._validate(trainer, pl_module, to_its_end=True)
            self.finished = trainer.should_stop = self.stopped_early

    def on_train_batch_end(self, trainer: pl.Trainer, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        """At a step boundary: tell, validate and save when due, stop when the run is done or a signal came."""
        if trainer.global_step == self._step:
            return
        self._step = trainer.global_step
        # All devices follow the clock of the first and the signals of any, so that they all do the same.
        progress = self._pace.progress(self._step)
        late = time.monotonic() - self._saved > SAVE_EVERY_SECONDS
        pl_module.progress, due, late = trainer.strategy.broadcast((progress, self._validator.due(progress), late))
        self.signal_number = self._heard(trainer)
        # Before the task itself is trained its scores say nothing, and must neither be the best nor try anyone's patience.
        due = due and not pl_module.adapts
        if pl_module.bad is not None:
            save = partial(trainer.save_checkpoint, self._run.last)
            self._bad_steps.meet(pl_module.bad, self._step, pl_module, save)
        else:
            self._tell(pl_module)
        best = due and self._validate(trainer, pl_module)
        # A validation may take minutes, in which a signal may come.
        self.signal_number = self.signal_number or self._heard(trainer)
        self.finished = pl_module.progress >= 1.0 or self.stopped_early
        stopping = self.finished or self.signal_number is not None
        if stopping:
            trainer.should_stop = True
        # The best weights lie in a file of their own, so the state that knows of them is saved along with them.
        if stopping or best or late or self._unsaved:
            trainer.save_checkpoint(self._run.last)
            self._unsaved = False
            self._saved = time.monotonic()
            self._validator.saved()
        self._pace.reserve = self._reserve(pl_module)

    def _heard(self, trainer: pl.Trainer) -> int | None:
        """Return the signal that any process has heard."""
        own = torch.tensor(self._flag.signal_number or 0, device=trainer.strategy.root_device)
        return int(trainer.strategy.reduce(own, reduce_op="max")) or None

    def _tell(self, module: FinetuneModule) -> None:
        now = time.monotonic()
        due = now - self._logged >= LOG_EVERY_SECONDS
        # Reading the loss waits for the device, so it is read only as often as a person can follow.
        if due or self._step % 10 == 0:
            assert module.last_loss is not None
            self._loss = float(module.last_loss)
        per_step = self.training_seconds / self._step
        speed, left = self.tokens_per_second(module), self._pace.seconds_left(self._step, per_step)
        note = f"step {self._step:,}  loss {self._loss:.3f}  lr x{module.rate:.3f}  {people_count(speed)} tokens/s"
        self._bar.update(module.progress * 100.0, note)
        if due:
            self._logged = now
            self._report.keep(f"{note}  {people_time(left)} left")
            figures = {"tokens": module.tokens_seen, "train/loss": self._loss, "lr_factor": module.rate}
            self._keep(figures | {"tokens_per_second": speed})

    def _validate(self, trainer: pl.Trainer, module: FinetuneModule, *, to_its_end: bool = False) -> bool:
        """Validate, tell, and return whether the weights are the best; a signal ends it, but for the last one of a run.

        One that was ended is owed: the run that goes on begins with it.
        """
        to_its_end = to_its_end or trainer.world_size > 1 or module.progress >= 1.0

        def between() -> None:
            if not to_its_end and self._flag.signal_number is not None:
                raise _Stopped

        try:
            scored, best = self._validator.validate(self._step, between)
        except _Stopped:
            self._owed = True
            return False
        self._owed = False
        self._keep({"tokens": module.tokens_seen} | {f"val/{name}": value for name, value in scored.metrics.items()})
        shown = ", ".join(f"{name} {value:.4f}" for name, value in scored.metrics.items())
        self._report.say(f"step {self._step:,}: validation {shown}" + ("  (best so far)" if best else ""))
        if self._validator.hopeless and module.progress < 1.0:
            self.stopped_early = True
            self._report.say(f"stopped early: {self._monitor} has not risen for a while")
        return best

    def _keep(self, figures: dict[str, float]) -> None:
        rounded = {name: round(value, 6) if isinstance(value, float) else value for name, value in figures.items()}
        self._run.append_metrics({"step": self._step, "seconds": round(self._pace.watch.seconds, 1)} | rounded)

    def _reserve(self, module: FinetuneModule) -> float:
        """Return the seconds to keep of a time budget for what follows training."""
        if self._pace.budget.seconds is None:
            return 0.0
        per_token = self.training_seconds / max(1, module.tokens_seen)
        parameters = sum(parameter.numel() for parameter in module.parameters())
        after = self._validator.reserve(per_token) + WRITING_SECONDS + parameters / WRITING_SPEED
        if self._validator.seconds and not self._told_of_cost and after > COSTLY * self._pace.budget.seconds:
            self._told_of_cost = True
            self._report.warn(costly_scoring(after, self._pace.budget.seconds))
        return min(after, LARGEST_RESERVE * self._pace.budget.seconds)


def costly_scoring(after: float, budget: float) -> str:
    """Return what to tell of scoring that takes a large part of a time budget.

    Args:
        after: Seconds that scoring after training will take.
        budget: Seconds of the budget.
    """
    needs = f"scoring validation and test rows at the end takes about {people_time(after)} of the {people_time(budget)}"
    return f"{needs}; give more --time, or fewer rows to score, to train for longer"
