"""What masked training gives an imported causal model: tasks that read both ways, with it and without.

    NLPSUITE_DATA=../shared/data python benchmarks/adapting.py [ROW ...] [--list] [--write]

A small causal model (2.6M parameters, left to right only) is trained and exported, its SentencePiece file is taken away, and
what is left is imported as any model of Hugging Face's is. Then it is fine-tuned as it is, after masked steps (`suite pretrain
TEXT --init DIR --objective masked`), and after as many more causal steps on the same text. Budgets are in steps, so the
machine's load does not matter. Judged on validation rows: accuracy on SST-2, strict entity F1 on CoNLL-2003, F1 on rows held
out of SQuAD's training file, each fine-tuned with the defaults and the same few rows, by three seeds; and once more with the
head alone trained, so that what the backbone knows is seen by itself. Records are in benchmarks/results/adapting.json; a row
that is done is not run again.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from ablations import VOCABULARY, flags
from peerbench.contest import finetune, ours, prepare, score
from peerbench.script import run_script

RESULTS = Path(__file__).parent / "results" / "adapting.json"
PAGE = Path(__file__).parents[1] / "docs" / "results.md"
MARKS = ("<!-- benchmarks/adapting.py --write: begin -->", "<!-- benchmarks/adapting.py --write: end -->")
FIRST = ("--objective", "causal", "--max-steps", "1200")
COMMON = ("--set", "validations=1", "--set", "samples=0", "--seed", "1")
NEW_RATES = ("--set", "optimizer.lr=3e-3", "--set", "optimizer.matrix_lr=0.02")
CHANGES: dict[str, tuple[str, ...] | None] = {
    "as imported": None,
    "2,400 causal steps": ("--objective", "causal", "--max-steps", "2400"),
    "2,400 masked steps": ("--objective", "masked", "--max-steps", "2400"),
    "600 masked steps, at the rates of a new network": ("--objective", "masked", "--max-steps", "600", *NEW_RATES),
    "600 causal steps, at the rates of a new network": ("--objective", "causal", "--max-steps", "600", *NEW_RATES),
}
ROWS = {
    "sst2": ("sentiment", "sst2", "val/accuracy", ("--limit", "12000", "--epochs", "1")),
    "conll2003": ("ner", "conll2003", "val/entity_f1", ("--epochs", "2")),
    "squad": ("qa", "squad/train-v1.1.json", "val/f1", ("--limit", "3000", "--epochs", "1")),
}
ALONE = "; the head alone"
HEAD = {
    "sst2": ("--tune", "head", "--set", "task.ngrams=false"),
    "conll2003": ("--tune", "head", "--set", "task.buckets=2"),
    "squad": ("--tune", "head"),
}
"""The backbone is kept as it is, and heads that know words by themselves are kept from it."""
SEEDED = ("as imported", "2,400 causal steps", "2,400 masked steps")
SEED = "; seed "
NAMES = [*CHANGES, *(name + ALONE for name in CHANGES), *(f"{name}{SEED}{seed}" for seed in (2, 3) for name in SEEDED)]


def run(name: str, records: dict[str, dict[str, Any]], text: Path, work: Path) -> dict[str, Any]:
    """Run one row."""
    data = text.parents[1]
    tokens = prepare(text, work, VOCABULARY)
    whole, _, seed = name.partition(SEED)
    change = whole.removesuffix(ALONE)
    if name != change:
        made = work / "imported" if CHANGES[change] is None else _folder(work, change)
        if not made.is_dir():
            raise RuntimeError(f"row `{change}` comes first")
        steps = records[change]["steps"]
        found: dict[str, Any] = {"steps": steps, "bits_per_byte": score(str(made), tokens)}
        return found | {"scores": _scores(made, data, work, HEAD if whole.endswith(ALONE) else {}, seed or "1")}
    model, found = _imported(text, work, records)
    if (more := CHANGES[change]) is not None:
        found = _more(text, _folder(work, change), model, *more, "--cache", str(work / "tokens"), *COMMON)
        model = Path(found["model"])
    return found | {"bits_per_byte": score(str(model), tokens), "scores": _scores(model, data, work, {}, "1")}


def _scores(model: Path, data: Path, work: Path, flags: dict[str, tuple[str, ...]], seed: str) -> dict[str, float]:
    scores = {}
    for key, (plugin, source, metric, budget) in ROWS.items():
        tuned = finetune(plugin, data / source, str(model), work, *budget, "--seed", seed, *flags.get(key, ()))
        scores[key] = tuned["metrics"][metric]
    return scores


def _imported(text: Path, work: Path, records: dict[str, dict[str, Any]]) -> tuple[Path, dict[str, Any]]:
    """Return the causal model, imported, and the figures of its pretraining; made by the first row."""
    model = work / "imported"
    if model.is_dir():
        return model, dict(records["as imported"]) if "as imported" in records else {"steps": 1200}
    found = ours(text, work, *FIRST, *COMMON, *flags({}))
    exported = work / "exported"
    _suite("export", found["run"], "--to", str(exported))
    # Models of others come without it; tokenizer.json is what then says how text becomes tokens.
    (exported / "tokenizer.model").unlink()
    _suite("import", str(exported), "--out", str(model))
    return model, found


def _folder(work: Path, name: str) -> Path:
    return work / "-".join(name.replace(",", "").split())


def _more(text: Path, out: Path, model: Path, *flags: str) -> dict[str, Any]:
    command = ("pretrain", str(text), "--init", str(model), "--out", str(out), "--json", *flags)
    return dict(json.loads(_suite(*command).splitlines()[-1])) | {"command": " ".join(("suite", *command))}


def _suite(*words: str) -> str:
    done = subprocess.run([sys.executable, "-m", "nlpsuite.cli", *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"suite {' '.join(words)}\n{done.stderr[-3000:]}")
    return done.stdout


def table(records: dict[str, dict[str, Any]]) -> str:
    """Return the rows in Markdown."""
    lines = ["| the backbone | SST-2 accuracy | CoNLL-2003 F1 | SQuAD F1 |", "|---|---|---|---|"]
    runs: dict[str, list[dict[str, float]]] = {}
    for name, record in records.items():
        runs.setdefault(name.partition(SEED)[0], []).append(record["scores"])
    for name, scores in runs.items():
        cells = [[100 * each[key] for each in scores] for key in ROWS]
        shown = [f"{mean(cell):.1f}" + (f" ± {stdev(cell):.1f}" if len(cell) > 1 else "") for cell in cells]
        lines.append(f"| {name}{f' ({len(scores)} seeds)' if len(scores) > 1 else ''} | {' | '.join(shown)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    run_script(__doc__, results=RESULTS, page=PAGE, marks=MARKS, names=NAMES, run=run, table=table)
