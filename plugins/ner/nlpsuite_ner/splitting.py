"""How raw text is split into words for a model, learned from training rows so that every entity is made of whole words."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from nlpsuite.api import split_words
from nlpsuite_ner.reading import target_spans

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from nlpsuite.api import Row, Splitting

MOST_CUTS = 0.05
"""If more of the entities end inside words, words are no good unit, and characters are taken."""


@dataclass(frozen=True, slots=True)
class TextSplitter:
    """Splits a text.

    Attributes:
        splitting: As `split_words` has it.
        cuts: Words that are cut further wherever they are, each with the places inside it where.
    """

    splitting: Splitting = "fine"
    cuts: Mapping[str, Sequence[int]] = field(default_factory=dict)

    def __call__(self, text: str) -> list[tuple[int, int]]:
        """Return the places of a text's words."""
        return split_words(text, self.splitting, self.cuts)

    def to_state(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {"splitting": self.splitting, "cuts": {word: list(places) for word, places in self.cuts.items()}}

    @classmethod
    def from_rows(cls, rows: Sequence[Row]) -> tuple[TextSplitter, int]:
        """Learn from training rows; return the splitter and how many entities begin or end inside a word.

        Where rows are split already, raw text is split as treebanks do it, or into characters if their words are. The
        words of texts are cut where an entity begins or ends; all texts are then cut alike, labelled or not, so that
        nothing is told of the labels of others.
        """
        texts = [row for row in rows if "text" in row.inputs]
        if not texts:
            single = all(len(word) == 1 for row in rows for word in row.inputs["tokens"])
            return cls("characters" if single else "words"), 0
        cuts, inside, total = _cuts(texts, "fine")
        if inside > MOST_CUTS * total:
            return cls("characters", _cuts(texts, "characters")[0]), inside
        return cls("fine", cuts), inside


def _cuts(rows: Sequence[Row], splitting: Splitting) -> tuple[dict[str, list[int]], int, int]:
    """Return where words must be cut, the entities that need it, and all entities."""
    cuts: dict[str, set[int]] = {}
    inside = total = 0
    for row in rows:
        text, spans = row.inputs["text"], target_spans(row)
        total += len(spans)
        places = split_words(text, splitting)
        number = 0
        for start, end, _ in spans:
            while number < len(places) and places[number][1] <= start:
                number += 1
            last = number
            found = False
            while last < len(places) and places[last][0] < end:
                first_place, last_place = places[last]
                marks = {mark - first_place for mark in (start, end) if first_place < mark < last_place}
                if marks:
                    found = True
                    cuts.setdefault(text[first_place:last_place], set()).update(marks)
                last += 1
            inside += found
    return {word: sorted(places) for word, places in sorted(cuts.items())}, inside, total
