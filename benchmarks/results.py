"""Reproduce the figures of docs/results.md, one row at a time; a row that is done is not run again.

    NLPSUITE_DATA=../shared/data python benchmarks/results.py [--work DIR] [ROW ...]

Each row is a command of `suite` (or a baseline of scikit-learn) whose run folder, under --work, holds its figures. What is
found is written to benchmarks/results/main_path.json and printed as the table of docs/results.md.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import platform
import shlex
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

RESULTS = Path(__file__).parent / "results" / "main_path.json"
DEMO = Path(__file__).parents[1] / "plugins/sentiment/nlpsuite_sentiment/demo"
SUITE = Path(sys.executable).parent / "suite"

MASKED = ("--objective", "hybrid", "--set", "objective.masked_share=0.5")
"""The default of the first days."""


@dataclass(frozen=True)
class Row:
    """One figure: a command whose JSON is kept, or a function that returns figures."""

    name: str
    command: list[str] | None = None
    call: Callable[[], dict[str, float]] | None = None


def rows(data: Path, work: Path) -> list[Row]:
    """Return every row, in an order in which each finds what it needs."""
    sst2, enwiki, senti = data / "sst2", data / "pretrain/enwiki_2015", data / "zh/chnsenticorp"

    def sentiment(name: str, backbone: str, folder: Path, minutes: int) -> Row:
        out = str(work / name)
        return Row(
            name,
            ["run", "plugins/sentiment", "--data", str(folder), "--backbone", backbone, *minutes_of(minutes, out)],
        )

    return [
        Row(
            "enwiki60",
            [
                *("pretrain", str(enwiki), "--size", "nano", "--time", "60m", *MASKED),
                *("--out", str(work / "enwiki60"), "--json"),
            ],
        ),
        Row("enwiki60-valid", ["evaluate", str(work / "enwiki60"), "--data", str(enwiki / "valid.txt"), "--json"]),
        Row(
            "nano",
            [
                *("pretrain", str(enwiki), str(data / "pretrain/novels"), str(data / "pretrain/imdb_unsup")),
                *(
                    "--init",
                    str(work / "enwiki60"),
                    "--time",
                    "30m",
                    "--lr",
                    "1.5e-3",
                    "--set",
                    "optimizer.matrix_lr=0.01",
                ),
                *("--set", "store=float16", *MASKED, "--out", str(work / "nano"), "--json"),
            ],
        ),
        *(ablation(name, lr, enwiki, work) for name, lr in (("muon", "3e-3"), ("adamw", "1e-3"), ("adamw", "3e-3"))),
        sentiment("sst2-scratch", "scratch", sst2, 15),
        sentiment("sst2-enwiki60", str(work / "enwiki60"), sst2, 15),
        sentiment("sst2-nano", "nano", sst2, 15),
        sentiment("chnsenticorp-scratch", "scratch", senti, 15),
        Row("demo", ["run", "plugins/sentiment", "--out", str(work / "demo"), "--json"]),
        Row("tfidf-sst2", call=lambda: tfidf(sst2 / "train.tsv", sst2 / "dev.tsv", "word")),
        Row("tfidf-sst2-test", call=lambda: tfidf(sst2 / "train.tsv", sst2 / "test.tsv", "word")),
        Row("tfidf-chnsenticorp", call=lambda: tfidf(senti / "train.tsv", senti / "test.tsv", "char")),
        Row("tfidf-demo", call=lambda: tfidf(DEMO / "train.tsv", DEMO / "test.tsv", "word")),
        Row("help", call=help_seconds),
    ]


def ablation(optimizer: str, lr: str, text: Path, work: Path) -> Row:
    """Return a short pretraining run with one optimiser, for the choice of the default."""
    name = f"ablation-{optimizer}-{lr}"
    flags = [
        "--set",
        f"optimizer.name={optimizer}",
        "--lr",
        lr,
        "--set",
        "validations=1",
        "--set",
        "samples=0",
        *MASKED,
    ]
    command = [
        "pretrain",
        str(text),
        "--size",
        "nano",
        "--max-tokens",
        "300k",
        *flags,
        "--out",
        str(work / name),
        "--json",
    ]
    return Row(name, command)


def minutes_of(minutes: int, out: str) -> list[str]:
    """Return the flags of a run with a time budget."""
    return ["--time", f"{minutes}m", "--out", out, "--json"]


def tfidf(train: Path, test: Path, analyser: str) -> dict[str, float]:
    """TF-IDF (words and word pairs, or characters to threes) and logistic regression: what a user would do in seconds."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    start = time.perf_counter()
    ngrams = (1, 2) if analyser == "word" else (1, 3)
    vectoriser = TfidfVectorizer(analyzer=analyser, ngram_range=ngrams, sublinear_tf=True)
    texts, labels = read_tsv(train)
    model = LogisticRegression(C=10, max_iter=1000).fit(vectoriser.fit_transform(texts), labels)
    texts, labels = read_tsv(test)
    accuracy = float(model.score(vectoriser.transform(texts), labels))
    return {"accuracy": accuracy, "seconds": round(time.perf_counter() - start, 1)}


def read_tsv(path: Path) -> tuple[list[str], list[str]]:
    """Read a TSV whose header names `label`; the other column is the text."""
    with path.open(encoding="utf-8", newline="") as file:
        table = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    text = next(name for name in table[0] if name != "label")
    return [row[text] for row in table], [row["label"] for row in table]


def help_seconds() -> dict[str, float]:
    """Median wall time of `suite --help` over nine runs."""
    times = []
    for _ in range(9):
        start = time.perf_counter()
        subprocess.run([SUITE, "--help"], check=True, stdout=subprocess.DEVNULL)
        times.append(time.perf_counter() - start)
    return {"seconds": round(sorted(times)[4], 3)}


def machine() -> str:
    """Return this machine in words."""
    model = "unknown processor"
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), model)
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{model}, {usable} of {os.cpu_count()} cores, {platform.system()}"


def run(row: Row, work: Path) -> None:
    """Run a row, unless it is done, and keep its figures."""
    kept = work / f"{row.name}.json"
    if kept.exists():
        return
    folder = work / row.name
    record = adopted(row.name, folder) if (folder / "metrics.json").exists() else measured(row)
    kept.write_text(json.dumps(record, indent=2) + "\n")


def adopted(name: str, folder: Path) -> dict[str, object]:
    """Return the record of a run whose command was typed by hand: what its own folder says, and nothing else."""
    figures = json.loads((folder / "metrics.json").read_text())
    about = json.loads((folder / "environment.json").read_text())
    return {
        "row": name,
        "command": about["command"],
        "date": about["date"][:10],
        "machine": about["device"],
        "seed": 1,
        "wall_seconds": figures["seconds"],
        "figures": figures,
    }


def measured(row: Row) -> dict[str, object]:
    """Run a row's command or function and return its record."""
    started = time.perf_counter()
    if row.call is not None:
        figures: dict[str, object] = dict(row.call())
    else:
        assert row.command is not None
        print(f"$ suite {shlex.join(row.command)}", file=sys.stderr, flush=True)
        done = subprocess.run([SUITE, *row.command], check=True, stdout=subprocess.PIPE, text=True)
        figures = json.loads(done.stdout.splitlines()[-1])
    return {
        "row": row.name,
        "command": None if row.command is None else f"suite {shlex.join(row.command)}",
        "date": date.today().isoformat(),
        "machine": machine(),
        "seed": 1,
        "wall_seconds": round(time.perf_counter() - started, 1),
        "figures": figures,
    }


def main() -> None:
    """Run the rows asked for, or all, then write and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", nargs="*", help="names of rows; all by default")
    parser.add_argument("--work", type=Path, default=Path("runs/results"), help="where run folders are kept")
    chosen = parser.parse_args()
    data = Path(os.environ.get("NLPSUITE_DATA", "../shared/data"))
    chosen.work.mkdir(parents=True, exist_ok=True)
    for row in rows(data, chosen.work):
        if not chosen.rows or row.name in chosen.rows:
            run(row, chosen.work)
    found = [
        json.loads(path.read_text())
        for row in rows(data, chosen.work)
        if (path := chosen.work / f"{row.name}.json").exists()
    ]
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(found, indent=2) + "\n")
    print("| row | figures | wall | date |\n|---|---|---|---|")
    for record in found:
        figures = record["figures"].get("metrics") or record["figures"]
        shown = ", ".join(f"{k} {v:.4g}" for k, v in figures.items() if isinstance(v, float))
        print(f"| {record['row']} | {shown} | {record['wall_seconds']:.0f} s | {record['date']} |")


if __name__ == "__main__":
    main()
