"""Why the defaults of `suite pretrain` are what they are: one change a row, on real text, five minutes each.

    NLPSUITE_DATA=../shared/data python benchmarks/ablations.py [ROW ...] [--list] [--write]

A smaller network than nano (4 layers, width 192, vocabulary 4,096: 2.6M parameters), so that five minutes show something.
Every row is scored alike: bits per byte of 65,536 held-out tokens of the encyclopedia, in rows of single documents. The
first row, run three times, tells how much of a difference is chance. Records are in benchmarks/results/ablations.json; a row
that is done is not run again.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from peerbench.contest import ours, prepare, score
from peerbench.script import run_script

RESULTS = Path(__file__).parent / "results" / "ablations.json"
PAGE = Path(__file__).parents[1] / "docs" / "results.md"
MARKS = ("<!-- benchmarks/ablations.py --write: begin -->", "<!-- benchmarks/ablations.py --write: end -->")
VOCABULARY = 4096
SHAPE = {"d_model": 192, "n_layers": 4, "n_heads": 3, "n_kv_heads": 3, "head_dim": 64, "d_ff": 512}
COMMON = ("--objective", "causal", "--time", "5m", "--set", "validations=1", "--set", "samples=0")

PLAIN: dict[str, Any] = {"embedding": "random", "short_rows": 0.0, "sampled_output": 0.0}
"""What the first rows change: without what the second rows found worth having."""
BOTH: dict[str, Any] = {"embedding": "counts", "short_rows": 0.4, "sampled_output": 0.0}
"""Defaults, but for what the last rows found worth having."""
DEFAULTS: dict[str, Any] = {"embedding": "counts", "short_rows": 0.7}

CHANGES: dict[str, dict[str, Any]] = {
    "plain": PLAIN,
    "plain, once more": PLAIN,
    "plain, a third time": PLAIN,
    "AdamW for all, 1e-3": PLAIN | {"optimizer.name": "adamw", "optimizer.lr": 1e-3},
    "AdamW for all, 3e-3": PLAIN | {"optimizer.name": "adamw"},
    "2 Newton-Schulz iterations": PLAIN | {"optimizer.newton_schulz": 2},
    "3 Newton-Schulz iterations": PLAIN | {"optimizer.newton_schulz": 3},
    "6 Newton-Schulz iterations": PLAIN | {"optimizer.newton_schulz": 6},
    "1,024 tokens a step": PLAIN | {"optimizer.batch_tokens": 1024},
    "4,096 tokens a step": PLAIN | {"optimizer.batch_tokens": 4096},
    "Muon's rate 0.01": PLAIN | {"optimizer.matrix_lr": 0.01},
    "Muon's rate 0.04": PLAIN | {"optimizer.matrix_lr": 0.04},
    "AdamW's rate 1.5e-3": PLAIN | {"optimizer.lr": 1.5e-3},
    "AdamW's rate 6e-3": PLAIN | {"optimizer.lr": 6e-3},
    "no weight decay": PLAIN | {"optimizer.weight_decay": 0.0},
    "weight decay 0.4": PLAIN | {"optimizer.weight_decay": 0.4},
    "decay over the last 0.3": PLAIN | {"optimizer.decay": 0.3},
    "decay over all of the run": PLAIN | {"optimizer.decay": 0.98},
    "weights averaged over the last 0.1": PLAIN | {"optimizer.average": 0.1},
    "average of the last 0.2, floor 0.2": PLAIN | {"optimizer.average": 0.2, "optimizer.floor": 0.2},
    "short rows for 0.4 of the run": PLAIN | {"short_rows": 0.4},
    "short rows for 0.8 of the run": PLAIN | {"short_rows": 0.8},
    "no z-loss": PLAIN | {"objective.z_loss": 0.0},
    "embedding from counts": PLAIN | {"embedding": "counts"},
    "counts and short rows": BOTH,
    "both, 1,024 tokens a step": BOTH | {"optimizer.batch_tokens": 1024},
    "both, short rows for 0.7": BOTH | {"short_rows": 0.7},
    "both, 3 Newton-Schulz iterations": BOTH | {"optimizer.newton_schulz": 3},
    "both, AdamW's rate 6e-3": BOTH | {"optimizer.lr": 6e-3},
    "both, AdamW for all, 3e-3": BOTH | {"optimizer.name": "adamw"},
    "both, a sampled output layer for 0.7": BOTH | {"sampled_output": 0.7},
    "both, a sampled output layer for 0.9": BOTH | {"sampled_output": 0.9},
    "the defaults": DEFAULTS,
    "the defaults, once more": DEFAULTS,
    "the defaults, even neurons": DEFAULTS | {"optimizer.even_neurons": True},
}


def flags(change: dict[str, Any]) -> list[str]:
    """Return the flags of a row."""
    sets: dict[str, Any] = {"model.vocab_size": VOCABULARY}
    sets |= {f"model.{name}": value for name, value in SHAPE.items()}
    return [word for name, value in (sets | change).items() for word in ("--set", f"{name}={value}")]


def table(records: dict[str, dict[str, Any]]) -> str:
    """Return the rows in Markdown, each beside the first."""
    base = records["plain"]["bits_per_byte"]
    lines = ["| change | bits per byte | against the first row | steps | tokens/s |", "|---|---|---|---|---|"]
    lines += [
        f"| {name} | {r['bits_per_byte']:.4f} | {r['bits_per_byte'] - base:+.4f} | {r['steps']:,} "
        f"| {r['tokens_per_second']:,.0f} |"
        for name, r in records.items()
    ]
    return "\n".join(lines)


def run(name: str, records: dict[str, dict[str, Any]], text: Path, work: Path) -> dict[str, Any]:
    """Run one row."""
    tokens = prepare(text, work, VOCABULARY)
    found = ours(text, work, *COMMON, *flags(CHANGES[name]))
    return found | {"bits_per_byte": score(found["run"], tokens), "change": CHANGES[name]}


if __name__ == "__main__":
    run_script(__doc__, results=RESULTS, page=PAGE, marks=MARKS, names=list(CHANGES), run=run, table=table)
