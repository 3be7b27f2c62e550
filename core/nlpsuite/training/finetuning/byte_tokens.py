"""Whether the backbone's tokenizer knows the script of the training rows, or spells it byte by byte."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from nlpsuite.report import Reporter
    from nlpsuite.tasks.task import Row, Task
    from nlpsuite.text.tokenizer import Tokenizer

SAMPLE_ROWS, SAMPLE_CHARACTERS = 1000, 2000
"""Rows that are looked at, evenly spaced, and how much of each of their texts."""
MOST_BYTES = 0.3
"""Share of single bytes among a text's tokens above which its script is hardly known; in a known script it is some hundredths."""
MOST_TEXTS = 0.2
"""Share of such texts above which to warn: more than rows of symbols alone, and less than one side of two languages."""


def warn_of_bytes(task: Task, tokenizer: Tokenizer, rows: Sequence[Row], report: Reporter) -> None:
    """Warn where a tokenizer spells many texts byte by byte: a model learns little on them.

    Args:
        task: Knows the texts of a row.
        tokenizer: The backbone's.
        rows: The training rows.
        report: Told.
    """
    step = max(1, -(-len(rows) // SAMPLE_ROWS))
    placed = [(text, row.where) for row in rows[::step] for text in task.texts(row) if text]
    hit = np.flatnonzero(byte_shares(tokenizer, [text for text, _ in placed]) > MOST_BYTES)
    if len(hit) > MOST_TEXTS * len(placed):
        first = placed[hit[0]][1]
        report.warn(
            f"the tokenizer hardly knows the script of {100 * len(hit) / len(placed):.0f} % of the training texts and spells it "
            f"in single bytes{f' (first: {first})' if first else ''}; use a backbone pretrained on such text, or --backbone "
            "scratch with many rows"
        )


def byte_shares(tokenizer: Tokenizer, texts: Sequence[str]) -> NDArray[np.float64]:
    """Return the share of each text's tokens that are single bytes of characters that the tokenizer does not know."""
    known: dict[int, bool] = {}
    shares = []
    for ids in tokenizer.encode_arrays([text[:SAMPLE_CHARACTERS] for text in texts]):
        for index in set(ids.tolist()) - known.keys():
            known[index] = _is_part(tokenizer, index)
        shares.append(sum(known[index] for index in ids.tolist()) / max(1, len(ids)))
    return np.array(shares)


def _is_part(tokenizer: Tokenizer, index: int) -> bool:
    # A lone byte below 0x80 is a whole character.
    return tokenizer.piece_bytes(index)[:1] >= b"\x80" and tokenizer.piece(index).startswith("<0x")
