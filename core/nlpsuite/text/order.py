"""The order of training as a pure function of (seed, step): no loader state, so a run resumes exactly at any step.

Letters: B rows, T inputs in a row.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nlpsuite.errors import UserError
from nlpsuite.text.packing import Plan, cut_documents, plan_epoch

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nlpsuite.text.tokenfile import TokenFile

NO_TARGET = -1
PADDING = -1


@dataclass(frozen=True, slots=True)
class Rows:
    """Packed rows, ready for the network.

    Attributes:
        ids_BT: int64 input tokens, padded with `pad_id`.
        next_BT: int64, the token that follows each input in its document; `NO_TARGET` on padding.
        segments_BT: int64, the piece within the row each input belongs to; `PADDING` on padding.
        documents: The documents the rows' pieces come from, for messages.
    """

    ids_BT: NDArray[np.int64]
    next_BT: NDArray[np.int64]
    segments_BT: NDArray[np.int64]
    documents: list[int]


class RowOrder:
    """Rows of a token file by number: row `i` lies in epoch `i // rows_per_epoch`, and each epoch is packed afresh.

    Every epoch has the same number of rows, for best fit depends on lengths alone.

    Args:
        tokens: The token file.
        row: Inputs in a row.
        seed: Decides the order, with the row's number alone.
        pad_id: What fills the end of a row.

    Raises:
        UserError: The text holds nothing to predict.
    """

    def __init__(self, tokens: TokenFile, *, row: int, seed: int, pad_id: int):
        self._tokens, self._row, self._seed, self._pad_id = tokens, row, seed, pad_id
        self._pieces = cut_documents(np.asarray(tokens.starts), row)
        if not len(self._pieces.lengths):
            raise UserError("the text holds no tokens to train on", where=str(tokens.folder), fix="give more text")
        self._epoch = 0
        self._plan = self._plan_epoch(0)
        self.rows_per_epoch = len(self._plan)
        self.inputs_per_epoch = int(self._pieces.lengths.sum())

    def _plan_epoch(self, epoch: int) -> Plan:
        return plan_epoch(self._pieces, self._row, np.random.default_rng((self._seed, epoch)))

    def rows(self, first: int, number: int) -> Rows:
        """Return rows `first` ... `first + number - 1`, counted from the start of training."""
        shape = (number, self._row)
        ids = np.full(shape, self._pad_id, dtype=np.int64)
        following = np.full(shape, NO_TARGET, dtype=np.int64)
        segments = np.full(shape, PADDING, dtype=np.int64)
        documents: list[int] = []
        for b in range(number):
            epoch, r = divmod(first + b, self.rows_per_epoch)
            if epoch != self._epoch:
                self._plan, self._epoch = self._plan_epoch(epoch), epoch
            at = 0
            for segment, piece in enumerate(self._plan.pieces[self._plan.offsets[r] : self._plan.offsets[r + 1]]):
                start, length = int(self._pieces.starts[piece]), int(self._pieces.lengths[piece])
                span = self._tokens.tokens[start : start + length + 1].astype(np.int64)
                ids[b, at : at + length] = span[:-1]
                following[b, at : at + length] = span[1:]
                segments[b, at : at + length] = segment
                documents.append(int(self._pieces.document[piece]))
                at += length
        return Rows(ids, following, segments, documents)
