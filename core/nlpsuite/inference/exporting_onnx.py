"""A fine-tuned model, or a backbone, as an ONNX graph with its tokenizer beside it, and the proof that it is the same model."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

import torch

from nlpsuite.backbone.checkpoint import load_backbone
from nlpsuite.config import build
from nlpsuite.errors import UserError
from nlpsuite.files import write_json, write_text
from nlpsuite.inference.artifact import head_names, load_task_model
from nlpsuite.inference.exported import PROBES, empty_folder, write_tokenizer
from nlpsuite.inference.locate import find_backbone
from nlpsuite.inference.onnx_card import graph_card
from nlpsuite.inference.onnx_graph import LOGITS, GraphSession, graph_inputs, graph_outputs, write_graph
from nlpsuite.inference.predictor import predict_by, predict_rows
from nlpsuite.people import people_bytes, people_count
from nlpsuite.report import Silent
from nlpsuite.tasks.batches import collate
from nlpsuite.tasks.task import TaskContext, Window

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from nlpsuite.backbone.model import Backbone
    from nlpsuite.host.manager import PluginHost
    from nlpsuite.inference.artifact import TaskModel
    from nlpsuite.tasks.graph import TaskGraph
    from nlpsuite.tasks.task import Row
    from nlpsuite.text.tokenizer import Tokenizer

GRAPH, ABOUT = "model.onnx", "graph.json"
PROBED_ROWS = 16
CLOSEST = 1e-4
"""How far numbers may be apart: as a share of the largest logit, and for probabilities in predictions."""


def export_graph(target: str, to: Path, host: PluginHost) -> dict[str, Any]:
    """Write a model to a new folder as an ONNX graph, and compare it with the one here.

    Args:
        target: A run's folder, a model folder, or `nano`. With a task's head, the graph is the whole task; without, the scores of
            the next token.
        to: The new folder.
        host: The plugins there are.

    Returns:
        What was written, for people.

    Raises:
        UserError: There is no such model, its task has no graph, the folder is not empty, or what was written differs.
    """
    folder = find_backbone(target)
    with empty_folder(to, beside=folder):
        if head_names(folder):
            return _export_task(load_task_model(folder, host), to, host)
        return _export_backbone(*load_backbone(folder), to)


def _export_task(model: TaskModel, to: Path, host: PluginHost) -> dict[str, Any]:
    graph = model.task.graph(model.head)
    if graph is None:
        what = f"task `{model.name}` has no graph: it does more than one pass over its input"
        raise UserError(what, where="--format onnx", fix="export it without --format")
    graph.eval()
    rows = _probe_rows(model, host)
    windows = [window for row in rows for window in model.task.encode(row)]
    example = graph_inputs(collate(windows, model.tokenizer.pad_id), graph)
    write_graph(to / GRAPH, model.backbone, model.task.attention, graph, example)
    axes = {"input_ids": ["batch", "tokens"], "attention_mask": ["batch", "tokens"], **graph.inputs}
    portable = model.task.portable_head(model.head) is not None
    about = {"task": model.name, "attention": model.task.attention, "inputs": axes, "outputs": graph.outputs}
    write_tokenizer(to, model.tokenizer, model.backbone.config.context, "opened" if portable else "closed")
    write_json(to / ABOUT, about | {"context": model.backbone.config.context} | graph.facts())
    write_text(to / "README.md", graph_card(model.name, graph.inputs))
    session = GraphSession(to / GRAPH)
    farthest = _compare_rows(model, graph, session, rows, to)
    return _told(model.backbone, to, f"the whole task `{model.name}`", f"{len(rows)} rows, within {farthest:.1e}")


def _export_backbone(backbone: Backbone, tokenizer: Tokenizer, to: Path) -> dict[str, Any]:
    windows = [Window([tokenizer.bos_id, *tokenizer.encode(text)][: backbone.config.context]) for text in PROBES]
    batch = collate(windows, tokenizer.pad_id)
    write_graph(to / GRAPH, backbone, "causal", None, graph_inputs(batch, None))
    axes = {"input_ids": ["batch", "tokens"], "attention_mask": ["batch", "tokens"]}
    about = {"attention": "causal", "inputs": axes, "outputs": {LOGITS: ["batch", "tokens", "vocabulary"]}}
    write_tokenizer(to, tokenizer, backbone.config.context, "own")
    write_json(to / ABOUT, about | {"context": backbone.config.context})
    write_text(to / "README.md", graph_card(None, {}))
    found = GraphSession(to / GRAPH)(graph_inputs(batch, None))[LOGITS]
    farthest = 0.0
    for row, window in enumerate(windows):
        with torch.no_grad():
            ours = backbone.logits(backbone(torch.tensor([window.ids])))[0]
        apart = (found[row, : len(window.ids)] - ours).abs().max() / ours.abs().max().clamp_min(1e-9)
        farthest = max(farthest, float(apart))
    _refuse_if_far(farthest, to)
    return _told(backbone, to, "scores of the next token", f"logits within {farthest:.1e} of the largest")


def _probe_rows(model: TaskModel, host: PluginHost) -> list[Row]:
    """Return rows to compare on: of the plugin's own examples, else texts."""
    spec = host.tasks()[model.name]
    try:
        if spec.examples is not None:
            # The examples are as the plugin has them, whatever the columns of the user's own rows are.
            reader = spec.build(
                TaskContext(model.tokenizer, model.backbone.config.context, 0, Silent()),
                build(spec.config, {}, where=""),
            )
            source = reader.splits(spec.examples)
            return list(islice(reader.read(source.test or source.train or spec.examples, "predict"), PROBED_ROWS))
    except UserError:
        # A plugin whose settings have no defaults, or whose examples need some: texts will do.
        pass
    return list(model.task.read_lines(iter(PROBES[:1] * 2), "probe"))


def _compare_rows(model: TaskModel, graph: TaskGraph, session: GraphSession, rows: Sequence[Row], to: Path) -> float:
    pad_id = model.tokenizer.pad_id
    # In small batches, so that axes have other lengths than those the graph was made with.
    theirs = predict_by(graph_outputs(session, graph), model.task, rows, pad_id, batch_tokens=256)
    ours = predict_rows(model.task, model.head, model.backbone, rows, pad_id)
    farthest = 0.0
    for (row, one), (_, other) in zip(ours, theirs, strict=True):
        apart = _apart(one, other)
        if apart is None:
            what = f"the graph predicts something else for {row.where}, so nothing was exported"
            raise UserError(what, where=to, fix="tell us of it; the model itself is whole")
        farthest = max(farthest, apart)
    _refuse_if_far(farthest, to)
    return farthest


def _apart(one: Any, other: Any) -> float | None:
    """Return how far the numbers in two predictions are apart at the most; None where anything else differs."""
    if isinstance(one, float) and isinstance(other, float):
        return abs(one - other)
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        return _farthest([(one[key], other[key]) for key in one])
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)) and len(one) == len(other):
        return _farthest(list(zip(one, other, strict=True)))
    return 0.0 if one == other else None


def _farthest(pairs: Sequence[tuple[Any, Any]]) -> float | None:
    found = [_apart(*pair) for pair in pairs]
    return None if None in found else max((each for each in found if each is not None), default=0.0)


def _refuse_if_far(farthest: float, to: Path) -> None:
    if not farthest <= CLOSEST:
        what = f"the graph's numbers are {farthest:.1e} apart from those here, so nothing was exported"
        raise UserError(what, where=to, fix="tell us of it; the model itself is whole")


def _told(backbone: Backbone, to: Path, what: str, proof: str) -> dict[str, Any]:
    size = sum(path.stat().st_size for path in to.glob(f"{GRAPH}*"))
    return {
        "graph": what,
        "parameters": people_count(backbone.config.parameters),
        "size": people_bytes(size),
        "checked in onnxruntime": proof,
        "folder": str(to),
    }
