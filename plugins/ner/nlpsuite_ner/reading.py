"""Rows of words with tags, or of a text with spans, from columns and JSON Lines, in any usual scheme of tags."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nlpsuite.api import Row, SchemeFinder, Span, UserError, file_lines, json_table, read_record, sentences

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from nlpsuite.api import Layout, Reporter, Scheme


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
    """

    inputs: dict[str, Any]
    line: int
    tags: Sequence[str] | None = None
    lines: Sequence[int] | None = None
    spans: Sequence[Span] | None = None
    trimmed: int = 0

    def place(self, word: int) -> int:
        """Return the line of a word."""
        return self.line if self.lines is None else self.lines[word]


def column_items(lines: Iterable[str], layout: Layout, where: str) -> Iterator[Item]:
    """Yield the sentences of a file in columns."""
    for each in sentences(lines, layout, where):
        yield Item({"tokens": each.words}, each.lines[0], each.tags, each.lines)


def json_items(lines: Iterable[str], where: Path) -> Iterator[Item]:
    """Yield the rows of JSON Lines."""
    for record in json_table(where, lines, look=1):
        found = read_record(record.values, where, record.line)
        if found.words is not None:
            yield Item({"tokens": found.words}, record.line, found.tags)
        else:
            yield Item({"text": found.text}, record.line, None, None, found.spans, found.trimmed)


def text_items(lines: Iterable[str]) -> Iterator[Item]:
    """Yield one text a line, empty ones too."""
    for number, line in enumerate(lines, start=1):
        line = line.removeprefix("\ufeff") if number == 1 else line
        yield Item({"text": line.removesuffix("\n").removesuffix("\r")}, number)


def unlabelled_rows(items: Iterable[Item], where: str) -> Iterator[Row]:
    """Yield rows to predict, whatever labels they have left out."""
    for item in items:
        yield Row(item.inputs, None, f"{where}:{item.line}")


def labelled_rows(
    path: Path, read: Callable[[Iterable[str]], Iterator[Item]], trained: Scheme | None, report: Reporter, *, need: bool
) -> tuple[Scheme | None, Iterator[Row]]:
    """Read a file twice: to find the scheme of its tags, say so and count what must be repaired; then for its rows.

    Args:
        path: The file.
        read: Makes items of its lines.
        trained: The scheme of the training data, once it is known.
        report: Told what was found.
        need: Whether each row must have labels.

    Returns:
        The scheme, None where words have no tags, and the rows; their targets are entities: label, and first and last
        place, `start_word` and `end_word` in words, `start` and `end` in characters of a text, the last not included.

    Raises:
        UserError: A row is not as it should be.
    """
    scheme, notes = _look(path, read, need=need)
    tagged = notes["tagged"]
    if scheme is not None and tagged:
        report.say(f"{path}: {notes['rows']} rows of words, tags in {scheme}")
        if trained is not None and trained.name != scheme.name:
            report.say(f"{path}: training data has tags in {trained}; both are read as entities, so they compare")
    elif notes["texts"]:
        report.say(f"{path}: {notes['texts']} texts" + (" with spans of characters" if notes["spans"] else ""))
    if notes["wrong"]:
        what = f"{notes['wrong']} tags may not stand where they do in {scheme}, the first in line {notes['first']}"
        report.warn(
            f"{path}: {what}; each is read as conlleval does, where it begins an entity if it can go on with none"
        )
    if notes["trimmed"]:
        report.warn(f"{path}: {notes['trimmed']} entities begin or end with white space, which was taken away")
    return scheme if tagged else None, (_row(item, scheme, path) for item in read(file_lines(path)))


def _look(
    path: Path, read: Callable[[Iterable[str]], Iterator[Item]], *, need: bool
) -> tuple[Scheme | None, dict[str, int]]:
    finder = SchemeFinder()
    bare: tuple[str, int] | None = None
    notes = dict.fromkeys(("rows", "texts", "spans", "tagged", "wrong", "first", "trimmed"), 0)
    for item in read(file_lines(path)):
        notes["rows"] += 1
        notes["texts"] += "text" in item.inputs
        notes["spans"] += item.spans is not None
        notes["tagged"] += item.tags is not None
        notes["trimmed"] += item.trimmed
        if need:
            _check_labelled(item, path)
        for word, tag in enumerate(item.tags or ()):
            if tag == "":
                raise UserError("a word without a tag", where=path, line=item.place(word), fix="write O for no name")
            if bare is None and finder.is_bare(tag):
                bare = (tag, item.place(word))
        finder.add(item.tags or ())
    if not notes["rows"]:
        raise UserError("the file has no rows", where=path, fix="give a file with rows")
    if not notes["tagged"]:
        return None, notes
    scheme = finder.find()
    if scheme.separator and bare is not None:
        fix = "a tag is O, or a letter and a label such as B-PER; name the column with --set task.tag=NUMBER"
        raise UserError(f"`{bare[0]}` is not a tag", where=path, line=bare[1], fix=fix)
    for item in read(file_lines(path)):
        wrong = scheme.invalid(item.tags) if item.tags else []
        if wrong and not notes["wrong"]:
            notes["first"] = item.place(wrong[0])
        notes["wrong"] += len(wrong)
    return scheme, notes


def _check_labelled(item: Item, path: Path) -> None:
    if item.tags is None and item.spans is None:
        missing = "tags" if "tokens" in item.inputs else "entities"
        fix = f"give it a list of {missing}, which may be empty, or take it out"
        raise UserError(f"a row without {missing}", where=path, line=item.line, fix=fix)
    if "text" in item.inputs and not item.inputs["text"].strip():
        raise UserError("a row with an empty text", where=path, line=item.line, fix="give it a text or take it out")


def _row(item: Item, scheme: Scheme | None, path: Path) -> Row:
    target: list[dict[str, Any]] | None = None
    if item.tags is not None and scheme is not None:
        found = scheme.spans(item.tags)
        target = [{"label": label, "start_word": start, "end_word": end} for start, end, label in found]
    elif item.spans is not None:
        target = [{"label": label, "start": start, "end": end} for start, end, label in item.spans]
    return Row(item.inputs, target, f"{path}:{item.line}")


def target_spans(row: Row) -> list[Span]:
    """Return the entities of a labelled row, in words or in characters of its text."""
    first, last = ("start_word", "end_word") if "tokens" in row.inputs else ("start", "end")
    return [Span(each[first], each[last], each["label"]) for each in row.target]


def peek(lines: Iterable[str], count: int) -> tuple[list[str], Iterator[str]]:
    """Return the first lines, up to `count` that are not blank, and an iterator over all lines."""
    stream = iter(lines)
    first: list[str] = []
    for line in stream:
        first.append(line)
        count -= bool(line.strip())
        if not count:
            break
    return first, itertools.chain(first, stream)
