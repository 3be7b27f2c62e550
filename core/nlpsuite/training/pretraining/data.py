"""Examples for pretraining by number: what optimiser step `i` computes is a pure function of the seed and `i`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from torch.utils.data import Dataset

from nlpsuite.backbone.objectives import Example, Masking, causal_example, is_masked_row, masked_example

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nlpsuite.text.order import RowOrder
    from nlpsuite.text.tokenizer import Tokenizer
    from nlpsuite.training.pretraining.settings import ObjectiveSettings

_NEVER_ENDING = 1 << 40


@dataclass(frozen=True, slots=True)
class StepRows:
    """How the rows of an optimiser step are divided: over devices, and on each into what is computed at once.

    The loss of a step is a sum over its rows, so that how they are divided changes it by rounding alone.

    Attributes:
        total: Rows of one optimiser step on all devices, a multiple of `world`.
        at_once: The most rows computed at once on one device.
        world: Devices.
    """

    total: int
    at_once: int
    world: int = 1


@dataclass(frozen=True, slots=True)
class Part:
    """Rows of a step that one device computes at once.

    Attributes:
        example: What is predicted.
        weight: What the mean loss of the example counts in the step's loss; over all parts of a step on a device and all
            devices, divided by their number, weights add up to about one. 0: computed for company, and counts for nothing.
    """

    example: Example
    weight: float

    def pin_memory(self) -> Part:
        """Return the part with its tensors where a GPU fetches them; the loader asks for it."""
        return replace(self, example=self.example.pin_memory())


class PretrainSteps(Dataset["list[Part]"]):
    """One device's part of each optimiser step, from step `first` on.

    The rows of step s are rows s * total ... of the order whatever the number of devices, whether a row is masked and how
    is a function of its number, and each device takes every `world`-th of them.

    Args:
        order: The rows of the training tokens; its seed decides masks too.
        tokenizer: For the special ids.
        objective: What is predicted.
        rows: How a step is divided.
        first: Number of the first step, counted from the start of training.
        rank: This device.
        in_step: Whether all devices need to compute as many parts of a step, because they gather the network together. One
            that has fewer than another computes its last one again, for nothing.
    """

    def __init__(
        self,
        order: RowOrder,
        *,
        tokenizer: Tokenizer,
        objective: ObjectiveSettings,
        rows: StepRows,
        first: int = 0,
        rank: int = 0,
        in_step: bool = False,
    ):
        self._order = order
        self._masking = make_masking(objective.mask_rate, objective.mask_span, tokenizer)
        self._objective, self._rows = objective, rows
        self._first, self._rank, self._in_step = first, rank, in_step

    def __len__(self) -> int:
        return _NEVER_ENDING

    def __getitem__(self, index: int) -> list[Part]:
        start = (self._first + index) * self._rows.total
        causal: list[int] = []
        masked: list[int] = []
        for number in range(start, start + self._rows.total):
            is_masked = is_masked_row(self._objective.name, number, self._objective.masked_share)
            (masked if is_masked else causal).append(number)
        runs = self._share(causal, masked, self._rank)
        parts = [self._causal(each) for each in runs[0]] + [self._masked(each) for each in runs[1]]
        if self._in_step:
            ranks = range(self._rows.world)
            most = max(sum(map(len, self._share(causal, masked, rank))) for rank in ranks)
            parts += [replace(parts[-1], weight=0.0)] * (most - len(parts))
        return parts

    def _share(
        self, causal: list[int], masked: list[int], rank: int
    ) -> tuple[list[Sequence[int]], list[Sequence[int]]]:
        """Return a device's rows of both kinds, cut into what is computed at once."""
        # Dealt out one by one, so that every device has as many rows, and nearly as many of each kind.
        mine = set((causal + masked)[rank :: self._rows.world])
        return self._cut([n for n in causal if n in mine]), self._cut([n for n in masked if n in mine])

    def _cut(self, numbers: Sequence[int]) -> list[Sequence[int]]:
        """Cut into runs of about one length, at the most so many as are computed at once."""
        if not numbers:
            return []
        runs = -(-len(numbers) // self._rows.at_once)
        return [part.tolist() for part in np.array_split(np.array(numbers), runs)]

    def _causal(self, numbers: Sequence[int]) -> Part:
        return self._part(causal_example(self._order.pick(numbers)), 1.0)

    def _masked(self, numbers: Sequence[int]) -> Part:
        generators = [np.random.default_rng((self._order.seed, 1, number)) for number in numbers]
        example = masked_example(self._order.pick(numbers), self._masking, generators)
        return self._part(example, self._masking.rate)

    def _part(self, example: Example, share: float) -> Part:
        # By how many targets a full row has, not by how many these rows have: a step's loss is then a plain sum.
        full = share * self._order.row * self._rows.total / self._rows.world
        return Part(example, len(example.targets_N) / full)


def make_masking(rate: float, longest: int, tokenizer: Tokenizer) -> Masking:
    """Return how tokens are masked for a tokenizer."""
    # Special ids stand for no text; where they are in the vocabulary differs between tokenizers.
    return Masking(rate, longest, tokenizer.mask_id, np.flatnonzero(tokenizer.byte_lengths))
