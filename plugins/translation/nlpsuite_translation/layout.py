"""How the training data is laid out, so that later files are read in the same way, or refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nlpsuite.api import Direction
from nlpsuite_translation.columns import PairColumns
from nlpsuite_translation.languages import language_of, suffix_language

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the training data has its texts.

    Attributes:
        direction: The languages of parallel files, or None.
        columns: The columns of a table, or None.
        asked: The settings `source` and `target` that it was read with; where others are set later, those count.
    """

    direction: Direction | None = None
    columns: PairColumns | None = None
    asked: tuple[str | int | None, str | int | None] = (None, None)

    @property
    def known(self) -> bool:
        """Whether training data was read."""
        return self.direction is not None or self.columns is not None

    @property
    def languages(self) -> Direction | None:
        """The languages of the training data, as they are named there; None where the names tell none."""
        one, two = self.direction, self.columns
        if one is not None and suffix_language(one.source) and suffix_language(one.target):
            return one
        if two is not None and two.target is not None and language_of(two.source) and language_of(two.target):
            return Direction(two.source, two.target)
        return None

    def to_state(self) -> dict[str, Any]:
        """Return it as JSON values."""
        one, two = self.direction, self.columns
        return {
            "direction": None if one is None else [one.source, one.target],
            "columns": None if two is None else [two.source, two.target, two.within],
            "asked": list(self.asked),
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Layout:
        """Take back what `to_state` returned."""
        one, two = state["direction"], state["columns"]
        source, target = state.get("asked", (None, None))
        direction = None if one is None else Direction(*one)
        return cls(direction, None if two is None else PairColumns(*two), (source, target))
