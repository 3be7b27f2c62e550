"""Before pretraining starts: which size, which batches, how long it will take, what it will need; and say so."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nlpsuite.backbone.config import PRESETS, BackboneConfig, pick_size, preset
from nlpsuite.backbone.machine import matrix_speed
from nlpsuite.errors import UserError
from nlpsuite.files import bytes_in, check_space
from nlpsuite.people import people_bytes, people_count, people_time
from nlpsuite.text.sources import find_sources
from nlpsuite.training.pretraining.data import StepRows
from nlpsuite.training.pretraining.memory import peak_memory
from nlpsuite.training.pretraining.trial import LARGEST_CPU_TOKENS, choose_rows_at_once, measure_speed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from nlpsuite.backbone.machine import Machine
    from nlpsuite.backbone.model import Backbone
    from nlpsuite.report import Reporter
    from nlpsuite.training.budget import Budget
    from nlpsuite.training.pretraining.prepare import PreparedText
    from nlpsuite.training.pretraining.settings import PretrainSettings

BYTES_PER_TOKEN = 4.0
COMPRESSION = 3.5
"""What gzip, xz and zstd make of prose, about."""
TRAINING_EFFICIENCY = 0.7
"""Share of the speed of plain matrix products that training reaches, for estimates made before there is a network."""
VALIDATION_SHARE = 0.05
"""The most of a time budget that validations may take."""
FEWEST_ROWS = 8
OTHER_WORK = 1.2
"""Time of a step beside that of its micro-batches alone: the optimiser, the data, Lightning."""

CPU_BATCH, CPU_MICRO = 2_048, 1_024
GPU_BATCH = {"nano": 65_536, "micro": 65_536, "small": 262_144, "base": 524_288}
GPU_MICRO = 32_768


def choose_shape(
    patterns: Sequence[str], settings: PretrainSettings, machine: Machine, report: Reporter, *, world: int = 1
) -> BackboneConfig:
    """Return the network's shape: the named preset, or for `auto` the one that text and time can train.

    Args:
        patterns: The text.
        settings: The size, or `auto`, and the budget.
        machine: Whose speed is measured.
        report: Told what was chosen.
        world: Devices, all as fast as this one.

    Raises:
        UserError: The text is not there.
    """
    size: str = settings.model.size
    chosen = settings.model.model_dump(exclude={"size"})
    if size == "auto" and None not in chosen.values():
        # All of it is said, as it is where a run goes on.
        size = "nano"
    if size == "auto":
        # What comes through a pipe comes once, and is for the reading.
        files = [pattern for pattern in patterns if pattern != "-" and not Path(pattern).is_fifo()]
        sources = find_sources(files).read if files else ()
        size_bytes = sum(s.path.stat().st_size * (COMPRESSION if s.compression else 1.0) for s in sources)
        tokens = int(size_bytes / BYTES_PER_TOKEN) or 10_000_000
        if (seconds := settings.planned_seconds) is None:
            on_gpu = machine.device.type == "cuda"

            def budget(name: str) -> int:
                step = settings.optimizer.batch_tokens or (GPU_BATCH[name] if on_gpu else CPU_BATCH)
                return settings.max_tokens or (settings.max_steps or 0) * step

            fitting = [name for name, shape in PRESETS.items() if min(budget(name), 10 * tokens) >= shape.parameters]
            size = fitting[-1] if fitting else "nano"
        else:
            speed = matrix_speed(machine.device) * TRAINING_EFFICIENCY * world
            size = pick_size(seconds, speed, tokens)
        report.say(f"size auto: {size}, for about {people_count(tokens)} tokens of text on this machine")
    return preset(size, **chosen)


def found_shape(shape: BackboneConfig, settings: PretrainSettings) -> dict[str, int]:
    """Return the network's shape as settings, so that a run that goes on has the same, wherever that is."""
    names = settings.model.model_dump(exclude={"size", "vocab_size"})
    asked = settings.model.vocab_size
    return {name: getattr(shape, name) for name in names} | {"vocab_size": asked or shape.vocab_size}


def with_vocabulary(shape: BackboneConfig, vocab_size: int) -> BackboneConfig:
    """Return the shape with the vocabulary that the tokenizer really has."""
    return replace(shape, vocab_size=vocab_size)


def plan_rows(settings: PretrainSettings, shape: BackboneConfig, machine: Machine, world: int) -> StepRows:
    """Return how many rows make an optimiser step, and how many of them a device usually computes at once.

    Args:
        settings: Batch and micro-batch in tokens, where the user said.
        shape: For the context, and for the usual batch of its size.
        machine: For the usual sizes on it.
        world: Devices.
    """
    on_gpu = machine.device.type == "cuda"
    nearest = min(GPU_BATCH, key=lambda name: abs(PRESETS[name].parameters - shape.parameters))
    batch = settings.optimizer.batch_tokens or (GPU_BATCH[nearest] if on_gpu else CPU_BATCH)
    micro = settings.optimizer.micro_tokens or (GPU_MICRO if on_gpu else CPU_MICRO)
    each = max(1, round(batch / shape.context / world))
    return StepRows(total=each * world, at_once=max(1, min(micro // shape.context, each)), world=world)


def rows_as_before(rows: StepRows, total: int) -> StepRows:
    """Return the rows with as many in a step as a stopped run had, so that no row of the order is passed over.

    Args:
        rows: As they would be in a new run on as many devices.
        total: Rows of one of the stopped run's steps.

    Raises:
        UserError: The devices cannot have the same number each.
    """
    if total % rows.world:
        most = max(number for number in range(1, rows.world) if total % number == 0)
        what = f"a step of the stopped run has {total} rows, which cannot be dealt out evenly to {rows.world} devices"
        raise UserError(what, where="--devices", fix=f"go on with {most}, or start a new run")
    return replace(rows, total=total, at_once=min(rows.at_once, total // rows.world))


def fastest_rows(
    backbone: Backbone,
    text: PreparedText,
    settings: PretrainSettings,
    rows: StepRows,
    machine: Machine,
) -> StepRows:
    """Return the rows with as many at once as a trial finds fastest, where a trial is due.

    That is on a CPU under a time budget, unless the user said: a run counted in steps is the same to the last bit
    whatever the machine's speed, and how a step is divided changes sums by rounding.
    """
    if machine.device.type == "cuda" or settings.optimizer.micro_tokens or settings.planned_seconds is None:
        return rows
    most = max(1, min(LARGEST_CPU_TOKENS // backbone.config.context, rows.total // rows.world))
    return choose_rows_at_once(backbone, text, settings, replace(rows, at_once=most), machine)


@dataclass(frozen=True, slots=True)
class Plan:
    """What the plan's trial found.

    Attributes:
        tokens_per_second: Training speed of one device, measured on two micro-batches.
        valid_tokens: Tokens to validate on each time.
        validations: How often to validate.
    """

    tokens_per_second: float
    valid_tokens: int
    validations: int

    def as_before(self, saved: Mapping[str, Any]) -> Plan:
        """Return the plan with the validations of a stopped run, so that its scores are of the same rows all along."""
        # Checkpoints of before this was noted leave it to the new plan.
        names = ("valid_tokens", "validations")
        return replace(self, **{name: saved.get(name, getattr(self, name)) for name in names})


def show_plan(
    folder: Path,
    backbone: Backbone,
    text: PreparedText,
    settings: PretrainSettings,
    rows: StepRows,
    budget: Budget,
    machine: Machine,
    report: Reporter,
) -> Plan:
    """Try a few micro-batches, check the disk, and tell what the run will do before it does.

    Raises:
        UserError: The disk has no room.
    """
    shape = backbone.config
    speed = measure_speed(backbone, text, settings, rows, machine) * rows.world
    step_tokens = rows.total * shape.context
    if budget.steps is not None:
        scored = settings.validations * min(settings.valid_tokens, text.valid.n_tokens if text.valid else 0)
        steps = float(budget.steps)
        seconds = OTHER_WORK * steps * step_tokens / speed + scored / scoring_speed(settings, speed)
    else:
        assert budget.seconds is not None
        seconds, steps = budget.seconds, budget.seconds * (1 - VALIDATION_SHARE) * speed / step_tokens
    # Weights and AdamW's averages, three times while a checkpoint takes the place of the one before, and the model.
    disk = shape.parameters * (3 * 12 + 4)
    check_space(folder, disk + 50e6 - bytes_in(folder))
    plan = _plan_validations(settings, seconds, speed, shape.context)
    exact = budget.steps is not None
    report.table(
        "plan",
        ["what", "value"],
        [
            [
                "device",
                f"{machine.label}, {machine.precision}" + (f", {rows.world} devices" if rows.world > 1 else ""),
            ],
            [
                "parameters",
                f"{people_count(shape.parameters)} ({shape.n_layers} layers, width {shape.d_model}, "
                f"vocabulary {shape.vocab_size:,}, context {shape.context:,})",
            ],
            [
                "text",
                f"{people_count(text.train.n_tokens)} tokens, {people_bytes(text.train.text_bytes)}, "
                f"{len(text.train):,} documents",
            ],
            ["objective", settings.objective.name],
            [
                "optimiser",
                f"{settings.optimizer.name}, {step_tokens:,} tokens a step in {rows.total} rows, {rows.at_once} at once",
            ],
            ["steps", f"{'' if exact else 'about '}{steps:,.0f}"],
            [
                "tokens",
                f"{'' if exact else 'about '}{people_count(steps * step_tokens)}, "
                f"{steps * step_tokens / max(1, text.train.n_tokens):.2f} passes over the text",
            ],
            ["time", f"{'about ' if exact else ''}{people_time(seconds)} at {people_count(speed)} tokens/s"],
            ["memory", f"about {people_bytes(peak_memory(shape, rows, settings))}"],
            ["disk", f"about {people_bytes(disk)} in {folder}"],
        ],
    )
    return plan


def scoring_speed(settings: PretrainSettings, speed: float) -> float:
    """Return tokens a second in validation: a forward pass is a third of a training step, and hybrid makes two."""
    return 3.0 * speed / (2 if settings.objective.name == "hybrid" else 1)


def _plan_validations(settings: PretrainSettings, seconds: float, speed: float, context: int) -> Plan:
    scoring = scoring_speed(settings, speed)
    fewest = FEWEST_ROWS * context
    affordable = VALIDATION_SHARE * seconds * scoring
    validations = max(1, min(settings.validations, int(affordable / fewest)))
    # In steps of two, so that runs of like speed score the same rows.
    rows = 1 << int(math.log2(max(affordable / validations, fewest) / context))
    tokens = min(settings.valid_tokens, rows * context)
    if settings.planned_seconds is None:
        # Counted in steps, a run is the same whatever the machine's speed.
        return Plan(speed, settings.valid_tokens, settings.validations)
    return Plan(speed, tokens, validations)
