"""Whether the network is compiled: always on a GPU, on a CPU where a trial shows that it pays, or as the user says."""

from __future__ import annotations

import copy
import time
from statistics import median
from typing import TYPE_CHECKING

from nlpsuite.backbone.compiled import compile_blocks
from nlpsuite.backbone.machine import per_second
from nlpsuite.people import people_time
from nlpsuite.training.pretraining.trial import run_parts, trial_parts

if TYPE_CHECKING:
    from nlpsuite.backbone.machine import Machine
    from nlpsuite.backbone.model import Backbone
    from nlpsuite.report import Reporter
    from nlpsuite.training.pretraining.data import StepRows
    from nlpsuite.training.pretraining.prepare import PreparedText
    from nlpsuite.training.pretraining.settings import PretrainSettings

WORTH_A_TRIAL = 1800.0
"""Seconds of budget from which on the trial, and compiling again for rows of two other lengths, are a small part of a run."""
ROUNDS, ROUND_SECONDS = 5, 0.4
WORTH_IT = 1.02
"""A smaller gain may be chance."""


def choose_compiled(
    backbone: Backbone,
    text: PreparedText,
    settings: PretrainSettings,
    rows: StepRows,
    machine: Machine,
    report: Reporter,
) -> bool:
    """Return whether to compile, and tell what a trial found.

    A trial is made on a CPU under a time budget only: a run counted in steps is the same to the last bit whatever the
    machine's speed, and compiled code rounds in another way.

    Args:
        backbone: On its device; it is left as it is.
        text: Gives the rows to try.
        settings: What the user said.
        rows: How a step is divided.
        machine: Device and number format.
        report: Where to tell.
    """
    if settings.compile is not None:
        return settings.compile
    if machine.device.type == "cuda":
        return True
    if (settings.planned_seconds or 0.0) < WORTH_A_TRIAL:
        return False
    parts = trial_parts(backbone, text, settings, rows, machine)
    compiled = copy.deepcopy(backbone)
    begun = time.perf_counter()
    try:
        compile_blocks(compiled)
        run_parts(compiled, parts, machine)
    except (RuntimeError, OSError, ImportError) as error:
        # Above all: no C++ compiler, which is no fault of anybody's.
        said = str(error).strip() or type(error).__name__
        report.say(f"not compiled: {said.splitlines()[0]}")
        return False
    spent = time.perf_counter() - begun
    ratios = []
    for _ in range(ROUNDS):
        plain = per_second(lambda: run_parts(backbone, parts, machine), machine.device, ROUND_SECONDS)
        ratios.append(per_second(lambda: run_parts(compiled, parts, machine), machine.device, ROUND_SECONDS) / plain)
    backbone.zero_grad(set_to_none=True)
    gain = median(ratios)
    worth_it = gain >= WORTH_IT
    report.say(
        f"{'compiled' if worth_it else 'not compiled'}: {gain:.2f} times the speed, tried in {people_time(spent)}"
    )
    return worth_it
