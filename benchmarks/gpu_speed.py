"""How fast `suite pretrain` trains on one GPU: tokens a second, and the share of what the GPU can multiply.

    NLPSUITE_DATA=../shared/data python benchmarks/gpu_speed.py [ROW ...] [--seconds 120] [--write]

Each row is a run of the command on the encyclopedia, in a process of its own. Its speed is that between the first line of its
`metrics.csv` after a third of the time, when kernels are compiled and warm, and its last. The records go to
benchmarks/results/gpu_speed.json; `--write` puts the table into docs/results.md. No GPU was at hand when this was written.
"""

from __future__ import annotations

import argparse
import csv
import os
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from nlpsuite.backbone.checkpoint import load_backbone
from peerbench.contest import ours
from suitebench.machine import commit, machine, versions
from suitebench.page import put_between
from suitebench.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterable

RESULTS = Path(__file__).parent / "results" / "gpu_speed.json"
PAGE = Path(__file__).parents[1] / "docs" / "results.md"
MARKS = ("<!-- benchmarks/gpu_speed.py --write: begin -->", "<!-- benchmarks/gpu_speed.py --write: end -->")
PEAK = 989e12
"""Products a second in bf16 of an H100 or H200, by its maker."""
WARM = 1 / 3
"""Share of the time that is not counted."""
FIFTY_MILLION = {
    "model.vocab_size": 32768, "model.context": 2048, "model.d_model": 512, "model.n_layers": 10, "model.n_heads": 8,
    "model.n_kv_heads": 8, "model.head_dim": 64, "model.d_ff": 1408,
}  # fmt: skip
# Said, because a run as short as these does not try which is better.
ROWS = {
    "50M, 2,048 tokens a row": FIFTY_MILLION | {"by_documents": "true"},
    "the same, documents under a mask": FIFTY_MILLION | {"by_documents": "false"},
    "base, 124M": {"model.size": "base", "by_documents": "true"},
    "a few thousand, to try this script": {
        "model.vocab_size": 512, "model.context": 64, "model.d_model": 32, "model.n_layers": 1, "model.n_heads": 1,
        "model.n_kv_heads": 1, "model.head_dim": 32, "model.d_ff": 64,
    },
}  # fmt: skip


def run(name: str, text: Path, work: Path, seconds: float) -> dict[str, Any]:
    """Train for a while and return the figures."""
    flags = [word for setting, value in ROWS[name].items() for word in ("--set", f"{setting}={value}")]
    usual = ("--time", f"{seconds:.0f}s", "--objective", "causal", "--set", "validations=1", "--set", "samples=0")
    # Whole rows and the whole output layer throughout, so that each token is the work that is counted.
    found = ours(text, work, *usual, "--set", "short_rows=0", "--set", "sampled_output=0", *flags)
    shape = load_backbone(Path(found["model"]))[0].config
    with (Path(found["run"]) / "metrics.csv").open(newline="") as file:
        speed = warm_speed(csv.DictReader(file))
    return {
        "tokens_per_second": speed,
        "flops_per_token": shape.flops_per_token(),
        "parameters": shape.parameters,
        "peak_memory_bytes": found["peak_memory_bytes"],
        "command": found["command"],
        "device": torch.cuda.get_device_name() if torch.cuda.is_available() else "no GPU",
        "machine": machine(),
        "versions": versions(),
        "git": commit(),
        "date": date.today().isoformat(),
    }


def warm_speed(rows: Iterable[dict[str, str]]) -> float:
    """Return tokens a second from a run's lines of training, without the first third of its time."""
    steps = [(float(row["seconds"]), int(row["tokens"])) for row in rows if row["train/loss"]]
    first = next(each for each in steps if each[0] >= WARM * steps[-1][0])
    if first == steps[-1]:
        raise SystemExit("the run is too short: it told its loss once only after it was warm; give more --seconds")
    return (steps[-1][1] - first[1]) / (steps[-1][0] - first[0])


def table(records: dict[str, dict[str, Any]]) -> str:
    """Return the measurements in Markdown."""
    lines = [
        "| network | parameters | tokens/s | share of 989 TFLOP/s | peak memory | device, date |",
        "|---|---|---|---|---|---|",
    ]
    for name, found in records.items():
        speed, memory = found["tokens_per_second"], found["peak_memory_bytes"] / 1e9
        share = speed * found["flops_per_token"] / PEAK
        lines.append(
            f"| {name} | {found['parameters']:,} | {speed:,.0f} | {share:.1%} | {memory:.1f} GB | "
            f"{found['device']}, {found['date']} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Measure, keep, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("rows", nargs="*", metavar="ROW", help="; ".join(ROWS))
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--work", type=Path, default=Path("runs/gpu"))
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    store = Store(RESULTS)
    if arguments.write:
        put_between(PAGE, *MARKS, table(store.read()))
        return
    text = Path(os.environ.get("NLPSUITE_DATA", "../shared/data")) / "pretrain" / "enwiki_2015"
    for name in arguments.rows or list(ROWS)[:3]:
        found = run(name, text, arguments.work, arguments.seconds)
        print(table({name: found}), flush=True)
        if torch.cuda.is_available():
            store.put(name, found)


if __name__ == "__main__":
    main()
