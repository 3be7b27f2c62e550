"""The labels of a data set: their names, their order, how often each occurs, and how much each weighs."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from nlpsuite.errors import UserError
from nlpsuite.tasks.label_orders import NUMBER, has_known_order, natural_order

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from nlpsuite.tasks.task import Row

__all__ = ["ClassWeights", "LabelSchema", "has_known_order", "labels_of", "natural_order", "split_where"]

ClassWeights = Literal["none", "balanced"]
NO_REGRESSION = "regression is not supported: bin them into classes, such as low, middle and high"


@dataclass(frozen=True, slots=True)
class LabelSchema:
    """The labels that training rows have.

    Attributes:
        names: The names as the user writes them, in the order of the class indices.
        counts: How many training rows have each.
        rows: How many training rows there are; None: each has one label, so it is the sum of the counts.
    """

    names: tuple[str, ...]
    counts: tuple[int, ...]
    rows: int | None = None

    @classmethod
    def from_rows(
        cls,
        rows: Sequence[Row],
        order: Callable[[Iterable[str]], list[str]] = natural_order,
        *,
        several: bool = False,
    ) -> LabelSchema:
        """Collect the labels of training rows.

        Args:
            rows: Rows whose target is a label name; if `several`, a list of them.
            order: Puts the names in order.
            several: Whether a row may have several labels, or none.

        Raises:
            UserError: All rows have one label; if `several`, none has any.
        """
        counts = Counter(name for row in rows for name in labels_of(row))
        if len(counts) < (1 if several else 2):
            only = next(iter(counts), None)
            if only is None:
                what = "no rows"
            elif counts[only] == 1:
                what = f"a single training row, with the label `{only}`"
            else:
                what = f"all {counts[only]} training rows have one label, `{only}`"
            what = "no training row has a label" if several and rows else what
            where, _ = split_where(rows[0].where) if rows else (None, None)
            fix = "give rows with labels" if several else "give rows with at least two labels"
            raise UserError(what, where=where, fix=fix)
        names = order(counts)
        return cls(tuple(names), tuple(counts[name] for name in names), len(rows) if several else None)

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> LabelSchema:
        """Take back what `to_state` returned."""
        return cls(tuple(state["names"]), tuple(state["counts"]), state.get("rows"))

    def to_state(self) -> dict[str, Any]:
        """Return the schema as JSON values."""
        return {"names": list(self.names), "counts": list(self.counts), "rows": self.rows}

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
            for name in labels_of(row):
                if name not in known:
                    raise self._unknown(name, row.where)

    def _unknown(self, name: str, place: str) -> UserError:
        # Numbers that look alike are not slips of the pen for one another.
        numbers = re.fullmatch(NUMBER, name) and all(re.fullmatch(NUMBER, each) for each in self.names)
        near = [] if numbers else difflib.get_close_matches(name, self.names, n=1)
        shown = ", ".join(f"`{each}`" for each in self.names[:20]) + (" ..." if len(self) > 20 else "")
        where, line = split_where(place)
        guess = f"did you mean `{near[0]}`? " if near else ""
        if numbers and any("." in each for each in (name, *self.names)):
            guess = f"if these are numbers and no classes, {NO_REGRESSION}; "
        what = f"label `{name}` is not among the training rows' {len(self)} labels"
        return UserError(what, where=where, line=line, fix=f"{guess}known labels: {shown}")

    def class_weights(self, kind: ClassWeights) -> tuple[float, ...]:
        """Return a weight for each class: 1, or if `balanced` rows / (classes * rows of the class), as scikit-learn."""
        if kind == "none":
            return (1.0,) * len(self)
        total = sum(self.counts)
        return tuple(total / (len(self) * count) for count in self.counts)

    def presence_weights(self, kind: ClassWeights) -> tuple[tuple[float, float], ...]:
        """Return for each label the weights of rows without and with it: 1, or if `balanced` as much for both sides."""
        if kind == "none":
            return ((1.0, 1.0),) * len(self)
        total = self.rows or sum(self.counts)
        return tuple((total / (2 * max(1, total - count)), total / (2 * count)) for count in self.counts)


def labels_of(row: Row) -> tuple[str, ...]:
    """Return the labels of a row, be its target one name or a list of them."""
    return tuple(map(str, row.target)) if isinstance(row.target, (tuple, list)) else (str(row.target),)


def split_where(where: str) -> tuple[str | None, int | None]:
    """Split `file:line` for a `UserError`."""
    file, colon, line = where.rpartition(":")
    return (file, int(line)) if colon and line.isdecimal() else (where or None, None)
