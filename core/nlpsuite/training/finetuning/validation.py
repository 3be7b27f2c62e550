"""Validation while fine-tuning: when, at what cost, which weights are the best so far, and when to give up hope."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any

from nlpsuite.errors import UserError
from nlpsuite.training.budget import CheckedClock
from nlpsuite.training.finetuning.plan import SCORING_COST
from nlpsuite.training.finetuning.scoring import Scored, score_rows

if TYPE_CHECKING:
    from collections.abc import Callable

    from nlpsuite.training.finetuning.best import BestWeights
    from nlpsuite.training.finetuning.plan import FinetunePlan
    from nlpsuite.training.finetuning.prepare import Prepared
    from nlpsuite.training.finetuning.settings import FinetuneSettings


class Validator:
    """Scores the validation rows and keeps the best weights.

    Args:
        prepared: Task, head, backbone, rows.
        plan: How often, and how many tokens that is.
        settings: Patience, and the share of time for validations.
        best: Keeps the best weights.

    Attributes:
        best_step: The step of the best weights.
        best_scored: Validation rows and predictions of the best weights; None before the first validation of this process.
    """

    def __init__(self, prepared: Prepared, plan: FinetunePlan, settings: FinetuneSettings, best: BestWeights):
        self._prepared, self._plan, self._settings, self._best = prepared, plan, settings, best
        self._clock = CheckedClock(plan.validations)
        self._ended = time.monotonic()
        self._best_score = -math.inf
        self._since_best = 0
        self._known: list[int] = []
        self.seconds = 0.0
        self._latest_seconds: float | None = None
        self.best_step = 0
        self.best_scored: Scored | None = None

    def begin(self, progress: float) -> None:
        """Note that training begins, or goes on at `progress`."""
        self._clock.due(progress)
        self._ended = time.monotonic()

    def due(self, progress: float) -> bool:
        """Whether a validation is due. By the clock, one that would take too large a share of the time is left out."""
        if not self._clock.due(progress):
            return False
        if progress >= 1.0 or self._plan.budget.seconds is None or self._latest_seconds is None:
            return True
        since = time.monotonic() - self._ended
        return self._latest_seconds <= self._settings.validation_share * since

    def validate(self, step: int, between: Callable[[], None] = lambda: None) -> tuple[Scored, bool]:
        """Score the validation rows; keep the weights if they are the best so far.

        Args:
            step: Steps done.
            between: Called now and then; may raise to stop, and nothing has come of the validation then.

        Returns:
            The scores, and whether they are the best.
        """
        begun = time.monotonic()
        brief = self._prepared.task.brief_validation
        scored = score_rows(self._prepared, self._prepared.rows.valid, brief=brief, between=between)
        if (monitor := self._prepared.task.monitor) not in scored.metrics:
            what = f"the validation rows give no {monitor}, by which the best weights are picked"
            fix = "give validation rows that fit into the backbone's context, with what is to be predicted"
            raise UserError(what, where=self._prepared.rows.valid[0].where, fix=fix)
        score = self._sign * scored.metrics[monitor]
        # Of equals the later is taken: it has seen more, at a lower rate.
        better = score >= self._best_score or (self.best_scored is None and self.best_step == 0)
        if better:
            self._since_best = 0 if score > self._best_score else self._since_best + 1
            self._best_score, self.best_step, self.best_scored = score, step, scored
            self._best.save(step)
        else:
            self._since_best += 1
        self._ended = time.monotonic()
        self._latest_seconds = self._ended - begun
        self.seconds += self._latest_seconds
        return scored, better

    @property
    def hopeless(self) -> bool:
        """Whether patience is at its end."""
        return 0 < self._settings.patience <= self._since_best

    def reserve(self, training_seconds_per_token: float) -> float:
        """Return the seconds that the last validation and the scoring after training will take."""
        per_token = SCORING_COST * training_seconds_per_token
        if self._latest_seconds is not None:
            per_token = self._latest_seconds / max(1, self._plan.valid_tokens)
        return per_token * (self._plan.valid_tokens + self._prepared.task.decoding_cost * self._plan.final_tokens)

    def saved(self) -> None:
        """Note that a checkpoint was saved, which knows of the best weights; those that none knows of are cleared away."""
        self._known = [self.best_step, *self._known][:2]
        if len(self._known) == 2:
            self._best.keep({self.best_step, *self._known})

    def state(self) -> dict[str, Any]:
        """Return what a resumed run must know."""
        return {"best_score": self._best_score, "best_step": self.best_step, "since_best": self._since_best}

    def restore(self, state: dict[str, Any]) -> None:
        """Take it back."""
        self._best_score, self.best_step, self._since_best = (
            state["best_score"],
            state["best_step"],
            state["since_best"],
        )

    @property
    def _sign(self) -> float:
        return 1.0 if self._prepared.task.monitor_mode == "max" else -1.0
