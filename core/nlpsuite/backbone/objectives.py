"""What the network learns to predict: the next token, or a masked token from the position before it.

Both objectives share one output layer and one shift (Charpentier and Samuel 2024, "GPT or BERT: why not both?"): hidden
state t - 1 predicts token t. Causal attention makes that maximum likelihood of the text, sum log P(x_t | x_<t); under
bidirectional attention the predicted tokens are masked in the input.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np
import torch

from nlpsuite.backbone.loss import chunked_cross_entropy
from nlpsuite.backbone.sampled import sampled_cross_entropy
from nlpsuite.text.order import NO_TARGET, PADDING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray
    from torch import Tensor

    from nlpsuite.backbone.model import Backbone
    from nlpsuite.backbone.sampled import Candidates
    from nlpsuite.text.order import Rows

ObjectiveName = Literal["causal", "masked", "hybrid"]


@dataclass(frozen=True, slots=True)
class Example:
    """One micro-batch of an objective. B rows, T inputs, N predicted positions.

    Attributes:
        ids_BT: int64 input tokens, masked where the objective masks.
        segments_BT: int64, the document of each input, -1 on padding.
        positions_N: int64, the predicting positions, as indices into B * T.
        targets_N: int64, the tokens they predict.
        mode: How the network attends.
        tokens: Real input tokens, for speed and budgets.
        documents: The documents the rows come from, for messages.
        whole: Whether each row is a piece of one document and nothing else, so that `segments_BT` says nothing.
    """

    ids_BT: Tensor
    segments_BT: Tensor
    positions_N: Tensor
    targets_N: Tensor
    mode: Literal["causal", "bidirectional"]
    tokens: int
    documents: tuple[int, ...]
    whole: bool

    def to(self, device: torch.device) -> Example:
        """Return the example with its tensors on `device`."""
        return self._with_tensors(lambda tensor: tensor.to(device, non_blocking=True))

    def pin_memory(self) -> Example:
        """Return the example with its tensors where a GPU fetches them without the processor's waiting."""
        return self._with_tensors(lambda tensor: tensor.pin_memory())

    def _with_tensors(self, change: Callable[[Tensor], Tensor]) -> Example:
        return replace(
            self,
            ids_BT=change(self.ids_BT),
            segments_BT=change(self.segments_BT),
            positions_N=change(self.positions_N),
            targets_N=change(self.targets_N),
        )


def causal_example(rows: Rows) -> Example:
    """Predict each next token from what comes before it in its document."""
    positions = np.flatnonzero(rows.next_BT.reshape(-1) != NO_TARGET)
    return _example(rows, rows.ids_BT, positions, rows.next_BT.reshape(-1)[positions], "causal")


@dataclass(frozen=True, slots=True)
class Masking:
    """How tokens are masked.

    Attributes:
        rate: Share of a row's tokens to predict.
        longest: Spans are of 1 to this many tokens.
        mask_id: The mask's id.
        ordinary_ids: The ids that text is made of, sorted; random tokens are drawn from them.
    """

    rate: float
    longest: int
    mask_id: int
    ordinary_ids: NDArray[np.int64]


def masked_example(rows: Rows, masking: Masking, generators: Sequence[np.random.Generator]) -> Example:
    """Mask spans of tokens and predict each from the position before it, seeing the rest of its document.

    Of the chosen tokens 80 % become the mask, 10 % a random token, 10 % stay (Devlin et al. 2019). Their number depends
    on the rows alone, so that shapes are steady, and what happens to a row on that row and its generator alone.

    Args:
        rows: Packed rows.
        masking: How.
        generators: The only source of chance, one for each row.
    """
    masked, positions = rows.ids_BT.copy(), []
    width = masked.shape[1]
    for row, generator in enumerate(generators):
        chosen = _mask_row(masked[row], rows.segments_BT[row], masking, generator)
        positions.append(row * width + chosen - 1)
    flat = np.concatenate(positions)
    return _example(rows, masked, flat, rows.ids_BT.reshape(-1)[flat + 1], "bidirectional")


def _mask_row(
    ids_T: NDArray[np.int64], segments_T: NDArray[np.int64], masking: Masking, generator: np.random.Generator
) -> NDArray[np.int64]:
    """Mask a row in place and return the positions that are to be predicted, sorted."""
    same = (segments_T[1:] == segments_T[:-1]) & (segments_T[1:] != PADDING)
    candidates = np.flatnonzero(same) + 1
    number = min(len(candidates), max(1, round(masking.rate * len(candidates))))
    chosen = _draw_spans(candidates, number, masking.longest, len(ids_T), generator)
    draw = generator.random(len(chosen))
    ids_T[chosen[draw < 0.8]] = masking.mask_id
    changed = chosen[(draw >= 0.8) & (draw < 0.9)]
    ids_T[changed] = masking.ordinary_ids[generator.integers(0, len(masking.ordinary_ids), len(changed))]
    return chosen


def _draw_spans(
    candidates: NDArray[np.int64], number: int, longest: int, size: int, generator: np.random.Generator
) -> NDArray[np.int64]:
    """Return `number` distinct candidates, in spans of random length, sorted."""
    starts = generator.permutation(candidates)[:number]
    lengths = generator.integers(1, longest + 1, len(starts))
    steps = np.arange(longest)
    spans = np.where(steps < lengths[:, None], starts[:, None] + steps, -1).reshape(-1)
    allowed = np.zeros(size + longest + 1, dtype=bool)
    allowed[candidates] = True
    spans = spans[(spans >= 0) & allowed[spans]]
    _, first = np.unique(spans, return_index=True)
    return np.sort(spans[np.sort(first)[:number]])


def _example(
    rows: Rows,
    ids: NDArray[np.int64],
    positions: NDArray[np.int64],
    targets: NDArray[np.int64],
    mode: Literal["causal", "bidirectional"],
) -> Example:
    return Example(
        ids_BT=torch.from_numpy(ids),
        segments_BT=torch.from_numpy(rows.segments_BT),
        positions_N=torch.from_numpy(positions),
        targets_N=torch.from_numpy(targets),
        mode=mode,
        tokens=int((rows.segments_BT != PADDING).sum()),
        documents=tuple(rows.documents),
        whole=not rows.segments_BT.any(),
    )


def is_masked_row(objective: ObjectiveName, number: int, masked_share: float) -> bool:
    """Whether row `number` of the training order is masked; `hybrid` spreads masked ones evenly at `masked_share`."""
    share = {"causal": 0.0, "masked": 1.0, "hybrid": masked_share}[objective]
    return int((number + 1) * share) > int(number * share)


def predicting_states(backbone: Backbone, example: Example, *, row: int | None = None) -> Tensor:
    """Return the hidden states of the predicting positions, (N, D).

    Args:
        backbone: The network.
        example: What is predicted.
        row: Cut every row into rows of so many inputs, a divisor of T, each of which sees itself alone.
    """
    ids, segments = example.ids_BT, example.segments_BT
    if row is not None:
        # Positions are counted over all rows, so they stay as they are when rows are cut.
        ids, segments = ids.view(-1, row), segments.view(-1, row)
    hidden_BTD = backbone(ids, mode=example.mode, segments_BT=None if example.whole else segments)
    return hidden_BTD.flatten(0, 1).index_select(0, example.positions_N)  # type: ignore[no-any-return]


def objective_loss(
    backbone: Backbone,
    example: Example,
    *,
    z_loss: float = 0.0,
    row: int | None = None,
    candidates: Candidates | None = None,
) -> Tensor:
    """Return the mean cross-entropy of an example in nats per predicted token.

    Args:
        backbone: The network.
        example: What is predicted.
        z_loss: As in `chunked_cross_entropy`.
        row: As in `predicting_states`.
        candidates: The tokens that the output layer is computed for, for an estimate; None: all.
    """
    hidden_ND = predicting_states(backbone, example, row=row)
    if candidates is not None and len(example.targets_N):
        weight_VD, targets_N = backbone.output_weight, example.targets_N
        return sampled_cross_entropy(hidden_ND, weight_VD, targets_N, candidates, z_loss=z_loss)
    return chunked_cross_entropy(hidden_ND, backbone.output_weight, example.targets_N, z_loss=z_loss)
