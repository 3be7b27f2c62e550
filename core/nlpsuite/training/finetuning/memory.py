"""What memory a fine-tuning run will take, estimated before it starts, so that nobody learns it from the system's killer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import torch

from nlpsuite.people import people_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nlpsuite.backbone.config import BackboneConfig
    from nlpsuite.backbone.machine import Machine
    from nlpsuite.report import Reporter
    from nlpsuite.training.finetuning.plan import FinetunePlan
    from nlpsuite.training.finetuning.prepare import Prepared
    from nlpsuite.training.finetuning.settings import FinetuneSettings

_GROUP = Path("/sys/fs/cgroup")
COMES_AND_GOES = 1.3
"""Measured peaks are so many times what autograd keeps: the way back needs room of its own, and freed memory has gaps."""
FEWEST_TOKENS = 64
"""Fewer tokens at once are no use."""
LIBRARIES = 600e6
"""What a process takes with all libraries imported, in bytes."""


def tell_memory(
    prepared: Prepared, plan: FinetunePlan, settings: FinetuneSettings, machine: Machine, report: Reporter
) -> list[list[str]]:
    """Return the row of the plan with the estimate; warn where it is more than there is."""
    needed = needed_memory(prepared, plan, settings)
    free = available_memory(machine.device)
    # Libraries and weights are there already, and free memory is without them.
    there = None if free is None else free + needed["libraries"] + needed["weights"]
    kinds = {name: people_bytes(value) for name, value in needed.items()}
    total = sum(needed.values())
    if there is not None and total > there:
        what = f"this run needs about {people_bytes(total)} of memory, and there are {people_bytes(there)} for it"
        report.warn(f"{what}; {_advice(needed, there, settings)}")
    parts = ", ".join(f"{name} {value}" for name, value in kinds.items())
    most = "" if there is None else f" of {people_bytes(there)} there are"
    return [["memory", f"about {people_bytes(total)}{most}: {parts}"]]


def _advice(needed: Mapping[str, float], there: float, settings: FinetuneSettings) -> str:
    """Return what would make a run fit."""
    *kept, (at_once, activations) = needed.items()
    room = there - sum(value for _, value in kept)
    tokens = int(at_once.split()[0].replace(",", "") or 0)
    fitting = int(tokens * room / activations) if activations else 0
    if fitting >= FEWEST_TOKENS:
        return f"--set micro_tokens={1 << (fitting.bit_length() - 1)} would fit"
    return "--tune lora takes less" if settings.tune == "full" else "a smaller model would fit"


def needed_memory(prepared: Prepared, plan: FinetunePlan, settings: FinetuneSettings) -> dict[str, float]:
    """Estimate what a device takes at the most, in bytes, by what it is for.

    Args:
        prepared: Backbone and head, on any device.
        plan: The micro-batches.
        settings: What is trained, and how.
    """
    parameters = [p for part in (prepared.backbone, prepared.head) for p in part.parameters()]
    stored = sum(p.numel() * p.element_size() for p in parameters)
    trained = sum(p.numel() * p.element_size() for p in parameters if p.requires_grad)
    in_blocks = sum(p.numel() * p.element_size() for p in prepared.backbone.blocks.parameters() if p.requires_grad)
    # A gradient, and two averages of it, but one of it where Muon trains; the best weights are copied as they are written.
    states = 3 * trained - (in_blocks if settings.muon_lr else 0)
    width = max(len(window.ids) for window in prepared.windows)
    tokens = max(plan.micro_tokens, width)
    return {
        "libraries": LIBRARIES,
        "weights": stored,
        "gradients and optimiser": states,
        f"{tokens:,} tokens at once": tokens * token_memory(prepared.backbone.config, settings),
    }


def token_memory(shape: BackboneConfig, settings: FinetuneSettings) -> float:
    """Estimate what is kept of each token for the way back, in bytes; where no way back is, what two layers take.

    In each block: what goes into and comes out of its two norms and its dropout; queries, keys, values and what they gather, the
    keys and values once for each head of queries; and four of the feed-forward layer's width. Counted in what autograd keeps.
    """
    q_width, kv_width = shape.n_heads * shape.head_dim, shape.n_kv_heads * shape.head_dim
    normalised = 2 * (q_width + kv_width) if shape.qk_norm else 0
    numbers = 7 * shape.d_model + 6 * q_width + normalised + 4 * shape.d_ff
    kept = min(2, shape.n_layers) if settings.tune == "head" else shape.n_layers
    return 4.0 * COMES_AND_GOES * (kept * numbers + 4 * shape.d_model)


def available_memory(device: torch.device) -> int | None:
    """Return the memory that is free now, in bytes, of the GPU or of this machine; None where the system does not say."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        free = int(dict(line.split(":", 1) for line in lines)["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError, ValueError, IndexError):
        return None
    # In a container there is less than the machine has.
    try:
        most, used = (int((_GROUP / name).read_text(encoding="ascii")) for name in ("memory.max", "memory.current"))
    except (OSError, ValueError):
        return free
    return min(free, most - used)
