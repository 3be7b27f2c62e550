"""How fast `suite pretrain` trains beside what its users would take instead, on the same tokens in the same run.

    NLPSUITE_DATA=../shared/data python benchmarks/pretrain_speed.py [--memory] [--rounds 3] [--seconds 60] [--write]

Each round measures the ceiling of matrix products and then every contestant, one after another, each in a process of its
own. Median, smallest and largest go to benchmarks/results/pretrain_speed.json. `--memory` measures peak memory alone, with
as many rows at once for everybody; something may run beside it. `--write` puts the tables into docs/results.md.
"""

from __future__ import annotations

import argparse
import os
from datetime import date
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from nlpsuite.backbone.config import PRESETS
from peerbench.ceiling import matrix_ceiling
from peerbench.contest import ours, peer, prepare
from suitebench.machine import commit, machine, versions
from suitebench.page import put_between
from suitebench.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable

RESULTS = Path(__file__).parent / "results" / "pretrain_speed.json"
PAGE = Path(__file__).parents[1] / "docs" / "results.md"
MARKS = ("<!-- benchmarks/pretrain_speed.py --write: begin -->", "<!-- benchmarks/pretrain_speed.py --write: end -->")
MEMORY_MARKS = tuple(mark.replace("--write", "--memory --write") for mark in MARKS)
SAMPLED = "suite pretrain, Muon, a sampled output layer"
"""Computes less for a token than the others, so that its share of the ceiling says nothing."""
MEMORY_ROWS = (4, 16)
ROWS = 16
"""Rows of 256 tokens in a step, for all but the last line."""


def contestants(text: Path, tokens: Path, work: Path, seconds: float) -> dict[str, Callable[[], dict[str, Any]]]:
    """Return who is measured, by name."""
    budget = ("--time", f"{seconds:.0f}s", "--objective", "causal", "--set", "validations=1", "--set", "samples=0")
    # Whole rows throughout, as the peers have them; and the whole output layer, but for one row.
    rows = ("--batch-tokens", str(ROWS * PRESETS["nano"].context), "--set", "short_rows=0")
    equal = (*rows, "--set", "sampled_output=0")

    def suite(*flags: str) -> Callable[[], dict[str, Any]]:
        return lambda: ours(text, work, *budget, *flags)

    def other(what: str, at_once: int) -> Callable[[], dict[str, Any]]:
        return lambda: peer(what, tokens, seconds=seconds, rows=ROWS, at_once=at_once)

    return {
        "suite pretrain, AdamW": suite(*equal, "--set", "optimizer.name=adamw"),
        "suite pretrain, Muon": suite(*equal),
        SAMPLED: suite(*rows),
        "Trainer, Llama": other("llama", ROWS),
        "Trainer, Llama, 4 rows at once": other("llama", 4),
        "Trainer, GPT-2": other("gpt2", ROWS),
        "plain loop, GPT": other("plain", ROWS),
        "plain loop, GPT, 4 rows at once": other("plain", 4),
        "suite pretrain, all defaults": lambda: ours(text, work, *budget[:2], *budget[4:]),
    }


def equal_rows(text: Path, tokens: Path, work: Path, seconds: float) -> dict[str, Callable[[int], dict[str, Any]]]:
    """Return whose memory is measured, by name; each takes how many rows are computed at once."""
    context = PRESETS["nano"].context
    usual = ("--time", f"{seconds:.0f}s", "--objective", "causal", "--set", "validations=1", "--set", "samples=0")
    usual = (*usual, "--batch-tokens", str(ROWS * context), "--set", "short_rows=0")

    def suite(*flags: str) -> Callable[[int], dict[str, Any]]:
        return lambda at_once: ours(text, work, *usual, "--set", f"optimizer.micro_tokens={at_once * context}", *flags)

    def other(what: str) -> Callable[[int], dict[str, Any]]:
        return lambda at_once: peer(what, tokens, seconds=seconds, rows=ROWS, at_once=at_once)

    return {
        "suite pretrain, AdamW": suite("--set", "optimizer.name=adamw"),
        "suite pretrain, Muon": suite(),
        "Trainer, Llama": other("llama"),
        "Trainer, GPT-2": other("gpt2"),
        "plain loop, GPT": other("plain"),
    }


def memory_table(record: dict[str, Any]) -> str:
    """Return the peaks of memory in Markdown."""
    at_once = record["rows_at_once"]
    lines = [
        "| contestant | " + " | ".join(f"{rows} rows at once" for rows in at_once) + " |",
        "|---" * (1 + len(at_once)) + "|",
    ]
    for name, peaks in record["peaks"].items():
        lines.append(f"| {name} | " + " | ".join(f"{peak / 1e9:.2f} GB" for peak in peaks) + " |")
    where = record["machine"]
    return "\n".join([*lines, "", f"{record['date']}, {where['processor']}, torch {record['versions']['torch']}."])


def table(record: dict[str, Any]) -> str:
    """Return the measurements in Markdown."""
    flops = PRESETS["nano"].flops_per_token()
    ceiling = median(record["ceiling"])
    lines = [
        "| contestant | tokens/s, median (smallest, largest) | share of the ceiling | peak memory |",
        "|---|---|---|---|",
    ]
    for name, runs in record["runs"].items():
        speeds = [run["tokens_per_second"] for run in runs]
        memory = median(run["peak_memory_bytes"] for run in runs) / 1e9
        # Rows of the defaults are short, their output layer is sampled, and GPT-2 has other layers: no share is told for these.
        whole = "defaults" not in name and "GPT" not in name and name != SAMPLED
        share = f"{median(speeds) * flops / ceiling:.0%}" if whole else ""
        lines.append(
            f"| {name} | {median(speeds):,.0f} ({min(speeds):,.0f}, {max(speeds):,.0f}) | {share} | {memory:.2f} GB |"
        )
    where = record["machine"]
    lines += [
        "",
        f"{len(record['ceiling'])} rounds of {record['seconds']:.0f} s each, {record['date']}, {where['processor']}, "
        f"{where['cores_usable']} cores, torch {record['versions']['torch']}; ceiling of matrix products "
        f"{ceiling / 1e9:.0f} GFLOP/s ({min(record['ceiling']) / 1e9:.0f}, {max(record['ceiling']) / 1e9:.0f}).",
    ]
    return "\n".join(lines)


def main() -> None:
    """Measure, keep, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--work", type=Path, default=Path("runs/speed"))
    parser.add_argument("--only", nargs="*", help="names of contestants, for a quick look; nothing is kept then")
    parser.add_argument("--memory", action="store_true")
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    store = Store(RESULTS)
    if arguments.write:
        kept = store.read()
        put_between(PAGE, *MARKS, table(kept["speed"]))
        put_between(PAGE, *MEMORY_MARKS, memory_table(kept["memory"]))
        return
    text = Path(os.environ.get("NLPSUITE_DATA", "../shared/data")) / "pretrain" / "enwiki_2015"
    tokens = prepare(text, arguments.work)
    about = {"machine": machine(), "versions": versions(), "git": commit(), "date": date.today().isoformat()}
    if arguments.memory:
        peaks: dict[str, list[int]] = {}
        for name, measured in equal_rows(text, tokens, arguments.work, arguments.seconds).items():
            for at_once in MEMORY_ROWS:
                peaks.setdefault(name, []).append(measured(at_once)["peak_memory_bytes"])
                print(f"{name}, {at_once} rows at once: {peaks[name][-1] / 1e9:.2f} GB", flush=True)
        store.put("memory", {"rows_at_once": list(MEMORY_ROWS), "peaks": peaks, "seconds": arguments.seconds} | about)
        return
    record: dict[str, Any] = {"ceiling": [], "runs": {}, "seconds": arguments.seconds}
    for _ in range(arguments.rounds):
        record["ceiling"].append(matrix_ceiling())
        for name, run in contestants(text, tokens, arguments.work, arguments.seconds).items():
            if arguments.only and name not in arguments.only:
                continue
            found = run()
            record["runs"].setdefault(name, []).append(found)
            print(f"{name}: {found['tokens_per_second']:,.0f} tokens/s", flush=True)
    record |= about
    print(table(record))
    if not arguments.only:
        store.put("speed", record)


if __name__ == "__main__":
    main()
