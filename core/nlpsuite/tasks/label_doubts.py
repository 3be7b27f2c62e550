"""What looks wrong with the labels of training rows, although they can be learned: told, and left as it is."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from nlpsuite.errors import UserError
from nlpsuite.people import counted
from nlpsuite.tasks.label_orders import NUMBER
from nlpsuite.tasks.labels import NO_REGRESSION, labels_of, split_where

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from nlpsuite.tasks.task import Row

# `none` in small letters is the name of a class in many data sets; `None` is what a program wrote for nothing.
_MISSING = frozenset(("nan", "NaN", "NAN", "None", "null", "Null", "NULL", "<NA>", "#N/A", "N/A", "n/a", "NA", "nil"))
_FEWEST_NUMBERS = 4


def doubts(rows: Sequence[Row]) -> Iterator[str]:
    """Yield a line for each kind of doubt about the labels of training rows, with a count and a place.

    Args:
        rows: The rows, with a label name or a tuple of them as target.
    """
    counts = Counter(name for row in rows for name in labels_of(row))
    first: dict[str, str] = {}
    for row in rows:
        for name in labels_of(row):
            first.setdefault(name, row.where)
    yield from _spelt_differently(counts, first)
    yield from _missing(counts, first)
    yield from _single(counts, first)
    yield from _contradictions(rows)


def _spelt_differently(counts: Mapping[str, int], first: Mapping[str, str]) -> Iterator[str]:
    spellings: defaultdict[str, list[str]] = defaultdict(list)
    for name in counts:
        spellings["".join(name.split()).casefold()].append(name)
    several = [names for names in spellings.values() if len(names) > 1]
    if several:
        names = sorted(several[0], key=lambda name: -counts[name])
        shown = " and ".join(f"`{name}` ({counted(counts[name], 'row')})" for name in names)
        count = len(several) - 1
        more = f"; {count} more label{' is' if count == 1 else 's are'} written in several ways" if count else ""
        what = f"labels {shown} differ only in case or white space, and are learned as different ones"
        yield f"{what}; `{names[-1]}` is first at {first[names[-1]]}{more}"


def _missing(counts: Mapping[str, int], first: Mapping[str, str]) -> Iterator[str]:
    found = [name for name in counts if name in _MISSING]
    if found:
        total = sum(counts[name] for name in found)
        have, rows = ("has", "the row if it has") if total == 1 else ("have", "the rows if they have")
        names = " or ".join(f"`{name}`" for name in found)
        what = f"{counted(total, 'row')} {have} the label {names}, which often stands for no label"
        yield f"{what}, the first at {first[found[0]]}; it is learned as a label: take out {rows} none"


def _single(counts: Mapping[str, int], first: Mapping[str, str]) -> Iterator[str]:
    found = [name for name, count in counts.items() if count == 1]
    if found:
        what = "1 label has" if len(found) == 1 else f"{len(found)} of {len(counts)} labels have"
        yield f"{what} a single training row, such as `{found[0]}` at {first[found[0]]}: it can hardly be learned from that"


def _contradictions(rows: Sequence[Row]) -> Iterator[str]:
    """Yield a line if the same text has different labels in different rows."""
    seen: dict[tuple[object, object], Row] = {}
    groups: defaultdict[tuple[object, object], int] = defaultdict(int)
    pair: tuple[Row, Row] | None = None
    contrary: set[tuple[object, object]] = set()
    for row in rows:
        key = (row.inputs.get("text"), row.inputs.get("text_pair"))
        groups[key] += 1
        before = seen.setdefault(key, row)
        if set(labels_of(before)) != set(labels_of(row)):
            pair = pair or (before, row)
            contrary.add(key)
    if pair is not None:
        total = sum(groups[key] for key in contrary)
        shown = " and ".join(f"{row.where} (`{', '.join(labels_of(row))}`)" for row in pair)
        texts = "1 text has" if len(contrary) == 1 else f"{len(contrary)} texts have"
        yield f"{texts} different labels in different training rows, {total} of {len(rows)}, such as {shown}"


def refuse_scores(rows: Sequence[Row]) -> None:
    """Refuse labels that are continuous scores: decimals, nearly all of them different.

    Stars with halves are classes; so are scores that recur.

    Raises:
        UserError: Labels are such numbers.
    """
    names = {name: row.where for row in reversed(rows) for name in labels_of(row)}
    if len(names) < _FEWEST_NUMBERS or 2 * len(names) <= len(rows):
        return
    if not all(re.fullmatch(NUMBER, name) for name in names):
        return
    finer = [name for name in names if 2 * float(name) % 1]
    if 2 * len(finer) < len(names):
        return
    what = f"{len(names)} different labels in {len(rows)} training rows, such as `{finer[-1]}`: these are numbers, not classes"
    where, line = split_where(names[finer[-1]])
    raise UserError(what, where=where, line=line, fix=NO_REGRESSION)
