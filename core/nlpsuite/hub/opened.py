"""A data set that has been found: its splits, their columns, and their rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from nlpsuite.hub.splits import Part

_BATCH = 1000
Rows = Callable[[Part, Sequence[str]], Iterator[Mapping[str, Any]]]


@dataclass(frozen=True, slots=True)
class Opened:
    """A data set.

    Attributes:
        sizes: The number of rows of each split; None where it is not known before they are read.
        features: Of a split, what that library says of each column.
        rows: Gives the rows of a part of a split, of some of its columns.
        streamed: Whether rows come over the network as they are read.
        config: The configuration that was taken, or None.
    """

    sizes: Mapping[str, int | None]
    features: Callable[[str], Mapping[str, Any]]
    rows: Rows
    streamed: bool = False
    config: str | None = None


def held(splits: Mapping[str, Any], config: str | None = None) -> Opened:
    """Return a data set that lies on the disk.

    Args:
        splits: A `datasets.Dataset` for each split.
        config: The configuration.
    """

    def rows(part: Part, columns: Sequence[str]) -> Iterator[Mapping[str, Any]]:
        data = splits[part.split].select_columns(list(columns)).with_format(None)
        stop = len(data) if part.stop is None else part.stop
        for batch in data.select(range(part.start, stop)).iter(_BATCH):
            names = list(batch)
            for values in zip(*batch.values(), strict=True):
                yield dict(zip(names, values, strict=True))

    sizes = {name: len(data) for name, data in splits.items()}
    return Opened(sizes, lambda split: dict(splits[split].features), rows, config=config)


def streaming(splits: Mapping[str, Any], sizes: Mapping[str, int | None], config: str | None = None) -> Opened:
    """Return a data set whose rows are read as they come.

    Args:
        splits: A `datasets.IterableDataset` for each split.
        sizes: What is known of their numbers of rows.
        config: The configuration.
    """
    known: dict[str, Mapping[str, Any]] = {}

    def features(split: str) -> Mapping[str, Any]:
        if split not in known:
            said = splits[split].features
            known[split] = dict(said) if said else dict.fromkeys(_first(splits[split]))
        return known[split]

    def rows(part: Part, columns: Sequence[str]) -> Iterator[Mapping[str, Any]]:
        data = splits[part.split].select_columns(list(columns))
        data = data.skip(part.start) if part.start else data
        yield from data if part.stop is None else data.take(part.stop - part.start)

    return Opened({name: sizes.get(name) for name in splits}, features, rows, streamed=True, config=config)


def _first(rows: Any) -> Mapping[str, Any]:
    with closing(iter(rows)) as stream:
        first: Mapping[str, Any] = next(stream, {})
    return first
