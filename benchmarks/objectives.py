"""What masked rows buy: objectives judged by what is done with the backbone afterwards, not by a causal loss alone.

    NLPSUITE_DATA=../shared/data python benchmarks/objectives.py [ROW ...] [--list] [--write]

The small network of the ablations, five minutes each. Judged by bits per byte left to right (as the ablations are), by BLiMP left
to right and masked (the first pairs of each paradigm), and after three minutes of fine-tuning by accuracy on SST-2's and by
strict entity F1 on CoNLL-2003's validation rows; nothing is chosen by a test set. About a quarter of an hour a row. Records are
in benchmarks/results/objectives.json; a row that is done is not run again.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ablations import VOCABULARY, flags
from blimp import measure
from peerbench.contest import finetune, ours, prepare, score
from peerbench.script import run_script

RESULTS = Path(__file__).parent / "results" / "objectives.json"
PAGE = Path(__file__).parents[1] / "docs" / "results.md"
MARKS = ("<!-- benchmarks/objectives.py --write: begin -->", "<!-- benchmarks/objectives.py --write: end -->")
PRETRAINING = ("--time", "5m", "--set", "validations=1", "--set", "samples=0", "--seed", "1")
FINETUNING = ("--time", "3m", "--seed", "1")
PAIRS = {"causal": 200, "masked": 30}
"""Pairs of each of the 67 paradigms; masked scoring reads a sentence once for each of its tokens."""

HYBRID: dict[str, Any] = {"objective.name": "hybrid"}
CHANGES: dict[str, dict[str, Any]] = {
    "causal": {"objective.name": "causal"},
    "causal, once more": {"objective.name": "causal"},
    "hybrid, a quarter masked": HYBRID | {"objective.masked_share": 0.25},
    "hybrid, a quarter masked, once more": HYBRID | {"objective.masked_share": 0.25},
    "hybrid, half masked": HYBRID | {"objective.masked_share": 0.5},
    "hybrid, half masked, once more": HYBRID | {"objective.masked_share": 0.5},
    "hybrid, three quarters masked": HYBRID | {"objective.masked_share": 0.75},
    "masked": {"objective.name": "masked"},
    "hybrid, 0.15 of tokens": HYBRID | {"objective.mask_rate": 0.15},
    "hybrid, 0.3 of tokens": HYBRID | {"objective.mask_rate": 0.3},
    "hybrid, single tokens": HYBRID | {"objective.mask_span": 1},
}


def run(name: str, records: dict[str, dict[str, Any]], text: Path, work: Path) -> dict[str, Any]:
    """Run one row."""
    change, data = CHANGES[name], text.parents[1]
    tokens = prepare(text, work, VOCABULARY)
    found = ours(text, work, *PRETRAINING, *flags(change))
    grammar = measure(found["run"], data / "blimp", PAIRS)
    sentiment = finetune("sentiment", data / "sst2", found["run"], work, *FINETUNING)
    entities = finetune("ner", data / "conll2003", found["run"], work, *FINETUNING)
    return found | {
        "change": change,
        "bits_per_byte": score(found["run"], tokens),
        "blimp": {way: grammar[way] for way in PAIRS},
        "sst2": sentiment["metrics"]["val/accuracy"],
        "conll2003": entities["metrics"]["val/entity_f1"],
    }


def table(records: dict[str, dict[str, Any]]) -> str:
    """Return the rows in Markdown."""
    lines = [
        "| objective | bits per byte | BLiMP, left to right | BLiMP, masked | SST-2 accuracy | CoNLL-2003 F1 | tokens/s |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, r in records.items():
        # Networks that never saw a plain next token have no such probability.
        causal = r["change"].get("objective.name") != "masked"
        bits, right = (f"{r['bits_per_byte']:.3f}", f"{100 * r['blimp']['causal']:.1f}") if causal else ("–", "–")
        lines.append(
            f"| {name} | {bits} | {right} | {100 * r['blimp']['masked']:.1f} | {100 * r['sst2']:.1f} "
            f"| {100 * r['conll2003']:.1f} | {r['tokens_per_second']:,.0f} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    run_script(__doc__, results=RESULTS, page=PAGE, marks=MARKS, names=list(CHANGES), run=run, table=table)
