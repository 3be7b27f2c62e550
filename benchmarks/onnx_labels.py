"""Whether an ONNX graph labels as the model it was made of, and how fast: all of SST-2's validation rows.

    NLPSUITE_DATA=../shared/data python benchmarks/onnx_labels.py [--write]

A sentiment model is fine-tuned on SST-2 for 600 steps and exported (`suite export --format onnx`); then the same rows are
predicted by PyTorch and by onnxruntime, three times each in turn, with the same batches and as many threads. Making tokens and
n-grams of texts, which both need, is counted in both times. Kept in benchmarks/results/onnx_labels.json.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import torch

from nlpsuite.host.manager import PluginHost
from nlpsuite.inference.artifact import load_task_model
from nlpsuite.inference.onnx_graph import GraphSession, graph_outputs
from nlpsuite.inference.predictor import predict_by, predict_rows
from nlpsuite.report import Silent
from suitebench.single import run_single

RESULTS = Path(__file__).parent / "results" / "onnx_labels.json"
PAGE = Path(__file__).parents[1] / "docs" / "results.md"
MARKS = ("<!-- benchmarks/onnx_labels.py --write: begin -->", "<!-- benchmarks/onnx_labels.py --write: end -->")
ROUNDS = 3
PLUGIN = Path(__file__).parents[1] / "plugins" / "sentiment"


def measure() -> dict[str, Any]:
    """Train, export, predict."""
    with tempfile.TemporaryDirectory() as work:
        return _measure(Path(work))


def _measure(work: Path) -> dict[str, Any]:
    data = Path(os.environ.get("NLPSUITE_DATA", "../shared/data")) / "sst2"
    run, folder = work / "run", work / "graph"
    _suite("run", str(PLUGIN), "--data", str(data), "--max-steps", "600", "--seed", "1", "--out", str(run))
    _suite("export", str(run), "--to", str(folder), "--format", "onnx")
    model = load_task_model(run / "model", PluginHost.installed(Silent()))
    graph = model.task.graph(model.head)
    assert graph is not None
    rows = list(model.task.read(data / "dev.tsv", "test"))
    session, pad_id = GraphSession(folder / "model.onnx"), model.tokenizer.pad_id
    seconds: dict[str, list[float]] = {"PyTorch": [], "onnxruntime": []}
    predictions: dict[str, list[dict[str, Any]]] = {}
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        torch_ones = [each for _, each in predict_rows(model.task, model.head, model.backbone, rows, pad_id)]
        seconds["PyTorch"].append(time.perf_counter() - begun)
        begun = time.perf_counter()
        predictions["onnxruntime"] = [
            each for _, each in predict_by(graph_outputs(session, graph), model.task, rows, pad_id)
        ]
        seconds["onnxruntime"].append(time.perf_counter() - begun)
        predictions["PyTorch"] = torch_ones
    same = sum(
        one["label"] == other["label"]
        for one, other in zip(predictions["PyTorch"], predictions["onnxruntime"], strict=True)
    )
    farthest = max(
        abs(value - other["probabilities"][name])
        for one, other in zip(predictions["PyTorch"], predictions["onnxruntime"], strict=True)
        for name, value in one["probabilities"].items()
    )
    right = sum(each["label"] == row.target for each, row in zip(predictions["onnxruntime"], rows, strict=True))
    return {
        "rows": len(rows),
        "same_labels": same,
        "farthest_probability": farthest,
        "accuracy": right / len(rows),
        "seconds": seconds,
        "threads": torch.get_num_threads(),
        "graph_bytes": (folder / "model.onnx").stat().st_size,
    }


def _suite(*words: str) -> None:
    subprocess.run([sys.executable, "-m", "nlpsuite.cli", *words, "--quiet"], check=True, stdout=subprocess.DEVNULL)


def table(record: dict[str, Any]) -> str:
    """Return the measurements in Markdown."""
    base = median(record["seconds"]["PyTorch"])
    lines = ["| computed by | rows a second | times PyTorch |", "|---|---|---|"]
    for name, seconds in record["seconds"].items():
        lines.append(f"| {name} | {record['rows'] / median(seconds):,.0f} | {base / median(seconds):.2f} |")
    where = record["machine"]
    lines += [
        "",
        f"{record['same_labels']} of {record['rows']} labels are the same (accuracy {record['accuracy']:.4f}), probabilities "
        f"within {record['farthest_probability']:.0e}; the graph is {record['graph_bytes'] / 1e6:.0f} MB. Medians of {ROUNDS}, "
        f"seed 1, {record['threads']} threads, {record['date']}, {where['processor']}, torch {record['versions']['torch']}.",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    run_single(__doc__, results=RESULTS, page=PAGE, marks=MARKS, measure=measure, table=table)
