"""Before pretraining starts: how fast this machine is at this network, and how many rows it should compute at once."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import torch

from nlpsuite.backbone.machine import per_second
from nlpsuite.backbone.objectives import objective_loss
from nlpsuite.training.pretraining.data import PretrainSteps, StepRows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nlpsuite.backbone.machine import Machine
    from nlpsuite.backbone.model import Backbone
    from nlpsuite.training.pretraining.data import Part
    from nlpsuite.training.pretraining.prepare import PreparedText
    from nlpsuite.training.pretraining.settings import PretrainSettings

TRIAL_SECONDS = 0.7
"""How long each size is tried."""
LARGEST_CPU_TOKENS = 8_192
"""Activations of more than this are far outside of any cache."""
SURELY_TRIED = 4
"""From so many rows on the first size that is no faster is the last one tried."""
WORTH_IT = 1.02
"""A larger size takes more memory, so it must be this much faster than the best smaller one."""


def measure_speed(
    backbone: Backbone, text: PreparedText, settings: PretrainSettings, rows: StepRows, machine: Machine
) -> float:
    """Measure tokens a second of one device in forward and backward passes; leaves the weights as they are.

    Args:
        backbone: On its device.
        text: Gives the first step's rows.
        settings: What is predicted.
        rows: How a step is divided.
        machine: Device and number format.
    """
    parts = trial_parts(backbone, text, settings, rows, machine)
    rate = per_second(lambda: run_parts(backbone, parts, machine), machine.device, seconds=TRIAL_SECONDS)
    backbone.zero_grad(set_to_none=True)
    return rate * sum(part.example.tokens for part in parts)


def trial_parts(
    backbone: Backbone, text: PreparedText, settings: PretrainSettings, rows: StepRows, machine: Machine
) -> list[Part]:
    """Return one part of each kind of the first step, enough to know the speed of all; arguments as of `measure_speed`."""
    steps = PretrainSteps(
        text.order(backbone.config.context, settings.seed),
        tokenizer=text.tokenizer,
        objective=settings.objective,
        rows=rows,
    )
    parts = [replace(part, example=part.example.to(machine.device)) for part in steps[0]]
    return list({part.example.mode: part for part in parts}.values())


def run_parts(backbone: Backbone, parts: Sequence[Part], machine: Machine) -> None:
    """Add up the gradients of some parts as training does."""
    for part in parts:
        with torch.autocast(machine.device.type, torch.bfloat16, enabled=machine.precision != "32-true"):
            loss = objective_loss(backbone, part.example)
        loss.backward()  # type: ignore[no-untyped-call]


def choose_rows_at_once(
    backbone: Backbone, text: PreparedText, settings: PretrainSettings, rows: StepRows, machine: Machine
) -> StepRows:
    """Return `rows` with the number of rows at once that a trial finds fastest.

    What is fastest depends on the caches: activations and logits of a few rows stay in them, those of many do not, and
    those of one row are too small to keep every core busy.

    Args:
        backbone: On its device.
        text: Gives the rows to try.
        settings: What is predicted.
        rows: How a step is divided; `at_once` is the most to try.
        machine: Device and number format.
    """
    best, best_speed, number = rows, 0.0, 1
    while number <= rows.at_once:
        tried = replace(rows, at_once=number)
        speed = measure_speed(backbone, text, settings, tried, machine)
        if speed > best_speed * WORTH_IT:
            best, best_speed = tried, speed
        elif number >= SURELY_TRIED:
            # More rows would cost memory and time to find out the same.
            break
        number *= 2
    return best
