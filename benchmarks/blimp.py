"""What a backbone knows of English grammar: BLiMP, 67 paradigms of 1,000 pairs, one sentence of which is well formed.

    NLPSUITE_DATA=../shared/data python benchmarks/blimp.py nano [--name nano] [--limit 1000] [--masked-limit 100] [--write]

A pair is right when the well-formed sentence is the likelier one: by the sum of log P(x_t | x_<t), left to right, and by
masked pseudo-likelihood, the sum of log P(x_t | the rest), each token masked once (Salazar et al. 2020). The figure is the
mean over paradigms (Warstadt et al. 2020). The limits take the first pairs of each paradigm; masked
scoring reads a sentence once for each of its tokens, so fewer are taken. Kept in
benchmarks/results/blimp.json by name; `--write` puts the table into docs/results.md.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from datetime import date
from pathlib import Path
from statistics import mean
from typing import Any

import torch

from nlpsuite.backbone.checkpoint import load_backbone
from nlpsuite.inference.locate import find_backbone
from peerbench.sentences import masked_scores, scores_left_to_right
from suitebench.machine import backbone as about
from suitebench.machine import commit, machine
from suitebench.page import put_between
from suitebench.store import Store

RESULTS = Path(__file__).parent / "results" / "blimp.json"
PAGE = Path(__file__).parents[1] / "docs" / "results.md"
MARKS = ("<!-- benchmarks/blimp.py --write: begin -->", "<!-- benchmarks/blimp.py --write: end -->")


def read_pairs(folder: Path, limit: int) -> dict[str, list[tuple[str, str]]]:
    """Return the pairs of each paradigm: the well-formed sentence, and the other."""
    found = {}
    for path in sorted(folder.glob("*.jsonl")):
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        found[path.stem] = [(row["sentence_good"], row["sentence_bad"]) for row in rows[:limit]]
    return found


def accuracy(scores: list[float]) -> float:
    """Return the share of pairs whose first sentence is likelier; a tie is wrong."""
    return mean(good > bad for good, bad in zip(scores[::2], scores[1::2], strict=True))


def measure(name: str, folder: Path, limits: dict[str, int]) -> dict[str, Any]:
    """Score a backbone on the first pairs of every paradigm, in each way on as many as its limit says."""
    backbone, tokenizer = load_backbone(find_backbone(name))
    backbone.eval()
    score = {"causal": scores_left_to_right, "masked": masked_scores}
    found: dict[str, Any] = {"limits": limits, "paradigms": {}}
    begun = time.perf_counter()
    for paradigm, pairs in read_pairs(folder, max(limits.values())).items():
        found["paradigms"][paradigm] = {}
        for way, limit in limits.items():
            ids = [[tokenizer.bos_id, *tokenizer.encode(text)] for pair in pairs[:limit] for text in pair]
            with torch.no_grad():
                right = accuracy(score[way](backbone, ids, tokenizer))
            found["paradigms"][paradigm][way] = round(right, 4)
    for way in limits:
        found[way] = round(mean(each[way] for each in found["paradigms"].values()), 4)
    found["seconds"] = round(time.perf_counter() - begun, 1)
    return found | {"backbone": about(name), "machine": machine(), "git": commit(), "date": date.today().isoformat()}


def table(records: dict[str, dict[str, Any]]) -> str:
    """Return the figures in Markdown."""
    lines = [
        "| backbone | SHA-256 | tokens seen | validation | BLiMP, left to right | masked | pairs a paradigm | date |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, record in records.items():
        card = record["backbone"]
        ways = [f"{100 * record[way]:.1f}" if way in record else "–" for way in ("causal", "masked")]
        pairs = ", ".join(f"{limit:,}" for limit in record["limits"].values())
        bits = card.get("validation", "–").split(",")[0]
        seen = card.get("tokens seen", "–") + (
            f", after {card['tokens seen before']}" if "tokens seen before" in card else ""
        )
        lines.append(
            f"| {name} | {card.get('sha256', '')[:12]} | {seen} | {bits} | {ways[0]} | {ways[1]} | {pairs} | {record['date']} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Measure, keep, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("backbone", nargs="?", default="nano", help="a run, a backbone's folder, or nano")
    parser.add_argument("--name", help="what to keep it as")
    parser.add_argument("--limit", type=int, default=1000)
    parser.add_argument("--masked-limit", type=int, default=100, help="0: not masked")
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    store = Store(RESULTS)
    if not arguments.write:
        folder = Path(os.environ.get("NLPSUITE_DATA", "../shared/data")) / "blimp"
        limits = {"causal": arguments.limit, "masked": arguments.masked_limit}
        limits = {way: limit for way, limit in limits.items() if limit}
        record = measure(arguments.backbone, folder, limits)
        store.put(arguments.name or arguments.backbone, record)
        print(json.dumps({way: record[way] for way in limits}))
        return
    put_between(PAGE, *MARKS, table(store.read()))


if __name__ == "__main__":
    main()
