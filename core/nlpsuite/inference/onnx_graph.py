"""A model as one ONNX graph, and that graph run by onnxruntime."""

from __future__ import annotations

import logging
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from nlpsuite.backbone.attention import PADDING
from nlpsuite.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from nlpsuite.backbone.model import Backbone
    from nlpsuite.tasks.graph import TaskGraph
    from nlpsuite.tasks.task import AttentionMode, Batch

IDS, MASK, LOGITS = "input_ids", "attention_mask", "logits"
OPSET = 18
ONE_FILE = 1_800_000_000
"""Weights of more bytes are put in a file beside the graph: the format holds no more than two gigabytes."""
FIXED = ("feature", "features")
"""Names of axes whose length the head decides."""
_MISSING = "ONNX needs `onnx`, `onnxscript` and `onnxruntime`, which are not all installed"


class ModelGraph(nn.Module):
    """The backbone, and a task's graph behind it, from token ids to what comes out.

    Args:
        backbone: In eval mode.
        mode: How positions attend.
        task: What follows the hidden states; None: scores of the next token.
    """

    def __init__(self, backbone: Backbone, mode: AttentionMode, task: TaskGraph | None):
        super().__init__()
        self.backbone, self.mode, self.task = backbone, mode, task

    def forward(self, input_ids: Tensor, attention_mask: Tensor, inputs: tuple[Tensor, ...] = ()) -> tuple[Tensor, ...]:
        """Return the outputs; `attention_mask` is 1 where a token is real and 0 where it is padding, both int64 (B, T)."""
        real_BT = attention_mask > 0
        segments_BT = torch.where(real_BT, 0, PADDING)
        hidden_BTD = self.backbone(input_ids, mode=self.mode, segments_BT=segments_BT)
        if self.task is None:
            return (self.backbone.logits(hidden_BTD),)
        outputs: tuple[Tensor, ...] = self.task(hidden_BTD, real_BT, *inputs)
        return outputs


def write_graph(
    path: Path, backbone: Backbone, mode: AttentionMode, task: TaskGraph | None, example: Mapping[str, Tensor]
) -> None:
    """Write a model as an ONNX file.

    Args:
        path: The file.
        backbone: In eval mode, on the CPU.
        mode: How positions attend.
        task: What follows the hidden states, in eval mode; None: scores of the next token.
        example: Inputs of some batch, at least two rows and two of each axis, by their names.

    Raises:
        UserError: A library is missing, or the graph holds what the format does not know.
    """
    try:
        import onnx  # noqa: F401
        import onnxscript  # noqa: F401
    except ImportError:
        raise UserError(_MISSING, where="--format onnx", fix="pip install 'nlpsuite[onnx]'") from None
    names = [IDS, MASK, *(task.inputs if task is not None else ())]
    outputs = list(task.outputs) if task is not None else [LOGITS]
    free = _Axes(backbone.config.context)
    axes = {IDS: ("batch", "tokens"), MASK: ("batch", "tokens"), **(task.inputs if task is not None else {})}
    shapes = {name: free.of(axes[name]) for name in names}
    arguments: tuple[Any, ...] = (example[IDS], example[MASK])
    dynamic: tuple[Any, ...] = (shapes[IDS], shapes[MASK])
    if names[2:]:
        arguments += (tuple(example[name] for name in names[2:]),)
        dynamic += (tuple(shapes[name] for name in names[2:]),)
    large = sum(p.numel() * p.element_size() for p in backbone.parameters()) > ONE_FILE
    model = ModelGraph(backbone, mode, task).eval()
    try:
        with _quiet(), torch.no_grad():
            torch.onnx.export(
                model,
                arguments,
                path,
                input_names=names,
                output_names=outputs,
                dynamic_shapes=dynamic,
                opset_version=OPSET,
                external_data=large,
                verbose=False,
            )
    except torch.onnx.errors.OnnxExporterError as error:
        reason = " ".join(str(error.__cause__ or error).split())
        what = f"this task cannot be written as an ONNX graph ({reason[:200]})"
        raise UserError(what, where="--format onnx", fix="export it without --format") from None


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the writer from telling its own developers what it does."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


class _Axes:
    """Gives each named axis one symbol; an axis of features has the length that it has in the example."""

    def __init__(self, context: int):
        self._context = context
        self._known: dict[str, Any] = {}

    def of(self, names: Sequence[str]) -> dict[int, Any]:
        """Return the axes of a tensor that may have another length than in its example."""
        return {place: self._symbol(name) for place, name in enumerate(names) if name not in FIXED}

    def _symbol(self, name: str) -> Any:
        if name not in self._known:
            most = self._context if name == "tokens" else None
            self._known[name] = torch.export.Dim(name, min=1, max=most)
        return self._known[name]


class GraphSession:
    """An ONNX file, run by onnxruntime on the CPU.

    Args:
        path: The file.

    Raises:
        UserError: The library is missing, or the graph does not run.
    """

    def __init__(self, path: Path):
        try:
            import onnxruntime
        except ImportError:
            raise UserError(_MISSING, where="--format onnx", fix="pip install 'nlpsuite[onnx]'") from None
        self._path = path
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        self._names = [each.name for each in self._session.get_outputs()]

    def __call__(self, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return the outputs by their names."""
        try:
            found = self._session.run(None, {name: value.numpy() for name, value in inputs.items()})
        except Exception as error:
            # The library has a kind of error of its own for each thing that may be wrong, and no name for them all.
            reason = " ".join(str(error).split())
            raise UserError(f"the graph does not run ({reason[:200]})", where=self._path, fix="tell us of it") from None
        return {name: torch.from_numpy(value) for name, value in zip(self._names, found, strict=True)}


def graph_inputs(batch: Batch, task: TaskGraph | None) -> dict[str, Tensor]:
    """Return the inputs for a batch by their names."""
    own = {} if task is None else task.tensors(batch)
    return {IDS: batch.ids_BT, MASK: batch.real_BT.to(torch.int64), **own}


def graph_outputs(session: GraphSession, graph: TaskGraph) -> Callable[[Batch], Sequence[Any]]:
    """Return what computes a task's outputs by its graph, for `predict_by`."""
    return lambda batch: graph.read(session(graph_inputs(batch, graph)), batch)
