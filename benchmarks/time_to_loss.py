"""How soon `suite pretrain` reaches what its users would reach without it: wall time to a loss, on two cores.

    NLPSUITE_DATA=../shared/data python benchmarks/time_to_loss.py [ROW ...] [--list] [--write]

The peers, transformers' Trainer with GPT-2 and with Llama, are tuned first: three rates and two batch sizes, five minutes
each. Each then trains for half an hour with the best. `suite pretrain` with its default settings, and the same objective,
has six minutes, ten (twice) and thirty. All read the same tokens, plan their rate by the clock, and are scored alike: bits per
byte of 65,536 held-out tokens, in rows of single documents. A row that is done is not run again; records are in
benchmarks/results/time_to_loss.json.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from peerbench.contest import ours, peer, prepare, score
from peerbench.script import run_script

RESULTS = Path(__file__).parent / "results" / "time_to_loss.json"
PAGE = Path(__file__).parents[1] / "docs" / "results.md"
MARKS = ("<!-- benchmarks/time_to_loss.py --write: begin -->", "<!-- benchmarks/time_to_loss.py --write: end -->")
PEERS = ("llama", "gpt2")
RATES, ROWS = ("1e-3", "2e-3", "4e-3"), (8, 16)
TUNING_SECONDS, FULL_SECONDS = 300, 1800
OURS = {"ours-6m": "6m", "ours-10m": "10m", "ours-10m-again": "10m", "ours-30m": "30m"}
BEFORE: dict[str, Any] = {"sampled_output": 0, "short_rows": 0.4}
TRIALS: dict[str, dict[str, Any]] = {
    "trial-whole": BEFORE,
    "trial-sampled-0.15": BEFORE | {"sampled_output": 0.9},
    "trial-sampled-0.05": BEFORE | {"sampled_output": 0.9, "sampled_rate": 0.05},
    "trial-sampled-0.05-rows-0.7": {"sampled_output": 0.9, "sampled_rate": 0.05, "short_rows": 0.7},
    "trial-sampled-0.05-rate-6e-3": BEFORE | {"sampled_output": 0.9, "sampled_rate": 0.05, "optimizer.lr": 6e-3},
}
"""Ours for five minutes each, by which two of the defaults were chosen, as the peers' rates were by theirs."""
AT_ONCE = 4
"""Rows a peer computes at once; the larger batch is then added up, which is faster for them too."""


def rows() -> list[str]:
    """Return the names of all rows, in an order in which each finds what it needs."""
    tuning = [f"{peer}-{rate}-{batch}" for peer in PEERS for rate in RATES for batch in ROWS]
    return [*tuning, *TRIALS, *(f"{name}-30m" for name in PEERS), *OURS]


def run(name: str, records: dict[str, dict[str, Any]], text: Path, work: Path) -> dict[str, Any]:
    """Run one row."""
    tokens = prepare(text, work)
    if name in OURS or name in TRIALS:
        sets = [word for key, value in TRIALS.get(name, {}).items() for word in ("--set", f"{key}={value}")]
        flags = ("--objective", "causal", "--time", OURS.get(name, "5m"), "--seed", "1", *sets)
        found = ours(text, work, *flags)
        return found | {"bits_per_byte": score(found["run"], tokens)}
    what = name.split("-", 1)[0]
    how = best(what, records) if name.endswith("-30m") else setting(name)
    seconds = FULL_SECONDS if name.endswith("-30m") else TUNING_SECONDS
    found = peer(what, tokens, seconds=seconds, at_once=AT_ONCE, **how)
    return found | how


def setting(name: str) -> dict[str, Any]:
    """Return rate and batch of a tuning row."""
    rate, batch = name.split("-", 1)[1].rsplit("-", 1)
    return {"lr": rate, "rows": int(batch)}


def best(what: str, records: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return rate and batch of a peer's best tuning row.

    Raises:
        LookupError: Not all of them are done.
    """
    names = [name for name in rows() if name.startswith(f"{what}-") and not name.endswith("-30m")]
    if missing := [name for name in names if name not in records]:
        raise LookupError(f"not tuned yet: {', '.join(missing)}")
    return setting(min(names, key=lambda name: float(records[name]["bits_per_byte"])))


def table(records: dict[str, dict[str, Any]]) -> str:
    """Return the contest in Markdown."""
    lines = [
        "| contestant | settings | time | tokens | tokens/s | bits per byte | machine, date |",
        "|---|---|---|---|---|---|---|",
    ]
    for name in rows():
        if name not in records:
            continue
        record = records[name]
        if name in OURS or name in TRIALS:
            who, how, seconds = "suite pretrain", record["command"], record["wall_seconds"]
        else:
            who = {"llama": "Trainer, Llama", "gpt2": "Trainer, GPT-2"}[name.split("-", 1)[0]]
            how, seconds = f"lr {record['lr']}, {record['rows']} rows a step", record["seconds"]
        lines.append(
            f"| {who} | {how} | {seconds / 60:.1f} min | {record['tokens']:,.0f} | {record['tokens_per_second']:,.0f} "
            f"| {record['bits_per_byte']:.3f} | {maker(record)}, {record['date']} |"
        )
    return "\n".join(lines)


def maker(record: dict[str, Any]) -> str:
    """Return who made the processor of a record's machine: times are to be held against those of the same one."""
    return str(record["machine"]["processor"]).split()[0].removesuffix("(R)")


if __name__ == "__main__":
    run_script(__doc__, results=RESULTS, page=PAGE, marks=MARKS, names=rows(), run=run, table=table)
