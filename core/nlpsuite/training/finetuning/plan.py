"""Before fine-tuning starts: which batches, how many steps, how often to validate; and say so."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nlpsuite.errors import UserError
from nlpsuite.people import people_count, people_time
from nlpsuite.tasks.batches import BatchOrder
from nlpsuite.training.budget import Budget
from nlpsuite.training.finetuning.memory import tell_memory

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from nlpsuite.backbone.machine import Machine
    from nlpsuite.report import Reporter
    from nlpsuite.tasks.task import Row, Window
    from nlpsuite.training.finetuning.prepare import Prepared
    from nlpsuite.training.finetuning.settings import FinetuneSettings

CPU_MICRO, GPU_MICRO = 2_048, 32_768
FEWEST_WINDOWS, CPU_WINDOWS, GPU_WINDOWS = 16, 64, 128
"""Windows in an optimiser step: few where rows are few, so that there are enough steps."""
CPU_STEP_TOKENS = 4_096
"""A step on a CPU has no more tokens, but for the fewest windows: long windows would leave a short run a few dozen steps."""
STEPS_PER_EPOCH = 300
"""What an epoch has about, between those bounds."""
EPOCHS, MOST_EPOCHS, FEWEST_STEPS = 3, 15, 600
"""Epochs where nothing is said: 3, or as many as make 600 steps, but not over 15."""
CALIBRATION_ROWS = 20_000
"""Training rows whose predictions are held at once, where a task calibrates on them."""
SCORING_COST = 0.4
"""Time to score a token, as a share of the time to train on it, before it is measured."""


@dataclass(frozen=True, slots=True)
class FinetunePlan:
    """How the run goes.

    Attributes:
        order: Which windows form which micro-batch.
        micro_tokens: Tokens of a micro-batch, at the most, but for a longer window.
        per_step: Micro-batches that one device adds up for an optimiser step.
        world: Devices.
        budget: How long.
        validations: How often to validate, at even distances.
        final_tokens: Tokens to score after training.
        valid_tokens: Tokens in the validation rows.
    """

    order: BatchOrder
    micro_tokens: int
    per_step: int
    world: int
    budget: Budget
    validations: int
    final_tokens: int
    valid_tokens: int

    def epochs(self, micro: int) -> float:
        """Return the passes over the data that `micro` micro-batches of one device are."""
        number = micro * self.world
        epoch = self.order.epoch_of(number)
        start, end = self.order.first(epoch), self.order.first(epoch + 1)
        return epoch + (number - start) / (end - start)


def make_plan(prepared: Prepared, settings: FinetuneSettings, machine: Machine, world: int) -> FinetunePlan:
    """Decide on batches, steps and validations; the same data and settings give the same plan.

    Raises:
        UserError: More than one budget is set.
    """
    lengths = [len(window.ids) for window in prepared.windows]
    micro, per_step = _batch_sizes(lengths, settings, machine, world)
    order = BatchOrder(lengths, micro, settings.seed)
    budget = _budget(order, settings, per_step * world)
    valid_tokens = _tokens(prepared, prepared.rows.valid)
    again = valid_tokens if settings.tune == "lora" or prepared.task.brief_validation else 0
    final_tokens = again + (_tokens(prepared, prepared.rows.test) if prepared.rows.test else 0)
    if prepared.task.calibrates_on == "train":
        final_tokens += valid_tokens + _tokens(prepared, calibration_rows(prepared.rows.train))
    validations = settings.validations
    if budget.steps is not None:
        trained = budget.steps * per_step * world * sum(lengths) / order.first(1)
        affordable = settings.validation_share * trained / max(1.0, SCORING_COST * valid_tokens)
        validations = max(1, min(validations, budget.steps, int(affordable)))
    return FinetunePlan(order, micro, per_step, world, budget, validations, final_tokens, valid_tokens)


def _batch_sizes(lengths: Sequence[int], settings: FinetuneSettings, machine: Machine, world: int) -> tuple[int, int]:
    """Return the tokens of a micro-batch, and how many of them one device adds up for a step."""
    on_gpu = machine.device.type == "cuda"
    mean = sum(lengths) / len(lengths)
    usual = min(GPU_WINDOWS if on_gpu else CPU_WINDOWS, max(FEWEST_WINDOWS, len(lengths) // STEPS_PER_EPOCH))
    if not on_gpu:
        usual = max(FEWEST_WINDOWS, min(usual, int(CPU_STEP_TOKENS / mean)))
    batch = settings.batch_tokens or math.ceil(usual * mean)
    micro = settings.micro_tokens or (GPU_MICRO if on_gpu else CPU_MICRO)
    per_step = max(1, round(batch / min(batch, micro * world)))
    return max(1, round(batch / per_step / world)), per_step


def _budget(order: BatchOrder, settings: FinetuneSettings, micros: int) -> Budget:
    """Return the one budget that is set; `micros` is the micro-batches of one step on all devices."""
    said = [name for name in ("time", "epochs", "max_steps") if getattr(settings, name) is not None]
    if len(said) > 1:
        raise UserError("more than one budget", where=" and ".join(said), fix="set one of them")
    if settings.time is not None:
        return Budget(seconds=settings.time)
    if settings.max_steps is not None:
        return Budget(steps=settings.max_steps)
    epochs = settings.epochs
    if epochs is None:
        epochs = min(MOST_EPOCHS, max(EPOCHS, math.ceil(FEWEST_STEPS * micros / order.first(1))))
    return Budget(steps=max(1, math.ceil(order.first(epochs) / micros)))


def _tokens(prepared: Prepared, rows: Sequence[Any]) -> int:
    return sum(len(window.ids) for row in rows for window in prepared.task.encode(row))


def show_plan(
    name: str, prepared: Prepared, plan: FinetunePlan, settings: FinetuneSettings, machine: Machine, report: Reporter
) -> None:
    """Say in a short table what the run will do."""
    rows, backbone = prepared.rows, prepared.backbone
    trained, head = (
        sum(p.numel() for p in module.parameters() if p.requires_grad) for module in (backbone, prepared.head)
    )
    per_step = plan.per_step * plan.world
    mean = len(prepared.windows) / plan.order.first(1) * per_step
    test = f"{len(rows.test):,}" + ("" if rows.test_labelled else ", without labels") if rows.test else "none"
    table = [
        ["task", name],
        ["training rows", f"{len(rows.train):,} ({people_count(_length(prepared.windows))} tokens)"],
        ["validation rows", f"{len(rows.valid):,}"],
        ["test rows", test],
        *_labels(prepared.task.state()),
        ["backbone", f"{settings.backbone} ({people_count(backbone.config.parameters)} parameters)"],
        [
            "trained",
            f"{people_count(trained)} parameters of it (--tune {settings.tune}), and {people_count(head)} of the head",
        ],
        ["device", machine.label],
        [
            "batch",
            f"about {mean:.0f} windows, {people_count(_length(prepared.windows) / len(prepared.windows) * mean)} tokens",
        ],
        ["planned", _planned(plan)],
        *_adapts(prepared.task.adapt_share, settings),
        *tell_memory(prepared, plan, settings, machine, report),
        ["validations", f"{plan.validations}" + (" at most" if plan.budget.seconds is not None else "")],
    ]
    report.table("fine-tuning", ["what", "value"], table)


def _length(windows: Sequence[Window]) -> int:
    return sum(len(window.ids) for window in windows)


def _planned(plan: FinetunePlan) -> str:
    if plan.budget.steps is None:
        assert plan.budget.seconds is not None
        return people_time(plan.budget.seconds)
    return f"{plan.epochs(plan.budget.steps * plan.per_step):.3g} epochs, {plan.budget.steps:,} steps"


def calibration_rows(train: Sequence[Row]) -> Sequence[Row]:
    """Return the training rows that a task calibrates on: so many as their predictions can be held, evenly spread."""
    most = min(len(train), CALIBRATION_ROWS)
    return [train[place * len(train) // most] for place in range(most)]


def _adapts(share: float, settings: FinetuneSettings) -> list[list[str]]:
    """Return the row with what comes before the task itself, where there is any."""
    if not share:
        return []
    if settings.tune == "head":
        return [["adapts", "not at all, since the backbone is not trained"]]
    return [["adapts", f"the first {share:.0%} of the run trains on an objective of the task's own"]]


def _labels(state: Mapping[str, Any]) -> list[list[str]]:
    """Return the row with the labels, where the task has a few."""
    labels = state.get("labels")
    names = labels.get("names") if isinstance(labels, dict) else labels
    if isinstance(names, (list, tuple)) and 0 < len(names) <= 12:
        return [["labels", ", ".join(str(name) for name in names)]]
    return []
