"""Whether documents are attended to tile by tile: on a GPU whose kernels give what a mask gives, or as the user says."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

import torch

from nlpsuite.backbone.attention import attend, make_mask
from nlpsuite.backbone.documents import TILE
from nlpsuite.backbone.machine import per_second
from nlpsuite.errors import UserError
from nlpsuite.training.pretraining.compile_trial import WORTH_A_TRIAL, WORTH_IT
from nlpsuite.training.pretraining.short_rows import row_length
from nlpsuite.training.pretraining.trial import trial_parts

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    from torch import Tensor

    from nlpsuite.backbone.attention import Mask
    from nlpsuite.backbone.config import BackboneConfig
    from nlpsuite.backbone.machine import Machine
    from nlpsuite.backbone.model import Backbone
    from nlpsuite.backbone.objectives import Example
    from nlpsuite.report import Reporter
    from nlpsuite.training.pretraining.data import StepRows
    from nlpsuite.training.pretraining.prepare import PreparedText
    from nlpsuite.training.pretraining.settings import PretrainSettings

TOLERANCE = 0.02
"""The most that outputs and gradients may be apart, as a share of their size; bf16 rounds to 0.004."""
ROUND_SECONDS = 0.3
DTYPES = {"32-true": torch.float32, "bf16-mixed": torch.bfloat16, "16-mixed": torch.float16}


def choose_by_documents(
    backbone: Backbone,
    text: PreparedText,
    settings: PretrainSettings,
    rows: StepRows,
    machine: Machine,
    report: Reporter,
) -> bool:
    """Return whether to compute attention by documents, and tell what a trial found.

    The kernels are made by a compiler for this GPU and these shapes, so they are held against plain attention under a mask
    first, outputs and gradients, on the text's own documents, at every length of row that the run will have; what differs or
    cannot be made is not used. Arguments as of `choose_compiled`.

    Raises:
        UserError: The user wants it where it cannot be.
    """
    on_gpu = machine.device.type == "cuda"
    if settings.by_documents and not on_gpu:
        what = "attention by documents has kernels for a GPU only"
        raise UserError(what, where="by_documents", fix="leave it out, or say --set by_documents=false")
    if settings.by_documents is not None:
        return settings.by_documents
    if not on_gpu or (settings.planned_seconds or WORTH_A_TRIAL) < WORTH_A_TRIAL:
        return False
    parts = trial_parts(backbone, text, settings, rows, machine)
    packed = [part.example for part in parts if not part.example.whole]
    tried = [(each, length) for each in packed for length in row_lengths(backbone.config.context, settings.short_rows)]
    if not tried:
        return False
    try:
        trials = [Trial(backbone.config, example, length, machine) for example, length in tried]
        apart = greatest([trial.apart() for trial in trials])
        gain = trials[-1].gain()
    except Exception as error:
        # A compiler's, a driver's: whatever it is, there is another way.
        said = str(error).strip() or type(error).__name__
        report.say(f"attention under a mask: {said.splitlines()[0]}")
        return False
    # A run counted in steps has the same sums whatever the machine was busy with, so speed decides by the clock only.
    chosen = apart <= TOLERANCE and (gain >= WORTH_IT or settings.planned_seconds is None)
    how = "by documents" if chosen else "under a mask"
    report.say(f"attention {how}: by documents it has {gain:.2f} times the speed, {apart:.1%} apart")
    return chosen


def row_lengths(context: int, short_rows: float) -> list[int]:
    """Return the lengths of row that a run has and that are of more than one tile, ascending."""
    found = {row_length(context, progress, short_rows) or context for progress in (0.0, short_rows / 2, 1.0)}
    return sorted(length for length in found if length > TILE)


def greatest(values: Sequence[float]) -> float:
    """Return the greatest value, or NaN where there is one, which `max` may pass over."""
    return float(torch.tensor(values).max())


class Trial:
    """Attention on the documents of some rows, with random queries, keys and values.

    Args:
        shape: Heads and layers.
        example: Rows.
        length: Of the rows that these are cut into.
        machine: Device and number format.
    """

    def __init__(self, shape: BackboneConfig, example: Example, length: int, machine: Machine):
        self._machine, self._mode, self._layers = machine, example.mode, shape.n_layers
        self._segments_BT = example.segments_BT.view(-1, length)
        generator = torch.Generator(machine.device).manual_seed(0)

        def drawn(heads: int) -> Tensor:
            # As the network lays them out, and in its format: kernels are compiled for both.
            size = (len(self._segments_BT), length, heads, shape.head_dim)
            dtype = DTYPES[machine.precision]
            return torch.randn(size, generator=generator, device=machine.device, dtype=dtype).transpose(1, 2)

        self._q, self._k, self._v = drawn(shape.n_heads), drawn(shape.n_kv_heads), drawn(shape.n_kv_heads)
        self._upstream = drawn(shape.n_heads)

    def apart(self) -> float:
        """Return the greatest difference of outputs and gradients, as a share of their size."""
        pairs = zip(self._run(by_documents=True), self._run(by_documents=False), strict=True)
        return greatest([float((found - plain).float().norm() / plain.float().norm()) for found, plain in pairs])

    def gain(self) -> float:
        """Return how many times as fast all layers are by documents, the making of a mask included."""
        device, layers = self._machine.device, self._layers
        speed = per_second(lambda: self._run(by_documents=True, layers=layers), device, ROUND_SECONDS)
        return speed / per_second(lambda: self._run(by_documents=False, layers=layers), device, ROUND_SECONDS)

    def _run(self, *, by_documents: bool, layers: int = 1) -> list[Tensor]:
        """Return the output and the gradients of queries, keys and values."""
        with self._as_training():
            length = self._segments_BT.shape[1]
            mask = make_mask(self._mode, length, segments_BT=self._segments_BT, by_documents=by_documents)
            for _ in range(layers):
                found = self._attend(mask)
        return found

    def _attend(self, mask: Mask) -> list[Tensor]:
        q, k, v = (tensor.detach().requires_grad_() for tensor in (self._q, self._k, self._v))
        gathered = attend(q, k, v, mask)
        return [gathered.detach(), *torch.autograd.grad(gathered, (q, k, v), self._upstream)]

    def _as_training(self) -> AbstractContextManager[object]:
        """Return Lightning's context, for which kernels are compiled as well."""
        if self._machine.precision == "32-true":
            return nullcontext()
        return torch.autocast(self._machine.device.type, DTYPES[self._machine.precision], cache_enabled=False)
