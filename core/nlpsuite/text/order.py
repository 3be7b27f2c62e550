"""The order of training as a pure function of (seed, step): no loader state, so a run resumes exactly at any step.

Letters: B rows, T inputs in a row.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nlpsuite.errors import UserError
from nlpsuite.text.packing import Pieces, Plan, count_rows, cut_documents, plan_epoch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from nlpsuite.text.tokenfile import TokenFile

NO_TARGET = -1
PADDING = -1

SHARD_PIECES = 2_000_000
"""Pieces planned at once, documents or what is cut of them: about 120 bytes each at the most, 240 MB."""


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

    Every epoch has the same number of rows, for best fit depends on lengths alone. A text of very many documents, or of very
    long ones, is planned in shards, each an even sample of the whole, so that a plan never takes more than a few hundred
    megabytes; the shards of an epoch come in random order.

    Args:
        tokens: The token file.
        row: Inputs in a row.
        seed: Decides the order, with the row's number alone.
        pad_id: What fills the end of a row.
        shard: The most pieces to plan at once, about.

    Attributes:
        row: Inputs in a row.
        seed: What decides the order.
        pad_id: What fills the end of a row.

    Raises:
        UserError: The text holds nothing to predict.
    """

    def __init__(self, tokens: TokenFile, *, row: int, seed: int, pad_id: int, shard: int = SHARD_PIECES):
        self._tokens, self.row, self.seed, self.pad_id = tokens, row, seed, pad_id
        pieces = len(tokens) + tokens.n_tokens // row
        self._shards = max(1, min(len(tokens), -(-pieces // shard)))
        counts, inputs = [], 0
        for number in range(self._shards):
            cut = self._cut(number)
            counts.append(count_rows(cut, row))
            inputs += int(cut.lengths.sum())
        self._rows_of_shard = np.array(counts, dtype=np.int64)
        self.rows_per_epoch = int(self._rows_of_shard.sum())
        self.inputs_per_epoch = inputs
        if not self.rows_per_epoch:
            raise UserError("the text holds no tokens to train on", where=str(tokens.folder), fix="give more text")
        self._planned: tuple[int, int, Pieces, Plan] | None = None

    def rows(self, first: int, number: int) -> Rows:
        """Return rows `first` ... `first + number - 1`, counted from the start of training."""
        return self.pick(range(first, first + number))

    def pick(self, numbers: Sequence[int]) -> Rows:
        """Return the rows of these numbers, counted from the start of training."""
        shape = (len(numbers), self.row)
        ids = np.full(shape, self.pad_id, dtype=np.int64)
        following = np.full(shape, NO_TARGET, dtype=np.int64)
        segments = np.full(shape, PADDING, dtype=np.int64)
        documents: list[int] = []
        for b, number in enumerate(numbers):
            shard, pieces, plan, r = self._find(number)
            at = 0
            for segment, piece in enumerate(plan.pieces[plan.offsets[r] : plan.offsets[r + 1]]):
                start, length = int(pieces.starts[piece]), int(pieces.lengths[piece])
                span = self._tokens.tokens[start : start + length + 1].astype(np.int64)
                ids[b, at : at + length] = span[:-1]
                following[b, at : at + length] = span[1:]
                segments[b, at : at + length] = segment
                documents.append(int(pieces.document[piece]) * self._shards + shard)
                at += length
        return Rows(ids, following, segments, documents)

    def _find(self, row: int) -> tuple[int, Pieces, Plan, int]:
        """Return the shard that a row lies in, its pieces and plan, and the row's place in the plan."""
        epoch, place = divmod(row, self.rows_per_epoch)
        order = np.random.default_rng((self.seed, epoch, 1 << 32)).permutation(self._shards)
        ends = np.cumsum(self._rows_of_shard[order])
        position = int(np.searchsorted(ends, place, side="right"))
        shard = int(order[position])
        if self._planned is None or self._planned[:2] != (epoch, shard):
            pieces = self._cut(shard)
            plan = plan_epoch(pieces, self.row, np.random.default_rng((self.seed, epoch, shard)))
            self._planned = epoch, shard, pieces, plan
        _, _, pieces, plan = self._planned
        return shard, pieces, plan, place - (int(ends[position - 1]) if position else 0)

    def _cut(self, shard: int) -> Pieces:
        """Cut every `self._shards`-th document, from `shard` on."""
        starts = self._tokens.starts
        begins = np.array(starts[:-1][shard :: self._shards], dtype=np.int64)
        ends = np.array(starts[1:][shard :: self._shards], dtype=np.int64)
        return cut_documents(begins, ends, self.row)
