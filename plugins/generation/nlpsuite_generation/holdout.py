"""Which running text is held out where the data has no validation or test text: contiguous blocks, never scattered pieces."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from nlpsuite.api import TextRow, UserError, counted, cut_place

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nlpsuite.api import Reporter, Row

RUNS = 10
"""Runs of neighbouring documents that are held out: enough to be like the whole, few enough to have few neighbours."""

LEAST_OF_A_CUT = 0.8
"""How much of the text that is to be kept of a row is kept at least, so that the cut can be where a line or word ends."""


def hold_out_text(rows: Sequence[Row], fraction: float, seed: int, report: Reporter) -> tuple[list[Row], list[Row]]:
    """Hold out runs of whole documents, drawn by seed; of few or very unequal ones, the end of each long document.

    A document that is also in the text that is kept, is kept: what is held out has no copy in training.

    Args:
        rows: Rows of running text, in order.
        fraction: Share of the text to hold out.
        seed: Decides which runs.
        report: Told what is held out.

    Raises:
        UserError: The text is a single line or two, with no place to cut.
    """
    pieces = [row for row in rows if isinstance(row, TextRow)]
    documents = [list(group) for _, group in itertools.groupby(pieces, key=lambda row: row.document)]
    sizes = [sum(len(row.inputs["text"]) for row in document) for document in documents]
    wanted = fraction * sum(sizes)
    if len(documents) >= 2 * RUNS and max(sizes) <= wanted:
        kept, held = _runs(documents, sizes, wanted, seed)
        if kept and held:
            _say(held, sizes, f"in runs of neighbours drawn by seed {seed}", report)
            return kept, held
    kept, held = [], []
    for document, size in zip(documents, sizes, strict=True):
        head, tail = _tail(document, fraction) if size >= wanted / len(documents) else (document, [])
        kept += head
        held += tail
    if not kept or not held:
        where = rows[0].where.rpartition(":")[0] if rows else None
        raise UserError("too little text to hold some out", where=where, fix="give more, or files valid and test")
    _say(held, sizes, "the end of each long document", report)
    return kept, held


def _runs(
    documents: Sequence[list[TextRow]], sizes: Sequence[int], wanted: float, seed: int
) -> tuple[list[Row], list[Row]]:
    length = wanted / RUNS
    starts = np.cumsum([0, *sizes[:-1]])
    run_of = (starts // length).astype(np.int64)
    held_runs: set[int] = set()
    held_size = 0.0
    for run in np.random.default_rng(seed).permutation(np.unique(run_of)).tolist():
        size = sum(sizes[at] for at in np.flatnonzero(run_of == run).tolist())
        if held_size + size <= 1.25 * wanted:
            held_runs.add(run)
            held_size += size
        if held_size >= 0.9 * wanted:
            break
    texts = ["".join(row.inputs["text"] for row in document) for document in documents]
    trained = {text for text, run in zip(texts, run_of.tolist(), strict=True) if run not in held_runs}
    kept: list[Row] = []
    held: list[Row] = []
    for document, text in zip(documents, texts, strict=True):
        (kept if text in trained else held).extend(document)
    return kept, held


def _tail(document: list[TextRow], fraction: float) -> tuple[list[TextRow], list[TextRow]]:
    """Cut a document in two near `fraction` of its length from its end: between rows, or of few rows, inside one."""
    target = (1 - fraction) * sum(len(row.inputs["text"]) for row in document)
    read = 0
    for at, row in enumerate(document):
        text = row.inputs["text"]
        if read + len(text) > target:
            first, second = _cut_row(row, round(target - read))
            # A cut that would leave crumbs goes where the row begins or ends.
            head, tail = ([*document[:at], *first], [*second, *document[at + 1 :]])
            return (head, tail) if head and tail else (document, [])
        read += len(text)
    return document, []


def _cut_row(row: TextRow, place: int) -> tuple[list[TextRow], list[TextRow]]:
    text = row.inputs["text"]
    end = cut_place(text, round(LEAST_OF_A_CUT * place), place) if 0 < place < len(text) else place
    head, tail = text[:end], text[end:]
    if not head.strip() or not tail.strip():
        return ([row], []) if head.strip() else ([], [row])
    file, colon, line = row.where.rpartition(":")
    after = f"{file}{colon}{int(line) + head.count(chr(10))}"
    return (
        [replace(row, inputs={**row.inputs, "text": head}, last=False)],
        [replace(row, inputs={**row.inputs, "text": tail}, where=after)],
    )


def _say(held: Sequence[Row], sizes: Sequence[int], how: str, report: Reporter) -> None:
    size = sum(len(row.inputs["text"]) for row in held)
    share = 100 * size / sum(sizes)
    report.say(f"{counted(len(held), 'row')} held out, {size:,} characters ({share:.1f} %), {how}")
