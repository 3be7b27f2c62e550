"""What happens around the steps of pretraining: progress, validation, sampled continuations, saving, stopping."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Any

import pytorch_lightning as pl
import torch

from nlpsuite.backbone.compiled import uncompiled
from nlpsuite.backbone.sampling import Sampling, continue_ids
from nlpsuite.people import people_count, people_time
from nlpsuite.training.budget import CheckedClock
from nlpsuite.training.finite import check_finite
from nlpsuite.training.pretraining.divided import undivided

if TYPE_CHECKING:
    from nlpsuite.backbone.model import Backbone
    from nlpsuite.report import Progress
    from nlpsuite.text.tokenizer import Tokenizer
    from nlpsuite.training.bad_steps import BadSteps
    from nlpsuite.training.budget import Budget, Stopwatch
    from nlpsuite.training.logged import LoggedReporter
    from nlpsuite.training.pretraining.module import PretrainModule
    from nlpsuite.training.pretraining.settings import PretrainSettings
    from nlpsuite.training.pretraining.validation import ValidationText
    from nlpsuite.training.runfolder import RunFolder
    from nlpsuite.training.signals import StopFlag
    from nlpsuite.training.together import Together

SAMPLE_PROMPT, SAMPLE_LENGTH = 12, 40
LOG_EVERY_SECONDS = 30.0
WRITING_SPEED = 4e6
"""Parameters a second that a save writes, about: a checkpoint, and the model."""


class PretrainWatch(pl.Callback):
    """Watch a pretraining run from step boundary to step boundary.

    Args:
        run: The run's folder.
        budget: How long the run may go on.
        watch: Its clock.
        validation: The held-out rows; None: none to validate on.
        tokenizer: To show continuations as text.
        settings: Seed and number of continuations.
        validations: How often to validate and save.
        flag: Set by a signal.
        group: The processes that train together; the first alone writes and tells.
        bad_steps: Deals with steps whose numbers have gone bad.
        report: Where to tell.
        progress: The bar.
    """

    def __init__(
        self,
        run: RunFolder,
        budget: Budget,
        watch: Stopwatch,
        validation: ValidationText | None,
        tokenizer: Tokenizer,
        settings: PretrainSettings,
        validations: int,
        flag: StopFlag,
        group: Together,
        bad_steps: BadSteps,
        report: LoggedReporter,
        progress: Progress,
    ):
        self._run, self._budget, self._watch = run, budget, watch
        self._validation, self._tokenizer, self._settings = validation, tokenizer, settings
        self._flag, self._group, self._bad_steps = flag, group, bad_steps
        self._report, self._progress = report, progress
        self._clock = CheckedClock(validations)
        self._step = self._first_step = 0
        self._tokens_before = 0
        self._started = time.monotonic()
        self._validating = 0.0
        self._logged = 0.0
        self._losses: dict[str, float] = {}
        self.last_scores: dict[str, float] = {}
        self.scored_tokens = 0
        self.validated_step = -1

    @property
    def training_seconds(self) -> float:
        """Seconds spent in steps in this part of the run."""
        return max(1e-9, time.monotonic() - self._started - self._validating)

    def tokens_per_second(self, module: PretrainModule) -> float:
        """Training speed in this part of the run, validations left out."""
        return (module.tokens_seen - self._tokens_before) / self.training_seconds

    def on_train_start(self, trainer: pl.Trainer, pl_module: Any) -> None:
        """Note where this part of the run starts, and hear signals in place of Lightning, which stops mid-step."""
        self._flag.wait_for_boundaries()
        pl_module.pace.begin(pl_module.progress)
        pl_module.agree()
        self._started = time.monotonic()
        self._step = self._first_step = trainer.global_step
        self._tokens_before = pl_module.tokens_seen
        if self._step:
            self._clock.due(pl_module.progress)

    def on_train_batch_end(self, trainer: pl.Trainer, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        """At a step boundary: tell, validate and save when due, stop when the budget is spent or a signal came."""
        self._step = trainer.global_step
        progress = pl_module.progress
        if pl_module.bad is not None:
            save = partial(trainer.save_checkpoint, self._run.last)
            self._bad_steps.meet(pl_module.bad, pl_module.position + 1, pl_module, save)
        else:
            self._tell(pl_module)
        due = self._clock.due(progress)
        # Kept, not asked again later: a resumed run must know that this one had come to its end.
        if progress >= 1.0:
            pl_module.finish()
        stopping = pl_module.signal_number is not None or pl_module.finished
        if due:
            self.validate(pl_module)
        if due or stopping:
            trainer.save_checkpoint(self._run.last)
        if stopping:
            trainer.should_stop = True

    def _keep(self, figures: dict[str, float | int]) -> None:
        if self._group.is_first:
            self._run.append_metrics(figures)

    def _tell(self, module: PretrainModule) -> None:
        now = self._watch.seconds
        ends = self._step == self._first_step + 1 or module.progress >= 1.0
        due = ends or now - self._logged >= LOG_EVERY_SECONDS
        per_step = self.training_seconds / max(1, self._step - self._first_step)
        left = self._budget.seconds_left(self._step, now, per_step)
        # Reading a loss waits for the device, so it is read only as often as a person can follow.
        if due or self._step % 10 == 0:
            self._losses = {name: float(loss) for name, loss in module.last_losses.items()}
        speed = self.tokens_per_second(module)
        losses = "  ".join(
            f"{name.removeprefix('train/').replace('_', ' ')} {x:.3f}" for name, x in self._losses.items()
        )
        note = f"step {self._step:,}  {losses}  lr x{module.rate_factor:.3f}  {people_count(speed)} tokens/s"
        self._progress.update(module.progress * 100.0, note)
        if due:
            self._logged = now
            self._report.keep(f"{note}  {people_time(left)} left")
            self._keep(
                {
                    "step": self._step,
                    "seconds": round(now, 1),
                    "tokens": module.tokens_seen,
                    **{name: round(loss, 5) for name, loss in self._losses.items()},
                    "lr_factor": round(module.rate_factor, 5),
                    "tokens_per_second": round(speed, 1),
                }
            )

    def validate(self, module: PretrainModule) -> None:
        """Score the held-out rows in the ways the run learns, tell, and show continuations."""
        self.validated_step = self._step
        if self._validation is not None:
            with uncompiled(module.backbone):
                self._validate(module, self._validation)

    def _validate(self, module: PretrainModule, validation: ValidationText) -> None:
        begun = time.monotonic()
        backbone = undivided(module.backbone)
        scores: dict[str, float] = {}
        said = []
        if (causal := validation.causal(backbone)) is not None:
            scores["val/loss"] = causal.loss
            scores["val/perplexity"] = causal.perplexity
            scores["val/bits_per_byte"] = causal.bits_per_byte
            said.append(
                f"validation loss {causal.loss:.3f}, perplexity {causal.perplexity:.1f}, "
                f"{causal.bits_per_byte:.3f} bits per byte"
            )
        if (masked := validation.masked(backbone)) is not None:
            scores["val/masked_loss"] = masked.loss
            said.append(f"masked loss {masked.loss:.3f}")
        check_finite(scores, self._step, self._settings.optimizer.lower)
        self.last_scores = scores
        self.scored_tokens = next((each.tokens for each in (causal, masked) if each is not None), 0)
        self._keep(
            {"step": self._step, "seconds": round(self._watch.seconds, 1), "tokens": module.tokens_seen}
            | {name: round(value, 5) for name, value in scores.items()}
        )
        self._report.say(f"step {self._step:,}: {', '.join(said)}")
        if causal is not None and self._group.is_first:
            self._show_samples(backbone, validation)
        spent = time.monotonic() - begun
        self._validating += spent
        # The last validation and the writing of the model must fit into the budget too.
        module.pace.reserve = spent + module.backbone.config.parameters / WRITING_SPEED

    def take_over(self, step: int, module: PretrainModule) -> None:
        """Stand where a stopped run had come to its end, in place of training."""
        self._step = self._first_step = step
        self._tokens_before = module.tokens_seen

    def _show_samples(self, backbone: Backbone, validation: ValidationText) -> None:
        tokenizer = self._tokenizer
        backbone.eval()
        for number, prompt in enumerate(validation.prompts(self._settings.samples, SAMPLE_PROMPT)):
            new = continue_ids(
                backbone,
                prompt,
                max_new=SAMPLE_LENGTH,
                sampling=Sampling(),
                generator=torch.Generator().manual_seed(self._settings.seed + number),
                stop_ids=[tokenizer.eos_id],
                banned_ids=[tokenizer.mask_id, tokenizer.pad_id],
            )
            self._report.say(
                f"  sample: {_one_line(tokenizer.decode(prompt))} → {_one_line(tokenizer.decode(list(new)))}"
            )
        backbone.train()


def _one_line(text: str) -> str:
    return " ".join(text.split())
