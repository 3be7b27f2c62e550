"""Rows: a question, a text, and the answer as a part of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nlpsuite.api import NamedFields, UserError, text_cell

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nlpsuite.api import Row

EXAMPLES = (
    {"question": "Who delivers the bread?", "context": "Her brother delivers it.", "answer": "Her brother"},
    {"question": "When?", "context": "It comes at seven.", "answer": "at seven"},
)
FIELDS = NamedFields({"question": text_cell, "context": text_cell}, "answer", text_cell, EXAMPLES)


def checked(rows: Iterator[Row]) -> Iterator[Row]:
    """Yield rows whose answers are in their texts.

    Raises:
        UserError: One is not.
    """
    for row in rows:
        if row.target is not None and row.target not in row.inputs["context"]:
            file, _, line = row.where.rpartition(":")
            fix = "an answer is a part of the text, letter for letter"
            raise UserError(f"the answer {row.target[:60]!r} is not in the text", where=file, line=int(line), fix=fix)
        yield row
