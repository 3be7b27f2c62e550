"""Rows as their file has them, whatever it is: sentences in columns, JSON Lines, lines of text."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from nlpsuite.api import Span, file_lines, json_table, read_record, sentences

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from nlpsuite.api import Layout

    Reader = Callable[[Iterable[str]], Iterator["Item"]]


@dataclass(frozen=True, slots=True)
class Item:
    """A row as its file has it.

    Attributes:
        inputs: `{"tokens": [...]}` or `{"text": "..."}`.
        line: Where it begins.
        tags: The tag of each word, where there are tags.
        lines: The line of each word, where words have lines of their own.
        spans: The entities of a text, or None where it does not say.
        trimmed: Entities that had white space at their ends.
        identity: `{"id": ...}` where the file gives the row one.
    """

    inputs: dict[str, Any]
    line: int
    tags: Sequence[str] | None = None
    lines: Sequence[int] | None = None
    spans: Sequence[Span] | None = None
    trimmed: int = 0
    identity: Mapping[str, Any] = field(default_factory=dict)

    def place(self, word: int) -> int:
        """Return the line of a word."""
        return self.line if self.lines is None else self.lines[word]

    @property
    def blank(self) -> bool:
        """Whether there is nothing in it where an entity could be."""
        return not (self.inputs["tokens"] if "tokens" in self.inputs else self.inputs["text"].strip())


def column_items(lines: Iterable[str], layout: Layout, where: str) -> Iterator[Item]:
    """Yield the sentences of a file in columns."""
    for each in sentences(lines, layout, where):
        yield Item({"tokens": each.words}, each.lines[0], each.tags, each.lines)


def json_items(lines: Iterable[str], where: Path) -> Iterator[Item]:
    """Yield the rows of JSON Lines."""
    for record in json_table(where, lines, look=1):
        found = read_record(record.values, where, record.line)
        identity = identity_of(record.values)
        if found.words is not None:
            yield Item({"tokens": found.words}, record.line, found.tags, identity=identity)
        else:
            yield Item({"text": found.text}, record.line, None, None, found.spans, found.trimmed, identity)


def describe_json(path: Path) -> str:
    """Say which keys of a file of JSON Lines are read as what, by its first row.

    Raises:
        UserError: That row is not as it should be.
    """
    table = json_table(path, file_lines(path))
    first = next(iter(table.look(1)), None)
    if first is None:
        return f"{path}: {table.kind}"
    found = read_record(first.values, path, first.line)
    what = ("words", "tags") if found.words is not None else ("texts", "entities")
    read = ", ".join(f"{name} in `{key}`" for name, key in zip(what, found.keys, strict=False))
    unused = [f"`{name}`" for name in table.columns if name not in (*found.keys, "id")]
    return f"{path}: {table.kind}; {read}" + (f"; not used: {', '.join(unused)}" if unused else "")


def text_items(lines: Iterable[str]) -> Iterator[Item]:
    """Yield one text a line, empty ones too."""
    for number, line in enumerate(lines, start=1):
        line = line.removeprefix("\ufeff") if number == 1 else line
        yield Item({"text": line.removesuffix("\n").removesuffix("\r")}, number)


def identity_of(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a record is called by its file, as the field of a row."""
    return {} if values.get("id") is None else {"id": values["id"]}
