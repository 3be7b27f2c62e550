"""Examples for pretraining by number: micro-batch `i` is a pure function of the seed and `i`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from torch.utils.data import DataLoader, Dataset

from nlpsuite.backbone.objectives import Example, causal_example, is_masked_turn, masked_example
from nlpsuite.text.order import RowOrder

if TYPE_CHECKING:
    from nlpsuite.text.tokenfile import TokenFile
    from nlpsuite.text.tokenizer import Tokenizer
    from nlpsuite.training.pretraining.settings import ObjectiveSettings

_NEVER_ENDING = 1 << 40
FIRST_ORDINARY_ID = 6
"""The ids below are special in our own tokenizers; random replacements are drawn from here on."""


@dataclass(frozen=True, slots=True)
class MicroBatches:
    """How an optimiser step is divided.

    Attributes:
        rows: Rows computed at once on one device.
        per_step: How many of them one device adds up for an optimiser step.
        world: Devices.
    """

    rows: int
    per_step: int
    world: int = 1

    @property
    def rows_per_step(self) -> int:
        """Rows of one optimiser step on all devices."""
        return self.rows * self.per_step * self.world


class PretrainExamples(Dataset[Example]):
    """One device's examples from micro-batch `first` on.

    The rows of step s are rows s * rows_per_step ... of the order whatever the number of devices: each device takes its
    part of every step.

    Args:
        tokens: The training tokens.
        context: Inputs in a row.
        tokenizer: For the special ids.
        objective: What is predicted.
        batches: How a step is divided.
        seed: Decides order and masks.
        first: Number of the first micro-batch, counted from the start of training.
        rank: This device.
    """

    def __init__(
        self,
        tokens: TokenFile,
        *,
        context: int,
        tokenizer: Tokenizer,
        objective: ObjectiveSettings,
        batches: MicroBatches,
        seed: int,
        first: int = 0,
        rank: int = 0,
    ):
        self._order = RowOrder(tokens, row=context, seed=seed, pad_id=tokenizer.pad_id)
        self._mask_id, self._vocab_size = tokenizer.mask_id, tokenizer.vocab_size
        self._objective, self._batches, self._seed, self._first, self._rank = objective, batches, seed, first, rank

    @property
    def tokens_per_epoch(self) -> int:
        """Tokens predicted in one pass over the text."""
        return self._order.inputs_per_epoch

    def __len__(self) -> int:
        return _NEVER_ENDING

    def __getitem__(self, index: int) -> Example:
        micro = self._first + index
        step, part = divmod(micro, self._batches.per_step)
        # Over all devices: step by step, and within a step part by part, so that devices share each step's rows.
        number = (step * self._batches.per_step + part) * self._batches.world + self._rank
        rows = self._order.rows(number * self._batches.rows, self._batches.rows)
        if not is_masked_turn(self._objective.name, micro, self._objective.masked_share):
            return causal_example(rows)
        return masked_example(
            rows,
            rate=self._objective.mask_rate,
            longest=self._objective.mask_span,
            mask_id=self._mask_id,
            first_id=FIRST_ORDINARY_ID,
            vocab_size=self._vocab_size,
            generator=np.random.default_rng((self._seed, 1, number)),
        )


def one_by_one(examples: PretrainExamples) -> DataLoader[Example]:
    """Return a loader that hands out examples in order, as they are."""
    return DataLoader(examples, batch_size=None, shuffle=False, num_workers=0)
