"""Rows: words and a tag for each; to predict, also plain text, which is split here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nlpsuite.api import NamedFields, Scheme, Span, UserError, split_words, words_cell

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nlpsuite.api import Row

EXAMPLES = (
    {"tokens": "Stir in two eggs", "tags": "O O B-amount B-thing"},
    {"tokens": "Add salt", "tags": "O B-thing"},
)
SCHEME = Scheme("IOB2")


def words_or_text(value: Any) -> list[str]:
    """Return the words of a cell: a list, or the words of a text as any script has them."""
    if isinstance(value, str):
        value = [value[start:end] for start, end in split_words(value)]
    return words_cell(value)


FIELDS = NamedFields({"tokens": words_or_text}, "tags", words_cell, EXAMPLES)


def checked(rows: Iterator[Row]) -> Iterator[Row]:
    """Yield rows with tags as they must be.

    Raises:
        UserError: A row has too few tags or too many, or one that is no tag.
    """
    for row in rows:
        file, _, line = row.where.rpartition(":")
        if row.target is not None:
            words, tags = row.inputs["tokens"], row.target
            if len(words) != len(tags):
                what = f"{len(tags)} tags for {len(words)} words"
                raise UserError(what, where=file, line=int(line), fix="give each word one tag")
            try:
                SCHEME.spans(tags)
            except ValueError as error:
                fix = "a tag is O, or B- or I- and a kind"
                raise UserError(f"`{error}` is no tag", where=file, line=int(line), fix=fix) from None
        yield row


def spans_of(row: Row) -> list[Span]:
    """Return the marked parts of a row, in words."""
    return [] if row.target is None else SCHEME.spans(row.target)
