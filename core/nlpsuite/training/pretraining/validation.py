"""The held-out rows of a pretraining run, scored the same way at every validation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nlpsuite.backbone.objectives import causal_example, masked_example
from nlpsuite.backbone.scoring import TextScore, score_examples
from nlpsuite.text.order import RowOrder
from nlpsuite.training.pretraining.data import make_masking

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from nlpsuite.backbone.model import Backbone
    from nlpsuite.backbone.objectives import Example
    from nlpsuite.text.order import Rows
    from nlpsuite.text.tokenfile import TokenFile
    from nlpsuite.text.tokenizer import Tokenizer
    from nlpsuite.training.together import Together


class ValidationText:
    """The same held-out rows at every validation, scored causally and, where asked, with masks.

    Args:
        tokens: The validation tokens.
        context: Inputs in a row.
        tokenizer: For special ids and the bytes of pieces.
        max_tokens: The most tokens to look at.
        rows: Rows computed at once.
        left_to_right: Whether there is a causal score.
        mask_rate: Share of tokens masked for the masked score; None: no masked score.
        mask_span: Longest span of masked tokens.
        group: The processes that share the rows; each row is scored by one of them.
    """

    def __init__(
        self,
        tokens: TokenFile,
        *,
        context: int,
        tokenizer: Tokenizer,
        max_tokens: int,
        rows: int,
        left_to_right: bool = True,
        mask_rate: float | None,
        mask_span: int,
        group: Together,
    ):
        # A fixed seed of its own: runs with other seeds are compared on the same rows.
        order = RowOrder(tokens, row=context, seed=0, pad_id=tokenizer.pad_id)
        self.byte_lengths = tokenizer.byte_lengths
        number = min(order.rows_per_epoch, max(1, max_tokens // context))
        self._blocks = [(at, order.rows(at, min(rows, number - at))) for at in range(0, number, rows)]
        self._group = group
        self._left_to_right = left_to_right
        self._masking = None if mask_rate is None else make_masking(mask_rate, mask_span, tokenizer)

    def causal(self, backbone: Backbone) -> TextScore | None:
        """Score the rows left to right; None where not asked for."""
        if not self._left_to_right:
            return None
        return self._score(backbone, lambda block: causal_example(block[1]))

    def masked(self, backbone: Backbone) -> TextScore | None:
        """Score masked tokens from both sides, with the same masks each time; None where not asked for."""
        if self._masking is None:
            return None
        masking = self._masking

        def masked(block: tuple[int, Rows]) -> Example:
            # Each row has its own masks, so that the score does not depend on how many rows are computed at once.
            first, rows = block
            generators = [np.random.default_rng((0, first + row)) for row in range(len(rows.ids_BT))]
            return masked_example(rows, masking, generators)

        return self._score(backbone, masked)

    def _score(self, backbone: Backbone, example: Callable[[tuple[int, Rows]], Example]) -> TextScore:
        """Score this process's share of the rows, and add up what all have found."""
        mine = self._blocks[self._group.rank :: self._group.world]
        score = score_examples(backbone, map(example, mine), self.byte_lengths)
        nats, tokens, size = self._group.total([score.nats, score.tokens, score.bytes])
        return TextScore(nats, int(tokens), int(size))

    def prompts(self, number: int, length: int) -> Sequence[list[int]]:
        """Return the first tokens of some rows, as prompts for sampled continuations."""
        rows = [row for _, block in self._blocks for row in block.ids_BT]
        chosen = np.linspace(0, len(rows) - 1, num=min(number, len(rows)), dtype=int)
        return [[int(i) for i in rows[at][:length]] for at in chosen]
