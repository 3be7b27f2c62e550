r"""Rows of CSV and TSV text, each with the line where it starts.

CSV follows RFC 4180, as Python's `csv` module reads it, without that module's process-wide limit on a field's size.
TSV has no quoting by definition, and its texts hold stray quotes; yet spreadsheets and pandas write it quoted. So there
a quote is quoting only where it encloses a whole field, and a quoted field runs over several lines only where these
lines would not be rows of their own. Only `\n` and `\r\n` end a row.
"""

from __future__ import annotations

import statistics
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nlpsuite.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

DELIMITERS = {",": "comma", "\t": "tab", ";": "semicolon", "|": "bar"}


@dataclass(frozen=True, slots=True)
class RawRow:
    """The fields of one row.

    Attributes:
        line: The line where the row starts, from 1.
        fields: The fields, unquoted.
    """

    line: int
    fields: list[str]


class _QuoteError(Exception):
    def __init__(self, what: str, line: int, fix: str):
        self.what, self.line, self.fix = what, line, fix


class _Lines:
    """Lines with a count; lines taken can be put back."""

    def __init__(self, lines: Iterable[str]):
        self._lines = iter(lines)
        self._waiting: deque[str] = deque()
        self._taken: list[str] = []
        self.number = 0

    def take(self) -> str | None:
        line = self._waiting.popleft() if self._waiting else next(self._lines, None)
        if line is not None:
            self.number += 1
            self._taken.append(line)
        return line

    def mark(self) -> None:
        """Forget which lines were taken so far."""
        self._taken.clear()

    def taken(self) -> Sequence[str]:
        """Return the lines taken since `mark`."""
        return self._taken

    def put_back(self) -> None:
        """Put back the lines taken since `mark`."""
        self._waiting.extendleft(reversed(self._taken))
        self.number -= len(self._taken)
        self._taken.clear()


def read_delimited(lines: Iterable[str], delimiter: str, where: str) -> Iterator[RawRow]:
    """Yield the rows of CSV or, where `delimiter` is a tab, TSV; blank lines between rows are passed over.

    Args:
        lines: Text lines with their ends.
        delimiter: One character.
        where: The file, for errors.

    Raises:
        UserError: A quote is never closed, or closes in the middle of a field.
    """
    source = _Lines(lines)
    width = 0
    while (line := source.take()) is not None:
        source.mark()
        start = source.number
        if not line.strip("\r\n"):
            continue
        try:
            if '"' not in line:
                fields = _without_end(line).split(delimiter)
            elif delimiter == "\t":
                fields = _tsv_row(line, source, width)
            else:
                fields = _csv_row(line, source, delimiter)
        except _QuoteError as error:
            raise UserError(error.what, where=where, line=error.line, fix=error.fix) from None
        width = width or len(fields)
        yield RawRow(start, fields)


def guess_delimiter(lines: Sequence[str], candidates: str, *, whole: bool = True) -> str | None:
    """Return the delimiter that splits the lines into rows of one and the same number of fields, or None.

    Args:
        lines: The first lines of a file.
        candidates: The delimiters to try; an earlier one wins a tie.
        whole: Whether `lines` is the whole file; if not, its last row may be incomplete.
    """
    best, best_share = None, 0.5
    for delimiter in candidates:
        counts: list[int] = []
        try:
            counts.extend(len(row.fields) for row in read_delimited(lines, delimiter, ""))
        except UserError:
            whole = True
        if not whole:
            counts = counts[:-1] or counts
        if not counts or (usual := statistics.mode(counts)) == 1:
            continue
        share = counts.count(usual) / len(counts)
        if share > best_share:
            best, best_share = delimiter, share
    return best


def _without_end(line: str) -> str:
    return line[:-2] if line.endswith("\r\n") else line[:-1] if line.endswith("\n") else line


def _csv_row(line: str, source: _Lines, delimiter: str) -> list[str]:
    """Parse one CSV row that begins with `line`, taking more lines while a quote is open."""
    fields: list[str] = []
    position = 0
    while True:
        if not line.startswith('"', position):
            end = line.find(delimiter, position)
            if end < 0:
                return [*fields, _without_end(line[position:])]
            fields.append(line[position:end])
            position = end + 1
            continue
        value, line, position = _quoted(line, position, source)
        fields.append(value)
        if line.startswith(delimiter, position):
            position += 1
        elif not line[position:].strip("\r\n"):
            return fields
        else:
            raise _QuoteError(
                f"a quote closes in the middle of a field, before `{line[position : position + 20].strip()}`",
                source.number,
                "double each quote inside a quoted field",
            )


def _quoted(line: str, position: int, source: _Lines) -> tuple[str, str, int]:
    """Read the quoted field at `position`; return its value, the line it ends on and the position after it."""
    opened = source.number
    parts: list[str] = []
    position += 1
    while True:
        end = line.find('"', position)
        if end < 0:
            parts.append(line[position:])
            more = source.take()
            if more is None:
                raise _QuoteError(
                    "a quote opens a field here and is never closed",
                    opened,
                    'close it, or write the field as "..." with each quote inside it doubled',
                )
            line, position = more, 0
        elif line.startswith('"', end + 1):
            parts.append(line[position : end + 1])
            position = end + 2
        else:
            parts.append(line[position:end])
            return "".join(parts), line, end + 1


def _tsv_row(line: str, source: _Lines, width: int) -> list[str]:
    """Parse one TSV row of a table `width` fields wide (0 when not known yet)."""
    literal = _literal(line)
    opens = any(field.startswith('"') for field in literal)
    following = source.take()
    source.put_back()
    width = width or (len(literal) if following is None else len(_literal(following)))
    if not opens or (len(literal) == width and (following is None or len(_literal(following)) == width)):
        return literal
    try:
        quoted = _csv_row(line, source, "\t")
        inner = source.taken()[:-1]
    except _QuoteError as error:
        problem: _QuoteError | None = error
    else:
        problem = None
        if len(quoted) == width and not any(len(_literal(each)) == width for each in inner):
            return quoted
    source.put_back()
    if problem is not None and len(literal) != width:
        raise problem
    return literal


def _literal(line: str) -> list[str]:
    return [_unquoted(field) if field.startswith('"') else field for field in _without_end(line).split("\t")]


def _unquoted(field: str) -> str:
    inner = field[1:-1]
    whole = len(field) > 1 and field.endswith('"') and '"' not in inner.replace('""', "")
    return inner.replace('""', '"') if whole else field
