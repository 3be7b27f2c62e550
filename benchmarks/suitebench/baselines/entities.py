"""Entities in tagged sentences: reading columns, finding spans, and their strict F1."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

Span = tuple[int, int, str]
"""First word, word after the last, type."""


def read_columns(path: Path) -> list[tuple[list[list[str]], list[str]]]:
    """Read sentences of a CoNLL file: the fields before the last of each word, and its tag; document marks are left out."""
    sentences: list[tuple[list[list[str]], list[str]]] = []
    fields: list[list[str]] = []
    tags: list[str] = []
    for line in [*path.read_text(encoding="utf-8").splitlines(), ""]:
        parts = line.split()
        if parts and parts[0] != "-DOCSTART-":
            fields.append(parts[:-1])
            tags.append(parts[-1])
        elif not parts and fields:
            sentences.append((fields, tags))
            fields, tags = [], []
    return sentences


def spans(tags: Sequence[str]) -> set[Span]:
    """Return the entities of a sentence tagged in BIO2 or BMES.

    As conlleval reads them, a tag that goes on with no entity, or with one of another type, begins one.
    """
    found: set[Span] = set()
    start, kind = 0, ""
    for place, tag in enumerate([*tags, "O"]):
        mark, _, name = tag.partition("-")
        inside = bool(kind) and mark in ("I", "M", "E") and name == kind
        if not inside:
            if kind:
                found.add((start, place, kind))
            start, kind = place, "" if mark == "O" else name
        if mark in ("E", "S") and kind:
            found.add((start, place + 1, kind))
            kind = ""
    return found


def strict_scores(true: Iterable[Sequence[str]], predicted: Iterable[Sequence[str]]) -> dict[str, float]:
    """Return precision, recall and F1 over all entities; one is right if its words and its type are."""
    right = wanted = given = 0
    for gold, guess in zip(true, predicted, strict=True):
        a, b = spans(gold), spans(guess)
        right, wanted, given = right + len(a & b), wanted + len(a), given + len(b)
    precision, recall = right / max(1, given), right / max(1, wanted)
    f1 = 2 * right / max(1, wanted + given)
    return {"entity_precision": precision, "entity_recall": recall, "entity_f1": f1}
