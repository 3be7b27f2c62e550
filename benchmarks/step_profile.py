"""Where the time of one optimiser step of `suite pretrain` goes, on this machine, on real text.

    NLPSUITE_DATA=../shared/data python benchmarks/step_profile.py [--objective causal] [--rows 4] [--compiled] [--write]

The step is taken apart twice: by phases with a clock, and by operations with PyTorch's profiler. `--write` puts the
tables into docs/decisions/0002-where-a-step-goes.md. Nothing else may run beside it.
"""

from __future__ import annotations

import argparse
import os
import resource
import time
from collections import defaultdict
from datetime import date
from pathlib import Path
from typing import Any

import torch
from torch.profiler import ProfilerActivity, profile

from nlpsuite.backbone.compiled import compile_blocks
from nlpsuite.backbone.config import PRESETS
from nlpsuite.backbone.model import Backbone
from nlpsuite.backbone.objectives import objective_loss
from nlpsuite.text.order import RowOrder
from nlpsuite.training.pretraining.data import PretrainSteps, StepRows
from nlpsuite.training.pretraining.module import optimizer_as_set
from nlpsuite.training.pretraining.settings import ObjectiveSettings, OptimizerSettings
from peerbench.ceiling import matrix_ceiling
from peerbench.contest import prepare
from peerbench.text import open_text
from suitebench.machine import machine, versions
from suitebench.page import put_between

PAGE = Path(__file__).parents[1] / "docs" / "decisions" / "0002-where-a-step-goes.md"
MARKS = ("<!-- benchmarks/step_profile.py --write: begin -->", "<!-- benchmarks/step_profile.py --write: end -->")
BATCH_TOKENS = 2_048
WARM_UP, STEPS, PROFILED = 3, 20, 5
KINDS = {
    "matrix products": ("aten::mm", "aten::addmm", "aten::addmm_", "aten::bmm", "aten::baddbmm"),
    "attention": ("flash_attention",),
    "exponentials, sums and maxima": ("aten::exp", "aten::amax", "aten::sum", "aten::logsumexp"),
    "norms": ("rms_norm", "aten::norm", "aten::linalg_vector_norm"),
    "copies and zeros": ("aten::copy_", "aten::fill_", "aten::zero_", "aten::cat", "aten::clone"),
    "optimiser's fused update": ("_fused_adamw",),
}
"""Which operations, by a part of their name, are of which kind; the rest is elementwise arithmetic and bookkeeping."""


class Step:
    """The step of `suite pretrain` without Lightning around it, phase by phase.

    Args:
        tokens: The prepared text.
        objective: What is predicted.
        at_once: Rows computed at once.
    """

    def __init__(self, tokens: Path, objective: ObjectiveSettings, at_once: int):
        train, _, tokenizer = open_text(tokens)
        config = PRESETS["nano"]
        self.backbone = Backbone(config)
        self.backbone.initialise(1)
        self.optimizer = optimizer_as_set(self.backbone, OptimizerSettings())
        rows = StepRows(BATCH_TOKENS // config.context, at_once)
        order = RowOrder(train, row=config.context, seed=1, pad_id=tokenizer.pad_id)
        self.steps = PretrainSteps(order, tokenizer=tokenizer, objective=objective, rows=rows)
        self.z_loss, self.number = objective.z_loss, 0
        self.seconds: dict[str, float] = defaultdict(float)

    def __call__(self) -> None:
        """Take one step and add the seconds of each phase."""
        begun = time.perf_counter()
        parts = self.steps[self.number]
        self.number += 1
        begun = self._lap("rows and masks", begun)
        for part in parts:
            loss = objective_loss(self.backbone, part.example, z_loss=self.z_loss)
            begun = self._lap("forward, and the loss's gradient", begun)
            (loss * part.weight).backward()
            begun = self._lap("backward", begun)
        torch.nn.utils.clip_grad_norm_(self.backbone.parameters(), 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad()
        self._lap("clipping and update", begun)

    def _lap(self, name: str, begun: float) -> float:
        now = time.perf_counter()
        self.seconds[name] += now - begun
        return now


def by_kind(step: Step) -> dict[str, float]:
    """Return each kind's share of the time that operations take themselves."""
    with profile(activities=[ProfilerActivity.CPU]) as found:
        for _ in range(PROFILED):
            step()
    spent: dict[str, float] = defaultdict(float)
    for event in found.key_averages():
        kind = next((kind for kind, parts in KINDS.items() if any(part in event.key for part in parts)), "the rest")
        spent[kind] += event.self_cpu_time_total
    total = sum(spent.values())
    return {kind: time / total for kind, time in sorted(spent.items(), key=lambda item: -item[1])}


def measure(tokens: Path, objective: ObjectiveSettings, at_once: int, *, compiled: bool) -> dict[str, Any]:
    """Return speed, phases and kinds of one kind of step."""
    step = Step(tokens, objective, at_once)
    if compiled:
        compile_blocks(step.backbone)
    for _ in range(WARM_UP):
        step()
    step.seconds.clear()
    faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    ceiling = matrix_ceiling()
    begun = time.perf_counter()
    for _ in range(STEPS):
        step()
    seconds = time.perf_counter() - begun
    faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt - faults
    speed = STEPS * BATCH_TOKENS / seconds
    phases = {name: value / seconds for name, value in step.seconds.items()}
    share = speed * PRESETS["nano"].flops_per_token() / ceiling
    return {
        "speed": speed,
        "ceiling": ceiling,
        "share": share if objective.name == "causal" else None,
        "faults": faults / STEPS,
        "phases": phases,
        "kinds": by_kind(step),
    }


def text(found: dict[str, Any], objective: str, at_once: int) -> str:
    """Return the profile in Markdown."""
    where, share = machine(), found["share"]
    head = (
        f"Objective {objective}, {at_once} rows of 256 tokens at once, {BATCH_TOKENS:,} tokens a step: "
        f"{found['speed']:,.0f} tokens/s, "
        + (f"{share:.0%} of the ceiling of matrix products" if share else "ceiling of matrix products")
        + f" ({found['ceiling'] / 1e9:.0f} GFLOP/s at that moment), {found['faults']:,.0f} page faults a step. "
        f"{date.today().isoformat()}, {where['processor']}, {where['cores_usable']} cores, "
        f"torch {versions()['torch']}; mean of {STEPS} steps."
    )
    lines = [head, "", "| phase | share |", "|---|---|"]
    lines += [f"| {name} | {value:.1%} |" for name, value in found["phases"].items()]
    lines += ["", "| operations | share of all operations' time |", "|---|---|"]
    lines += [f"| {name} | {value:.1%} |" for name, value in found["kinds"].items()]
    return "\n".join(lines)


def main() -> None:
    """Measure and print, or put the tables into the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--objective", choices=["causal", "masked", "hybrid"], nargs="*", default=["causal", "hybrid"])
    parser.add_argument("--rows", type=int, default=4)
    parser.add_argument("--work", type=Path, default=Path("runs/speed"))
    parser.add_argument("--compiled", action="store_true", help="compile the blocks")
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    corpus = Path(os.environ.get("NLPSUITE_DATA", "../shared/data")) / "pretrain" / "enwiki_2015"
    tokens = prepare(corpus, arguments.work)
    shown = []
    for name in arguments.objective:
        found = measure(tokens, ObjectiveSettings(name=name), arguments.rows, compiled=arguments.compiled)
        shown.append(text(found, name, arguments.rows))
        print(shown[-1], flush=True)
    if arguments.write:
        put_between(PAGE, *MARKS, "\n\n".join(shown))


if __name__ == "__main__":
    main()
