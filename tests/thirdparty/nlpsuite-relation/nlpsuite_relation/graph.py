"""A knowledge graph of predictions: one line for each edge, with how often it was found and how sure that was."""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

HEADER = ("subject", "relation", "object", "count", "probability")


def edges(lines: Iterable[str]) -> list[tuple[str, str, str, int, float]]:
    """Return the edges in lines of `suite predict`, the most frequent first."""
    found: dict[tuple[str, str, str], list[float]] = defaultdict(list)
    for line in lines:
        record = json.loads(line) if line.strip() else {}
        triple = record.get("triple")
        if triple:
            found[triple["subject"], triple["relation"], triple["object"]].append(float(record["probability"]))
    rows = [(*triple, len(sure), sum(sure) / len(sure)) for triple, sure in found.items()]
    return sorted(rows, key=lambda row: (-row[3], row[:3]))


def write(rows: Sequence[tuple[str, str, str, int, float]], out: TextIO) -> None:
    """Write an edge list as tab-separated values; white space in names becomes one space."""
    print("\t".join(HEADER), file=out)
    for subject, relation, object_, count, probability in rows:
        names = [" ".join(name.split()) for name in (subject, relation, object_)]
        print("\t".join([*names, str(count), f"{probability:.4f}"]), file=out)


def main(arguments: Sequence[str] | None = None) -> int:
    """Read files of predictions, or standard input, and write the graph to standard output."""
    files = list(sys.argv[1:] if arguments is None else arguments)
    lines = [line for file in files for line in Path(file).read_text(encoding="utf-8").split("\n")]
    write(edges(lines if files else sys.stdin), sys.stdout)
    return 0
