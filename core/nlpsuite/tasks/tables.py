"""Tables of any usual format, found by looking: CSV, TSV, JSON Lines, a JSON array, Parquet, plain or compressed.

A table is an iterator of records, each with the line where it starts. What the columns mean is for `columns` to say.
"""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nlpsuite.errors import UserError
from nlpsuite.plain import readable
from nlpsuite.tasks.delimited import DELIMITERS, guess_delimiter, read_delimited
from nlpsuite.tasks.headers import column_names, is_header
from nlpsuite.tasks.lines import file_lines

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

TABLE_SUFFIXES = (".tsv", ".csv", ".jsonl", ".ndjson", ".json", ".parquet", ".txt")
COMPRESSED_SUFFIXES = (".gz", ".xz", ".zst")
_LOOK = 1000


@dataclass(frozen=True, slots=True)
class Record:
    """One row of a table.

    Attributes:
        values: The values by column name; strings, except in JSON and Parquet, where they are what JSON has.
        line: The line where the row starts, from 1; in Parquet and in a JSON array, the row's number.
    """

    values: Mapping[str, Any]
    line: int


class Table:
    """The records of one file, read as they are asked for, once.

    Attributes:
        path: The file.
        kind: Its format, for people.
        columns: The names of its columns; `column 1`, `column 2` ... where there is no header.
        named: Whether the file itself names its columns.
    """

    def __init__(self, path: Path, kind: str, columns: Sequence[str], named: bool, records: Iterable[Record]):
        self.path, self.kind, self.columns, self.named = path, kind, tuple(columns), named
        self._records = iter(records)
        self._seen: list[Record] = []

    def look(self, count: int | None = _LOOK) -> Sequence[Record]:
        """Return the first `count` records, or all, without using them up."""
        missing = None if count is None else max(0, count - len(self._seen))
        self._seen.extend(itertools.islice(self._records, missing))
        return self._seen if count is None else self._seen[:count]

    def __iter__(self) -> Iterator[Record]:
        """Yield every record."""
        seen, self._seen = self._seen, []
        yield from seen
        yield from self._records


def data_suffix(path: Path) -> str:
    """Return the suffix that tells the format, in lower case, that of a compression taken away."""
    inner = path.with_suffix("") if path.suffix.lower() in COMPRESSED_SUFFIXES else path
    return inner.suffix.lower()


def read_table(path: Path, *, known: Collection[str], header: bool | None = None) -> Table:
    """Open a table.

    Args:
        path: The file.
        known: Names that a header is likely to hold, as `headers.normal_name` gives them.
        header: Whether the first row holds names; None to find out.

    Raises:
        UserError: The file is no table, or a row of it is broken; records raise it as they are read.
    """
    suffix = data_suffix(path)
    if suffix == ".parquet":
        return _parquet(path)
    lines = file_lines(path)
    first = list(itertools.islice(lines, _LOOK))
    whole = len(first) < _LOOK
    start = next((line for line in first if line.strip()), None)
    if start is None and whole:
        raise UserError("the file has no rows", where=path, fix="give a file with rows")
    everything = itertools.chain(first, lines)
    if suffix in (".jsonl", ".ndjson", ".json") or (suffix not in (".tsv", ".csv") and is_json(start or "")):
        return json_table(path, everything)
    candidates = {".csv": ",;\t|", ".tsv": "\t,;|"}.get(suffix, "\t,;|")
    delimiter = guess_delimiter(first, candidates, whole=whole)
    if delimiter is None and suffix not in (".tsv", ".csv"):
        raise UserError("the lines hold no fields set apart by tabs or commas", where=path, line=1)
    return delimited_table(path, everything, delimiter or candidates[0], known, header)


def is_json_object(line: str) -> bool:
    """Tell whether a line is one JSON object."""
    if not line.lstrip().startswith("{"):
        return False
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def is_json(line: str) -> bool:
    """Tell whether lines that begin with this one are JSON: objects, one a line, or an array of them."""
    return is_json_object(line) or _begins_array(line)


def _begins_array(line: str) -> bool:
    """Tell whether a line begins a JSON array of objects; other text in brackets does not."""
    start = "".join(line.split())
    return start == "[" or start.startswith("[{")


def parse_json_object(line: str, where: str | Path, number: int) -> dict[str, Any]:
    """Parse a line of JSON Lines.

    Raises:
        UserError: The line is not one JSON object.
    """
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        what = f"not valid JSON ({_fault(error)})"
        raise UserError(what, where=where, line=number, fix="write one JSON object a line") from None
    if not isinstance(value, dict):
        raise UserError("not a JSON object", where=where, line=number, fix="write one JSON object a line: jq -c '.[]'")
    return value


def _fault(error: ValueError | RecursionError) -> str:
    return "nested too deeply" if isinstance(error, RecursionError) else str(error)


def delimited_table(
    path: Path,
    lines: Iterable[str],
    delimiter: str,
    known: Collection[str] = (),
    header: bool | None = None,
    look: int = _LOOK,
) -> Table:
    """Return the table in CSV or TSV; `look` rows at most are waited for before it is there.

    Args:
        path: The file, for messages.
        lines: Its lines.
        delimiter: What stands between fields.
        known: Names that a header is likely to hold.
        header: Whether the first row holds names; None to find out.
        look: How many rows tell whether it does; at least 2.

    Raises:
        UserError: There are no rows, or two columns have one name; records raise it as they are read.
    """
    rows = read_delimited(lines, delimiter, str(path))
    first = list(itertools.islice(rows, look))
    if not first:
        raise UserError("the file has no rows", where=path, fix="give a file with rows")
    named = is_header(first[0].fields, [row.fields for row in first[1:]], known) if header is None else header
    columns = column_names(first[0].fields if named else [""] * len(first[0].fields), path)
    if named:
        del first[0]
        if not first:
            raise UserError("the file has a header and no rows", where=path, line=1, fix="give a file with rows")

    def records() -> Iterator[Record]:
        for row in itertools.chain(first, rows):
            if len(row.fields) != len(columns):
                count = f"{len(row.fields)} field{'s' * (len(row.fields) != 1)}"
                first_row = "header" if named else "first row"
                raise UserError(
                    f"{count} where the {first_row} has {len(columns)}, separated by {DELIMITERS[delimiter]}s",
                    where=path,
                    line=row.line,
                    fix="give every row the same fields; quote a field that holds the separator",
                )
            yield Record(dict(zip(columns, row.fields, strict=True)), row.line)

    kind = "TSV" if delimiter == "\t" else "CSV" if delimiter == "," else f"CSV with {DELIMITERS[delimiter]}s"
    return Table(path, kind, columns, named, records())


def json_table(path: Path, lines: Iterable[str], look: int = _LOOK) -> Table:
    """Return the table in JSON Lines, or in one JSON array of objects, which is then held in memory whole.

    The columns are the keys of the first `look` objects; blank lines are none.

    Raises:
        UserError: A line, or an element of the array, is not one JSON object; records raise it as they are read.
    """
    stream = iter(lines)
    start = list(_through_first_filled(stream))
    lines = itertools.chain(start, stream)
    if start and _begins_array(start[-1].removeprefix("\ufeff")):
        return _json_array(path, lines)
    records = (
        Record(parse_json_object(line, path, number), number)
        for number, line in enumerate(lines, start=1)
        if line.strip()
    )
    first = list(itertools.islice(records, look))
    columns = dict.fromkeys(name for record in first for name in record.values)
    return Table(path, "JSON Lines", tuple(columns), True, itertools.chain(first, records))


def _through_first_filled(lines: Iterator[str]) -> Iterator[str]:
    for line in lines:
        yield line
        if line.strip():
            return


def _json_array(path: Path, lines: Iterable[str]) -> Table:
    try:
        rows = json.loads("".join(lines).removeprefix("\ufeff"))
    except (ValueError, RecursionError) as error:
        what, line = f"not valid JSON ({_fault(error)})", getattr(error, "lineno", None)
        raise UserError(what, where=path, line=line, fix="write one array of objects, or one object a line") from None
    wrong = next((number for number, row in enumerate(rows, start=1) if not isinstance(row, dict)), None)
    if wrong is not None:
        what = f"element {wrong} of the JSON array is not an object"
        raise UserError(what, where=path, fix='write each row as {"name": value, ...}')
    if not rows:
        raise UserError("the file has no rows", where=path, fix="give a file with rows")
    columns = dict.fromkeys(name for row in rows for name in row)
    records = (Record(row, number) for number, row in enumerate(rows, start=1))
    return Table(path, "JSON array", tuple(columns), True, records)


def _parquet(path: Path) -> Table:
    try:
        from pyarrow import ArrowException
        from pyarrow.parquet import ParquetFile
    except ImportError:
        fix = "pip install 'nlpsuite[parquet]', or export the file as JSON Lines"
        raise UserError("Parquet needs pyarrow, which is not installed", where=path, fix=fix) from None
    try:
        file = ParquetFile(path)
    except FileNotFoundError:
        raise UserError("no such file", where=path, fix="check the path") from None
    except (ArrowException, OSError) as error:
        raise UserError(f"not a readable Parquet file ({error})", where=path, fix="export it again") from None
    if not file.metadata.num_rows:
        raise UserError("the file has no rows", where=path, fix="give a file with rows")
    values = (row for batch in file.iter_batches() for row in batch.to_pylist())
    records = (Record(readable(row), number) for number, row in enumerate(values, start=1))
    return Table(path, "Parquet", file.schema_arrow.names, True, records)
