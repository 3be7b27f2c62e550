"""Rows of a backbone that goes on training: of at most its context, which may be far longer than rows should be."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from nlpsuite.errors import UserError

if TYPE_CHECKING:
    from nlpsuite.backbone.model import Backbone
    from nlpsuite.report import Reporter

LONGEST = 2_048
"""Tokens of a row where nothing is said: imported models read ten thousands, and attention takes the square of them."""


def init_row(context: int, asked: int | None, report: Reporter) -> int:
    """Return the tokens of a row.

    Args:
        context: The most that the backbone reads.
        asked: What the user says.
        report: Told of rows that are shorter.

    Raises:
        UserError: The backbone cannot read as many.
    """
    if asked is not None and asked > context:
        what = f"rows of {asked:,} tokens, and the backbone to start from reads {context:,}"
        raise UserError(what, where="model.context", fix="say less")
    row = asked or min(context, LONGEST)
    if row < context:
        longer = "" if asked else "; --set model.context=N for longer ones"
        report.say(f"rows of {row:,} tokens, though the backbone reads {context:,}, as the new one will{longer}")
    return row


def train_on_rows_of(backbone: Backbone, tokens: int) -> None:
    """Let a backbone take rows of so many tokens for whole; its weights do not hang on it."""
    backbone.config = replace(backbone.config, context=tokens)
