"""The model card of a pretrained backbone: what it was trained on, for how long, on what, and how well it predicts."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from nlpsuite.files import read_json
from nlpsuite.people import people_bytes, people_count, people_time

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from nlpsuite.backbone.config import BackboneConfig
    from nlpsuite.backbone.machine import Machine
    from nlpsuite.training.pretraining.prepare import PreparedText
    from nlpsuite.training.pretraining.settings import PretrainSettings
    from nlpsuite.training.runfolder import RunFolder


LEARNT = {
    "causal": """They have learnt to predict the next token, so they generate;
tasks read with the same weights, looking both ways, which they learn in fine-tuning.""",
    "masked": """They have learnt to predict masked tokens from both sides,
as tasks read that classify, tag and extract; they have not learnt to generate.""",
    "hybrid": """They have learnt to predict the next token, to generate, and masked
tokens from both sides, as tasks read that classify, tag and extract.""",
}


def pretraining_card(
    shape: BackboneConfig,
    text: PreparedText,
    settings: PretrainSettings,
    scores: Mapping[str, Any],
    machine: Machine,
    run: RunFolder,
    patterns: Sequence[str],
    init: Path | None,
) -> str:
    """Return the card as Markdown with front matter; a run that started from a backbone tells that one's history too."""
    # As it was typed first: a resumed run is another command.
    command = read_json(run.path / "environment.json")["command"]
    rows = [
        ("parameters", f"{shape.parameters:,} ({shape.n_layers} layers, width {shape.d_model}, {shape.n_heads} heads)"),
        ("vocabulary", f"{shape.vocab_size:,} SentencePiece BPE pieces with byte fallback"),
        ("context", f"{shape.context:,} tokens"),
        ("objective", settings.objective.name),
        (
            "text",
            f"{', '.join(patterns)}: {len(text.train):,} documents, {people_bytes(text.train.text_bytes)}, "
            f"{people_count(text.train.n_tokens)} tokens",
        ),
        ("tokens seen", f"{scores['tokens']:,} in {scores['steps']:,} steps"),
        ("time", people_time(scores["seconds"])),
        ("hardware", f"{machine.label}, {machine.precision}"),
        ("seed", str(settings.seed)),
        ("date", date.today().isoformat()),
        ("command", f"`{command}`"),
    ]
    if "val/bits_per_byte" in scores:
        rows.append(
            (
                "validation",
                f"{scores['val/bits_per_byte']:.4f} bits per byte, perplexity {scores['val/perplexity']:.2f} per token, "
                f"on {scores['validation_tokens']:,} tokens of held-out documents",
            )
        )
    table = "\n".join(f"| {name} | {value} |" for name, value in rows)
    generating = "" if settings.objective.name == "masked" else 'suite generate DIR --prompt "..."\n'
    return f"""---
library_name: nlpsuite
pipeline_tag: text-generation
---

# A backbone pretrained with nlpsuite

| | |
|---|---|
{table}
{_history(init)}
The files are in the layout of `Qwen3ForCausalLM`. {LEARNT[settings.objective.name]}
The model has read only the text above: it knows its language and its biases, and no more.

```
{generating}suite run sentiment --backbone DIR --data DATA
```
"""


def _history(init: Path | None) -> str:
    """Return the table of the card of the backbone that a run started from, under a heading."""
    if init is None:
        return ""
    card = init / "README.md"
    lines = card.read_text(encoding="utf-8").splitlines() if card.is_file() else []
    table = "\n".join(line for line in lines if line.startswith(("|", "## Started from")))
    return f"\n## Started from {init}\n\n{table or 'It has no card.'}\n"
