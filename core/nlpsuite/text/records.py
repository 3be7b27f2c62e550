"""The text in each record of a JSON Lines or Parquet file."""

from __future__ import annotations

import difflib
import json
from typing import TYPE_CHECKING, Any

from nlpsuite.errors import UserError
from nlpsuite.text.segments import segments

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from nlpsuite.text.sources import Source

# A record is parsed whole, which takes up to ten times its length in memory.
LONGEST_RECORD = 128_000_000
_PARQUET_ROWS = 256


def jsonl_texts(source: Source, field: str, blocks: Iterable[bytes]) -> Iterator[tuple[int, str | bytes]]:
    """Give the line and text of each record; of a line that is not UTF-8, its bytes. Blank lines are not records.

    Raises:
        UserError: A line is no JSON object, lacks the field, has no text in it, or is longer than 128 MB; with file and
            line.
    """
    for segment in segments(blocks, "line", LONGEST_RECORD):
        if not segment.last:
            raise UserError(
                "a record longer than 128 MB", where=source.name, line=segment.line, fix="split it into several records"
            )
        if not segment.data or segment.data.isspace():
            continue
        try:
            line = segment.data.decode()
        except UnicodeDecodeError:
            yield segment.line, segment.data
            continue
        yield segment.line, _text_of(_parsed(line, source, segment.line), field, source, segment.line)


def _parsed(line: str, source: Source, number: int) -> dict[str, Any]:
    fix = "JSON Lines has one object a line"
    try:
        record = json.loads(line)
    except json.JSONDecodeError as error:
        raise UserError(
            f"not JSON ({error.msg} at column {error.colno})", where=source.name, line=number, fix=fix
        ) from None
    except RecursionError:
        raise UserError("JSON nested too deep", where=source.name, line=number, fix=fix) from None
    if not isinstance(record, dict):
        raise UserError(f"not a JSON object but {line[:30]!r}", where=source.name, line=number, fix=fix)
    return record


def _text_of(record: dict[str, Any], field: str, source: Source, number: int) -> str:
    if field not in record:
        raise _no_such_field(field, list(record), source, number)
    text = record[field]
    if not isinstance(text, str):
        names = [name for name, value in record.items() if isinstance(value, str)]
        fix = f"fields with text: {', '.join(names)}" if names else "the field must hold a string"
        kind = "null" if text is None else type(text).__name__
        raise UserError(f"field `{field}` is not text but {kind}", where=source.name, line=number, fix=fix)
    return text


def _no_such_field(field: str, names: list[str], source: Source, number: int | None) -> UserError:
    near = difflib.get_close_matches(field, names, n=1)
    known = ", ".join(f"`{name}`" for name in names[:8]) or "none"
    fix = (
        f"did you mean `{near[0]}`? Say it with --field"
        if near
        else f"say with --field which one holds the text; there are: {known}"
    )
    return UserError(f"no field `{field}`", where=source.name, line=number, fix=fix)


def parquet_texts(
    source: Source, field: str, on_read: Callable[[int], None] | None = None
) -> Iterator[tuple[int, str | bytes]]:
    """Give the row, from 1, and text of each row of a Parquet file.

    Raises:
        UserError: The file is no Parquet file, lacks the column, or has no text in it.
    """
    import pyarrow
    import pyarrow.parquet

    row = 0
    try:
        with pyarrow.parquet.ParquetFile(source.path) as file:
            if field not in file.schema_arrow.names:
                raise _no_such_field(field, file.schema_arrow.names, source, None)
            n_rows, size = file.metadata.num_rows, source.path.stat().st_size
            for batch in file.iter_batches(batch_size=_PARQUET_ROWS, columns=[field]):
                for text in batch.column(0).to_pylist():
                    row += 1
                    yield row, _text_of({field: text}, field, source, row)
                if on_read is not None:
                    on_read(size * row // n_rows)
    except (pyarrow.ArrowException, OSError) as error:
        raise UserError(
            f"not a Parquet file ({str(error).splitlines()[0]})", where=source.name, fix="check the file"
        ) from None
