"""What kind of file holds pairs: a table, lines of `source ||| target`, or one language's side of parallel text."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from nlpsuite.api import Record, Table, UserError, data_suffix, file_lines, is_json_object, split_name

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TABLES = (".tsv", ".csv", ".jsonl", ".ndjson", ".json", ".parquet")
BARS = "|||"
"""What stands between source and target in lines as Moses and word aligners write them."""
_LOOK = 100
_OTHER_FORMATS = (".jsonl", ".ndjson", ".json", ".parquet")


def bar_table(path: Path) -> Table | None:
    """Return the table in a file whose first lines all have `|||` between two fields; None where they have not.

    Raises:
        UserError: The file cannot be read; records raise it for a line that has not two fields.
    """
    if data_suffix(path) in _OTHER_FORMATS:
        return None
    first = [line for line in itertools.islice(file_lines(path), _LOOK) if line.strip()]
    if not first or not all(BARS in line for line in first) or any("\t" in line for line in first):
        return None
    return Table(path, f"lines with {BARS}", ("column 1", "column 2"), False, _records(path))


def is_table(path: Path) -> bool:
    """Whether a file is a table: by its suffix; of another, where it holds JSON or each line has its tabs."""
    if data_suffix(path) in TABLES:
        return True
    if split_name(path) is not None:
        return False
    lines = [line for line in itertools.islice(file_lines(path), _LOOK) if line.strip()]
    tabs = {line.count("\t") for line in lines}
    return bool(lines) and (is_json_object(lines[0]) or (len(tabs) == 1 and 0 not in tabs))


def is_delimited(table: Table) -> bool:
    """Whether a table is CSV or TSV, which may lack a header."""
    return table.kind.startswith(("CSV", "TSV"))


def siblings(path: Path) -> list[str]:
    """Return the languages of the files with this file's stem."""
    named = split_name(path)
    others = (split_name(other) for other in sorted(path.parent.iterdir()) if not other.name.startswith("."))
    return list(
        dict.fromkeys(other[1] for other in others if other is not None and named is not None and other[0] == named[0])
    )


def _records(path: Path) -> Iterator[Record]:
    for number, line in enumerate(file_lines(path), start=1):
        if not line.strip():
            continue
        fields = [field.strip() for field in line.removeprefix("\ufeff").split(BARS)]
        if len(fields) != 2:
            what = f"a line of {len(fields)} field{'s' * (len(fields) > 1)} set apart by `{BARS}`, where two are read"
            raise UserError(what, where=path, line=number, fix=f"write `source {BARS} target` on each line")
        yield Record({"column 1": fields[0], "column 2": fields[1]}, number)
