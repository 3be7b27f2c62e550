"""What is read of a data set that has been found: splits, rows and columns, and what there is to tell of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from nlpsuite.hub.columns import check_names, read_columns, read_text
from nlpsuite.hub.failures import guarded, told
from nlpsuite.hub.splits import choose_splits, not_used, parts_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    from nlpsuite.hub.columns import Reading
    from nlpsuite.hub.names import DataName
    from nlpsuite.hub.opened import Opened
    from nlpsuite.hub.request import DataRequest
    from nlpsuite.hub.splits import Part


@dataclass(frozen=True, slots=True)
class SplitPlan:
    """What one file is made of.

    Attributes:
        spec: The split or slice, as it is written.
        parts: Its rows.
        total: How many there are at most; None where that is not known.
        limit: How many are read at most; None: all.
    """

    spec: str
    parts: Sequence[Part]
    total: int | None
    limit: int | None


@dataclass(frozen=True, slots=True)
class Plan:
    """What is read.

    Attributes:
        splits: By `train`, `valid` and `test`, in the order in which they are read.
        readings: How the rows of each of the data set's splits are read.
        lines: What to tell people of it.
        unused: Splits that nothing is read of.
    """

    splits: Mapping[str, SplitPlan]
    readings: Mapping[str, Reading]
    lines: Sequence[str]
    unused: Sequence[str]

    def reading(self, split: SplitPlan) -> Reading:
        """Return how the first rows of a file are read."""
        return self.readings[split.parts[0].split]

    def rows(self, data: Opened, split: SplitPlan, name: DataName) -> Iterator[dict[str, Any]]:
        """Yield the rows of a file as JSON values.

        Raises:
            UserError: They cannot be read.
        """
        for part in split.parts:
            reading = self.readings[part.split]
            yield from map(reading.row, guarded(data.rows(part, reading.used), name))


def make_plan(data: Opened, request: DataRequest) -> Plan:
    """Decide what is read.

    Raises:
        UserError: A split or a column that is asked for is not there, or nothing is text.
    """
    names, where = list(data.sizes), request.where
    chosen = choose_splits(names, request)
    parts = {role: parts_of(spec, data.sizes, where) for role, spec in chosen.items()}
    splits = list(dict.fromkeys(part.split for each in parts.values() for part in each))
    with told(request.name):
        features = {split: data.features(split) for split in splits}
    every = {name: feature for split in reversed(splits) for name, feature in features[split].items()}
    check_names(list(every), every, request)
    if request.purpose == "text":
        readings = {split: read_text(features[split], request) for split in splits}
    else:
        readings = {split: read_columns(features[split], request.columns, where) for split in splits}
    plans = {
        role: SplitPlan(chosen[role], each, _total(each, data), _limit(request, role, data))
        for role, each in parts.items()
    }
    lines = [f"configuration `{data.config}`"] if data.config else []
    places = [f"text in `{name}`" for name in request.columns] if request.purpose == "text" else []
    return Plan(plans, readings, lines + (places or _told_columns(readings[splits[0]])), not_used(names, chosen))


def _total(parts: Sequence[Part], data: Opened) -> int | None:
    stops = [data.sizes[part.split] if part.stop is None else part.stop for part in parts]
    known = [stop - part.start for part, stop in zip(parts, stops, strict=True) if stop is not None]
    return sum(known) if len(known) == len(parts) else None


def _limit(request: DataRequest, role: str, data: Opened) -> int | None:
    """Return how many rows are read: to train on data that lies here all of them, since a limit then draws from them."""
    if request.purpose == "train" and (role != "train" or not data.streamed):
        return None
    return request.limit


def _told_columns(reading: Reading) -> list[str]:
    moved = [
        f"`{'.'.join((column, *inside))}` as `{name}`"
        for name, (column, inside) in reading.source.items()
        if inside or name != column
    ]
    lines = [f"columns: {', '.join(moved)}"] if moved else []
    if reading.shadowed:
        lines.append(f"not used, for their names are taken: {', '.join(f'`{name}`' for name in reading.shadowed)}")
    if reading.left_out:
        kinds = ", ".join(f"`{name}` ({kind})" for name, kind in reading.left_out.items())
        lines.append(f"left out, for they hold no text: {kinds}")
    return lines
