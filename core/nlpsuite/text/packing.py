"""Which pieces of which documents form each row of an epoch.

A document longer than a row is cut into row-sized pieces; all shorter pieces are packed together, whole, so that next to
nothing is padding. Since pieces of one length are interchangeable, the packing is found on the histogram of lengths, in
time that does not grow with the text (best fit over the histogram; Krell et al. 2021, "Efficient Sequence Packing without
Cross-contamination", section 4). Which piece takes which place is then drawn at random.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Pieces:
    """Every piece of a token file, in file order. P pieces.

    Attributes:
        starts: int64 (P), first input token, as an index into the flat tokens.
        lengths: int32 (P), input tokens; the target of the last one lies right after it.
        document: int64 (P), the document it was cut from.
    """

    starts: NDArray[np.int64]
    lengths: NDArray[np.int32]
    document: NDArray[np.int64]


def cut_documents(begins: NDArray[np.int64], ends: NDArray[np.int64], row: int) -> Pieces:
    """Cut documents into pieces of at most `row` inputs.

    A document of n tokens has n - 1 inputs, each with the next token as its target, so every token but the first is
    predicted once, across pieces too.

    Args:
        begins: int64 (documents), each document's first token, as an index into the flat tokens.
        ends: int64 (documents), one past its last token.
        row: Inputs in a row.
    """
    inputs = np.maximum(ends - begins - 1, 0)
    counts = -(-inputs // row)
    document = np.repeat(np.arange(len(inputs), dtype=np.int64), counts)
    first_piece = np.cumsum(counts) - counts
    within = (np.arange(len(document), dtype=np.int64) - first_piece[document]) * row
    lengths = np.minimum(inputs[document] - within, row).astype(np.int32)
    return Pieces(begins[document] + within, lengths, document)


def count_rows(pieces: Pieces, row: int) -> int:
    """Return how many rows the pieces are packed into; it depends on their lengths alone."""
    lengths, number = np.unique(pieces.lengths, return_counts=True)
    return sum(rows for _, rows in pack_histogram(dict(zip(lengths.tolist(), number.tolist(), strict=True)), row))


def pack_histogram(counts: Mapping[int, int], row: int) -> list[tuple[tuple[int, ...], int]]:
    """Find rows for pieces of given lengths by best fit, longest first.

    Args:
        counts: How many pieces there are of each length.
        row: The length of a row.

    Returns:
        Recipes `(lengths of the pieces in a row, how many such rows)`; together they use every piece once.
    """
    open_rows: dict[int, list[tuple[tuple[int, ...], int]]] = defaultdict(list)
    frees: list[int] = []

    def put(free: int, recipe: tuple[int, ...], number: int) -> None:
        if not open_rows[free]:
            insort(frees, free)
        open_rows[free].append((recipe, number))

    for length in sorted(counts, reverse=True):
        left = counts[length]
        while left:
            at = bisect_left(frees, length)
            if at == len(frees):
                # As many of this length as fit go into each new row; what is left over opens one row more.
                each = min(row // length, left)
                put(row - each * length, (length,) * each, left // each)
                left %= each
                continue
            free = frees[at]
            recipe, number = open_rows[free].pop()
            if not open_rows[free]:
                frees.pop(at)
            each = min(free // length, left)
            used = min(number, left // each)
            if used < number:
                put(free, recipe, number - used)
            put(free - each * length, recipe + (length,) * each, used)
            left -= used * each
    merged: Counter[tuple[int, ...]] = Counter()
    for rows in open_rows.values():
        for recipe, number in rows:
            merged[recipe] += number
    return sorted(merged.items(), reverse=True)


@dataclass(frozen=True, slots=True)
class Plan:
    """The rows of one epoch. R rows.

    Attributes:
        offsets: int64 (R + 1); row r holds the pieces `pieces[offsets[r]:offsets[r + 1]]`.
        pieces: int64, indices into `Pieces`, each once.
    """

    offsets: NDArray[np.int64]
    pieces: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.offsets) - 1


def plan_epoch(pieces: Pieces, row: int, generator: np.random.Generator) -> Plan:
    """Pack all pieces into rows and put both pieces and rows in random order.

    Args:
        pieces: From `cut_documents`.
        row: Inputs in a row.
        generator: The only source of chance.
    """
    order = generator.permutation(len(pieces.lengths))
    order = order[np.argsort(pieces.lengths[order], kind="stable")]
    lengths, first, number = np.unique(pieces.lengths[order], return_index=True, return_counts=True)
    next_of = dict(zip(lengths.tolist(), first.tolist(), strict=True))
    recipes = pack_histogram(dict(zip(lengths.tolist(), number.tolist(), strict=True)), row)
    blocks: list[NDArray[np.int64]] = []
    widths: list[NDArray[np.int64]] = []
    for recipe, rows in recipes:
        columns = []
        for length in recipe:
            columns.append(order[next_of[length] : next_of[length] + rows])
            next_of[length] += rows
        blocks.append(np.stack(columns, axis=1).reshape(-1))
        widths.append(np.full(rows, len(recipe), dtype=np.int64))
    flat = np.concatenate(blocks) if blocks else np.zeros(0, dtype=np.int64)
    width = np.concatenate(widths) if widths else np.zeros(0, dtype=np.int64)
    start = np.cumsum(width) - width
    shuffled = generator.permutation(len(width))
    offsets = np.concatenate(([0], np.cumsum(width[shuffled]))).astype(np.int64)
    within = np.arange(len(flat), dtype=np.int64) - np.repeat(offsets[:-1], width[shuffled])
    return Plan(offsets, flat[np.repeat(start[shuffled], width[shuffled]) + within])
