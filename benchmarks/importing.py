"""What it takes to load a pretrained model of half a billion parameters: memory at the peak and time, beside transformers.

    python benchmarks/importing.py [--write]

A Qwen2 of 494M parameters with weights at random, stored in bfloat16 as such models are, is loaded three times by each in
turn, in a process of its own, in float32. Memory is that of the process at its peak less what it takes with everything imported.
Kept in benchmarks/results/importing.json.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

from suitebench.single import run_single

RESULTS = Path(__file__).parent / "results" / "importing.json"
PAGE = Path(__file__).parents[1] / "docs" / "results.md"
MARKS = ("<!-- benchmarks/importing.py --write: begin -->", "<!-- benchmarks/importing.py --write: end -->")
ROUNDS = 3
SHAPE = {
    "vocab_size": 151_936, "hidden_size": 896, "intermediate_size": 4864, "num_hidden_layers": 24, "num_attention_heads": 14,
    "num_key_value_heads": 2, "max_position_embeddings": 32_768, "tie_word_embeddings": True,
}  # fmt: skip
MEASURED = """
import json, resource, sys, time
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
{prepare}
before, begun = peak(), time.perf_counter()
{load}
seconds = time.perf_counter() - begun
print(json.dumps({{"seconds": seconds, "bytes": peak() - before, "parameters": sum(p.numel() for p in model.parameters())}}))
"""
LOADERS = {
    "nlpsuite": {
        "prepare": "import torch\nfrom pathlib import Path\nfrom nlpsuite.backbone.checkpoint import load_backbone",
        "load": "model, tokenizer = load_backbone(Path(sys.argv[1]))",
    },
    "transformers": {
        "prepare": "import torch\nfrom transformers import AutoModelForCausalLM, AutoTokenizer, Qwen2ForCausalLM",
        "load": "model = AutoModelForCausalLM.from_pretrained(sys.argv[1], dtype=torch.float32)\n"
        "tokenizer = AutoTokenizer.from_pretrained(sys.argv[1])",
    },
}
MAKE = """
import json, sys, torch
from pathlib import Path
from transformers import Qwen2Config, Qwen2ForCausalLM
from nlpsuite.inference.locate import find_backbone
from nlpsuite.backbone.checkpoint import load_backbone
from nlpsuite.text.to_json import tokenizer_config, tokenizer_json
torch.set_default_dtype(torch.bfloat16)
folder = Path(sys.argv[1])
Qwen2ForCausalLM(Qwen2Config(**json.loads(sys.argv[2]))).save_pretrained(folder)
tokenizer = load_backbone(find_backbone("nano"))[1]
(folder / "tokenizer.json").write_text(tokenizer_json(tokenizer), encoding="utf-8")
(folder / "tokenizer_config.json").write_text(json.dumps(tokenizer_config(tokenizer, 32768)))
"""


def measure() -> dict[str, Any]:
    """Make the model, and load it by turns."""
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in LOADERS}
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-c", MAKE, folder, json.dumps(SHAPE)], check=True)
        for _ in range(ROUNDS):
            for name, parts in LOADERS.items():
                code = MEASURED.format(**parts)
                done = subprocess.run([sys.executable, "-c", code, folder], check=True, capture_output=True, text=True)
                runs[name].append(json.loads(done.stdout.splitlines()[-1]))
    return {"runs": runs}


def table(record: dict[str, Any]) -> str:
    """Return the measurements in Markdown."""
    lines = [
        "| loaded by | parameters | seconds | memory at the peak | of the weights' size |",
        "|---|---|---|---|---|",
    ]
    for name, runs in record["runs"].items():
        parameters = int(runs[0]["parameters"])
        taken, seconds = (median(run[key] for run in runs) for key in ("bytes", "seconds"))
        size = 4 * parameters
        lines.append(
            f"| {name} | {parameters / 1e6:.0f}M | {seconds:.1f} | {taken / 1e9:.2f} GB | {taken / size:.2f} |"
        )
    where = record["machine"]
    lines += [
        "",
        f"Medians of {ROUNDS}, {record['date']}, {where['processor']}, {where['cores_usable']} cores, "
        f"torch {record['versions']['torch']}, transformers {record['versions'].get('transformers', '?')}.",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    run_single(__doc__, results=RESULTS, page=PAGE, marks=MARKS, measure=measure, table=table)
