"""Whether a tokenizer knows the script of a text, or spells it byte by byte."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nlpsuite.report import Reporter
    from nlpsuite.text.tokenizer import Tokenizer

SAMPLE_TEXTS, SAMPLE_CHARACTERS = 1000, 2000
"""Texts that are looked at, evenly spaced, and how much of each."""
MOST_BYTES = 0.3
"""Share of single bytes among the tokens above which a script is hardly known; of a text in a known one it is some hundredths."""


def byte_share(tokenizer: Tokenizer, texts: Sequence[str]) -> float:
    """Return the share of the texts' tokens that are single bytes of characters that the tokenizer does not know."""
    step = max(1, -(-len(texts) // SAMPLE_TEXTS))
    ids = tokenizer.encode_arrays([text[:SAMPLE_CHARACTERS] for text in texts[::step]])
    pieces, counts = np.unique(np.concatenate(ids or [np.zeros(0, np.int32)]), return_counts=True)
    single = [_is_part(tokenizer, int(index)) for index in pieces]
    return float(counts[np.array(single, dtype=bool)].sum() / max(1, counts.sum()))


def warn_of_bytes(tokenizer: Tokenizer, texts: Sequence[str], what: str, report: Reporter) -> None:
    """Warn where a tokenizer spells much of the texts byte by byte: a model learns little on it.

    Args:
        tokenizer: The backbone's.
        texts: Texts to learn from.
        what: What these are, for the warning.
        report: Told.
    """
    share = byte_share(tokenizer, texts)
    if share > MOST_BYTES:
        fix = "use a backbone pretrained on such text, or --backbone scratch with many rows"
        report.warn(
            f"{what}: the tokenizer hardly knows this script, {100 * share:.0f} % of the tokens are single bytes; {fix}"
        )


def _is_part(tokenizer: Tokenizer, index: int) -> bool:
    # A lone byte below 0x80 is a whole character.
    return tokenizer.piece_bytes(index)[:1] >= b"\x80" and tokenizer.piece(index).startswith("<0x")
