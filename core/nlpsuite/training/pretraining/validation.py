"""The held-out rows of a pretraining run, scored the same way at every validation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nlpsuite.backbone.objectives import causal_example, masked_example
from nlpsuite.backbone.scoring import TextScore, score_examples
from nlpsuite.text.order import NO_TARGET, RowOrder
from nlpsuite.training.pretraining.data import FIRST_ORDINARY_ID

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nlpsuite.backbone.model import Backbone
    from nlpsuite.text.tokenfile import TokenFile
    from nlpsuite.text.tokenizer import Tokenizer


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
    ):
        # A fixed seed of its own: runs with other seeds are compared on the same rows.
        order = RowOrder(tokens, row=context, seed=0, pad_id=tokenizer.pad_id)
        self.byte_lengths = tokenizer.byte_lengths
        number = min(order.rows_per_epoch, max(1, max_tokens // context))
        self._blocks = [order.rows(at, min(rows, number - at)) for at in range(0, number, rows)]
        self._left_to_right = left_to_right
        self._mask_rate, self._mask_span, self._tokenizer = mask_rate, mask_span, tokenizer

    @property
    def tokens(self) -> int:
        """Tokens that a causal score predicts."""
        return sum(int((rows.next_BT != NO_TARGET).sum()) for rows in self._blocks)

    def causal(self, backbone: Backbone) -> TextScore | None:
        """Score the rows left to right; None where not asked for."""
        if not self._left_to_right:
            return None
        return score_examples(backbone, (causal_example(rows) for rows in self._blocks), self.byte_lengths)

    def masked(self, backbone: Backbone) -> TextScore | None:
        """Score masked tokens from both sides, with the same masks each time; None where not asked for."""
        if self._mask_rate is None:
            return None
        rate = self._mask_rate
        examples = (
            masked_example(
                rows,
                rate=rate,
                longest=self._mask_span,
                mask_id=self._tokenizer.mask_id,
                first_id=FIRST_ORDINARY_ID,
                vocab_size=self._tokenizer.vocab_size,
                generator=np.random.default_rng((0, number)),
            )
            for number, rows in enumerate(self._blocks)
        )
        return score_examples(backbone, examples, self.byte_lengths)

    def prompts(self, number: int, length: int) -> Sequence[list[int]]:
        """Return the first tokens of some rows, as prompts for sampled continuations."""
        rows = [row for block in self._blocks for row in block.ids_BT]
        chosen = np.linspace(0, len(rows) - 1, num=min(number, len(rows)), dtype=int)
        return [[int(i) for i in rows[at][:length]] for at in chosen]
