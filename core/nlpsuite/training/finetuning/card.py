"""The model card of a fine-tuned model: what it is, how it was made, how well it does, how to use it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nlpsuite.people import people_count, people_time

if TYPE_CHECKING:
    from nlpsuite.training.finetuning.result import FinetuneResult
    from nlpsuite.training.finetuning.rows import TaskRows
    from nlpsuite.training.finetuning.settings import FinetuneSettings


def finetune_card(result: FinetuneResult, settings: FinetuneSettings, rows: TaskRows) -> str:
    """Return the card as Markdown."""
    baseline = {name: f"{value:.4f}" for name, value in result.baseline.items()}
    scores = [f"| {name} | {value:.4f} | {baseline.get(name, '')} |" for name, value in result.metrics.items()]
    lines = [
        f"# {result.task}",
        "",
        f"A model for the nlpsuite task `{result.task}`, of {people_count(result.parameters)} parameters.",
        "",
        f"- backbone: {settings.backbone} (`--tune {settings.tune}`)",
        f"- rows: {len(rows.train):,} for training, {len(rows.valid):,} for validation, {len(rows.test):,} for testing",
        f"- training: {result.epochs:.3g} epochs, {result.steps:,} steps, seed {settings.seed}",
        f"- time: {people_time(result.seconds)} at {people_count(result.tokens_per_second)} tokens/s",
        "",
        "| metric | value | baseline |",
        "|---|---|---|",
        *scores,
        "",
        "The validation scores chose the weights, so they flatter a little; the test scores, if any, chose nothing.",
        "",
        "Use it with `suite predict RUN FILE`.",
        "",
    ]
    return "\n".join(lines)
