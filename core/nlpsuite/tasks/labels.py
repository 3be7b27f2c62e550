"""The labels of a data set: their names, their order, how often each occurs, and how much each weighs."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from nlpsuite.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from nlpsuite.tasks.task import Row

ClassWeights = Literal["none", "balanced"]

_POLARITY = {
    name: rank
    for rank, names in enumerate(
        (
            ("very negative", "strongly negative", "extremely negative", "terrible"),
            ("negative", "neg", "bad"),
            ("somewhat negative", "slightly negative", "weakly negative"),
            ("neutral", "neu", "mixed"),
            ("somewhat positive", "slightly positive", "weakly positive"),
            ("positive", "pos", "good"),
            ("very positive", "strongly positive", "extremely positive", "excellent"),
        )
    )
    for name in names
}


def natural_order(names: Iterable[str]) -> list[str]:
    """Sort label names: numbers by size, names of polarity from negative to positive, all else with `2` before `10`."""
    unsorted = sorted(set(names))
    if all(re.fullmatch(r"[+-]?[0-9]+([.][0-9]+)?", name) for name in unsorted):
        return sorted(unsorted, key=float)
    plain = {name: re.sub(r"[\s_-]+", " ", name).strip().casefold() for name in unsorted}
    if all(each in _POLARITY for each in plain.values()):
        return sorted(unsorted, key=lambda name: _POLARITY[plain[name]])
    return sorted(unsorted, key=_natural_key)


def _natural_key(name: str) -> list[tuple[int, int, str]]:
    parts = re.findall(r"[0-9]+|[^0-9]+", name.casefold())
    return [(0, int(part), "") if part[0] in "0123456789" else (1, 0, part) for part in parts]


@dataclass(frozen=True, slots=True)
class LabelSchema:
    """The labels that training rows have.

    Attributes:
        names: The names as the user writes them, in the order of the class indices.
        counts: How many training rows have each.
    """

    names: tuple[str, ...]
    counts: tuple[int, ...]

    @classmethod
    def from_rows(cls, rows: Sequence[Row], order: Callable[[Iterable[str]], list[str]] = natural_order) -> LabelSchema:
        """Collect the labels of training rows.

        Args:
            rows: Rows whose target is a label name.
            order: Puts the names in order.

        Raises:
            UserError: All rows have one label.
        """
        counts = Counter(str(row.target) for row in rows)
        if len(counts) < 2:
            only = next(iter(counts), None)
            what = "no rows" if only is None else f"all {counts[only]} training rows have one label, `{only}`"
            where, _ = split_where(rows[0].where) if rows else (None, None)
            raise UserError(what, where=where, fix="give rows with at least two labels")
        names = order(counts)
        return cls(tuple(names), tuple(counts[name] for name in names))

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> LabelSchema:
        """Take back what `to_state` returned."""
        return cls(tuple(state["names"]), tuple(state["counts"]))

    def to_state(self) -> dict[str, Any]:
        """Return the schema as JSON values."""
        return {"names": list(self.names), "counts": list(self.counts)}

    def __len__(self) -> int:
        """Return the number of classes."""
        return len(self.names)

    def index(self, name: str) -> int:
        """Return the class index of a label.

        Raises:
            KeyError: Training rows do not have the label.
        """
        try:
            return self.names.index(name)
        except ValueError:
            raise KeyError(name) from None

    @property
    def majority(self) -> str:
        """The label that most training rows have; of equals, the first."""
        return self.names[self.counts.index(max(self.counts))]

    def check(self, rows: Iterable[Row]) -> None:
        """Check that rows have no other labels than these.

        Raises:
            UserError: A row has, with its file and line.
        """
        known = set(self.names)
        for row in rows:
            if str(row.target) not in known:
                raise self._unknown(row)

    def _unknown(self, row: Row) -> UserError:
        near = difflib.get_close_matches(str(row.target), self.names, n=1)
        shown = ", ".join(f"`{name}`" for name in self.names[:20]) + (" ..." if len(self) > 20 else "")
        where, line = split_where(row.where)
        guess = f"did you mean `{near[0]}`? " if near else ""
        what = f"label `{row.target}` is not among the training rows' {len(self)} labels"
        return UserError(what, where=where, line=line, fix=f"{guess}known labels: {shown}")

    def class_weights(self, kind: ClassWeights) -> tuple[float, ...]:
        """Return a weight for each class: 1, or if `balanced` rows / (classes * rows of the class), as scikit-learn."""
        if kind == "none":
            return (1.0,) * len(self)
        total = sum(self.counts)
        return tuple(total / (len(self) * count) for count in self.counts)


def split_where(where: str) -> tuple[str | None, int | None]:
    """Split `file:line` for a `UserError`."""
    file, colon, line = where.rpartition(":")
    return (file, int(line)) if colon and line.isdecimal() else (where or None, None)
