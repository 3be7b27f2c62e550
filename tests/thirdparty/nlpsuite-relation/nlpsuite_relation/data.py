"""Rows: a sentence with the subject in `[[ ]]` and the object in `(( ))`, and their relation."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from nlpsuite.api import NamedFields, text_cell

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nlpsuite.api import Row

EXAMPLES = (
    {"text": "[[Ilse Brandt]] was born in ((Kiel)).", "relation": "born_in"},
    {"text": "((The mill)) was built by [[Ruben]].", "relation": "built"},
)
_MARKS = {"subject": re.compile(r"\[\[(.+?)\]\]"), "object": re.compile(r"\(\((.+?)\)\)")}


def marked_cell(value: Any) -> dict[str, Any]:
    """Return the sentence without its marks, and where in it subject and object are, in characters.

    Raises:
        ValueError: There is not exactly one of each, or they overlap.
    """
    text = text_cell(value)
    found = {}
    for name, pattern in _MARKS.items():
        matches = list(pattern.finditer(text))
        if len(matches) != 1 or not matches[0][1].strip():
            mark = "[[subject]]" if name == "subject" else "((object))"
            raise ValueError(f"must have one {mark}")
        found[name] = matches[0].span()
    (first, one), (second, other) = sorted(found.items(), key=lambda item: item[1])
    if other[0] < one[1]:
        raise ValueError("must not have one mark in another")
    # The marks take two characters at either end, and what stands before an end moves it.
    plain = text[: one[0]] + text[one[0] + 2 : one[1] - 2] + text[one[1] : other[0]] + text[other[0] + 2 : other[1] - 2]
    places = {first: (one[0], one[1] - 4), second: (other[0] - 4, other[1] - 8)}
    return {"text": plain + text[other[1] :], "subject": list(places["subject"]), "object": list(places["object"])}


FIELDS = NamedFields({"text": marked_cell}, "relation", text_cell, EXAMPLES)


def unfolded(rows: Iterator[Row]) -> Iterator[Row]:
    """Yield rows with text, subject and object as inputs of their own."""
    for row in rows:
        others = {name: value for name, value in row.inputs.items() if name != "text"}
        yield replace(row, inputs=row.inputs["text"] | others)


def names(row: Row) -> tuple[str, str]:
    """Return subject and object as the sentence spells them."""
    text = row.inputs["text"]
    return text[slice(*row.inputs["subject"])], text[slice(*row.inputs["object"])]
