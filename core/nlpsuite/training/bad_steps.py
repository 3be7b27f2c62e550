"""What a run does about a step whose numbers have gone bad: stop, go on without it, or go back to what was saved last."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from nlpsuite.errors import UserError
from nlpsuite.training.checkpoints import find_checkpoint, has_checkpoint
from nlpsuite.training.finite import NAMED

if TYPE_CHECKING:
    from collections.abc import Callable

    from nlpsuite.training.finite import BadStep, Limit, OnNan
    from nlpsuite.training.logged import LoggedReporter
    from nlpsuite.training.runfolder import RunFolder


class Trained(Protocol):
    """What a module knows of its steps."""

    limit: Limit

    def stand_before(self) -> None:
        """Stand where the run stood before its latest step, which changed nothing."""

    def pass_over(self) -> None:
        """Go on without the latest step."""

    def go_back(self, state: dict[str, Any]) -> None:
        """Take the weights and the optimiser's state of a checkpoint, and go on in the order from where the run is."""


class BadSteps:
    """Does with bad steps what the user asks for.

    Args:
        run: The run's folder.
        wanted: What to do.
        resume_command: What the user types to go on after a stop.
        lower: What to do about rates that are too high.
        report: Where to tell.
    """

    def __init__(self, run: RunFolder, wanted: OnNan, resume_command: str, lower: str, report: LoggedReporter):
        self._run, self._wanted, self._resume_command, self._report = run, wanted, resume_command, report
        self._lower = lower

    def meet(self, bad: BadStep, step: int, module: Trained, save: Callable[[], None]) -> None:
        """Deal with one; all processes must call it.

        Args:
            bad: What was bad.
            step: Its number, for people.
            module: What is trained.
            save: Saves a checkpoint.

        Raises:
            UserError: The run stops, either because that is asked for or because it cannot go on; its state is saved.
        """
        told, checkpoints = bad.told(step), self._run.last.parent
        if len(bad.sources) > NAMED:
            self._report.keep(bad.told(step, named=len(bad.sources)))
        nothing_saved = self._wanted == "rollback" and not has_checkpoint(checkpoints)
        too_many = self._wanted != "stop" and module.limit.reached()
        if self._wanted == "stop" or nothing_saved or too_many:
            module.stand_before()
            save()
            fix = f"{self._lower}, or go on without that step: {self._resume_command} --on-nan skip"
            if too_many:
                told, fix = (
                    f"{told}, bad step number {module.limit.met:,}",
                    f"{self._lower}, or look at these texts",
                )
            raise UserError(f"{told}; the weights before it are saved", where=self._run.path, fix=fix)
        module.pass_over()
        if self._wanted == "skip":
            self._report.warn(f"{told}; going on without it")
            return
        found = find_checkpoint(checkpoints, self._report)
        module.go_back(found.state)
        self._report.warn(
            f"{told}; back to the weights of step {found.state['global_step']:,}, and on with what follows it"
        )
