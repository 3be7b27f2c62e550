"""Whether the memory that `suite run` states before it starts is what it then takes.

    NLPSUITE_DATA=../shared/data python benchmarks/stated_memory.py [--write]

Sentiment on a few rows of SST-2, one step of as many tokens at once as stated: the embedded backbone in full and with adapters,
and a Qwen2 of 494M parameters with weights at random, with adapters. Each in a process of its own, whose peak the system tells.
Kept in benchmarks/results/stated_memory.json.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from importing import MAKE, SHAPE
from suitebench.single import run_single

RESULTS = Path(__file__).parent / "results" / "stated_memory.json"
PAGE = Path(__file__).parents[1] / "docs" / "results.md"
MARKS = ("<!-- benchmarks/stated_memory.py --write: begin -->", "<!-- benchmarks/stated_memory.py --write: end -->")
PLUGIN = Path(__file__).parents[1] / "plugins" / "sentiment"
CODE = """
import json, resource, sys
from nlpsuite.cli.app import main
status = main(sys.argv[1:])
print(json.dumps({"status": status, "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}))
"""
ROWS = {
    "nano, in full": ("nano", "full", 2048),
    "nano, adapters": ("nano", "lora", 2048),
    "494M, adapters": ("big", "lora", 2048),
    "494M, adapters, 512 tokens at once": ("big", "lora", 512),
    "494M, the head alone": ("big", "head", 2048),
}


def measure() -> dict[str, Any]:
    """Run all rows."""
    with tempfile.TemporaryDirectory() as work:
        return _measure(Path(work))


def _measure(work: Path) -> dict[str, Any]:
    subprocess.run([sys.executable, "-c", MAKE, str(work / "big"), json.dumps(SHAPE)], check=True)
    data = work / "data"
    data.mkdir()
    source = Path(os.environ.get("NLPSUITE_DATA", "../shared/data")) / "sst2"
    for name, count in (("train", 600), ("dev", 9)):
        lines = (source / f"{name}.tsv").read_text(encoding="utf-8").splitlines()[:count]
        (data / f"{name}.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return {"rows": {name: _run(work, data, *row) for name, row in ROWS.items()}}


def _run(work: Path, data: Path, backbone: str, tune: str, tokens: int) -> dict[str, Any]:
    out = work / f"{backbone}-{tune}-{tokens}"
    model = backbone if backbone == "nano" else str(work / backbone)
    words = ["run", str(PLUGIN), "--data", str(data), "--backbone", model, "--tune", tune, "--max-steps", "1"]
    words += ["--batch-tokens", str(tokens), "--set", f"micro_tokens={tokens}", "--out", str(out)]
    done = subprocess.run([sys.executable, "-c", CODE, *words], check=True, capture_output=True, text=True)
    said = re.search(r"memory\s+about ([\d.]+) (GB|MB)", done.stderr)
    assert said, done.stderr
    stated = float(said[1]) * (1e9 if said[2] == "GB" else 1e6)
    kept = sum(path.stat().st_size for path in (out / "model").rglob("*") if path.is_file())
    return {"stated": stated, "peak": json.loads(done.stdout.splitlines()[-1])["peak"], "model_bytes": kept}


def table(record: dict[str, Any]) -> str:
    """Return the measurements in Markdown."""
    lines = ["| run | stated | taken | taken / stated | model on disk |", "|---|---|---|---|---|"]
    lines += [
        f"| {name} | {row['stated'] / 1e9:.1f} GB | {row['peak'] / 1e9:.1f} GB | {row['peak'] / row['stated']:.2f} "
        f"| {row['model_bytes'] / 1e6:.0f} MB |"
        for name, row in record["rows"].items()
    ]
    where = record["machine"]
    lines += ["", f"{record['date']}, {where['processor']}, {where['cores_usable']} cores, float32."]
    return "\n".join(lines)


if __name__ == "__main__":
    run_single(__doc__, results=RESULTS, page=PAGE, marks=MARKS, measure=measure, table=table)
