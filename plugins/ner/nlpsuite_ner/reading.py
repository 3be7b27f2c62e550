"""Rows with their entities, from items of any format: the scheme of tags is found, and what is wrong is counted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nlpsuite.api import Row, SchemeFinder, Span, UserError, counted, file_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from nlpsuite.api import Reporter, Scheme
    from nlpsuite_ner.items import Item, Reader

LONG_SENTENCE = 100
"""More words than this in the one sentence of a file are taken for several."""


def unlabelled_rows(items: Iterable[Item], where: str, report: Reporter) -> Iterator[Row]:
    """Yield rows to predict, whatever labels they have left out; count those without a word."""
    blank, first = 0, 0
    try:
        for item in items:
            if item.blank:
                blank, first = blank + 1, first or item.line
            yield Row(item.inputs | dict(item.identity), None, f"{where}:{item.line}")
    finally:
        if blank:
            report.warn(_of_blanks(where, blank, first))


def _of_blanks(where: str | Path, blank: int, first: int) -> str:
    rows = counted(blank, "row is empty", "rows are empty")
    return f"{where}: {rows}, the first in line {first}; no entities are predicted there"


def labelled_rows(
    path: Path, read: Reader, trained: Scheme | None, report: Reporter, *, need: bool, identities: bool
) -> tuple[Scheme | None, Iterator[Row]]:
    """Read a file twice: to find the scheme of its tags, say so and count what must be repaired; then for its rows.

    Args:
        path: The file.
        read: Makes items of its lines.
        trained: The scheme of the training data, once it is known.
        report: Told what was found.
        need: Whether each row must have labels.
        identities: Whether rows keep the `id` that the file gives them.

    Returns:
        The scheme, None where words have no tags, and the rows; their targets are entities: label, and first and last
        place, `start_word` and `end_word` in words, `start` and `end` in characters of a text, the last not included.

    Raises:
        UserError: A row is not as it should be.
    """
    scheme, notes = _look(path, read, report, need=need)
    if scheme is not None:
        report.say(f"{path}: {counted(notes['rows'], 'row')} of words, tags in {scheme}")
        if trained is not None and trained.name != scheme.name:
            report.say(f"{path}: training data has tags in {trained}; both are read as entities, so they compare")
    elif notes["texts"]:
        report.say(
            f"{path}: {counted(notes['texts'], 'text')}" + (" with spans of characters" if notes["spans"] else "")
        )
    if notes["apart"] and notes["rows"] == 1 and notes["words"] > LONG_SENTENCE:
        words = counted(notes["words"], "word")
        what = f"no empty line between sentences was found, so its {words} are one row"
        report.warn(f"{path}: {what}; put an empty line after each sentence")
    if notes["wrong"]:
        tags = counted(notes["wrong"], "tag may not stand where it does", "tags may not stand where they do")
        what = f"{tags} in {scheme}, the first in line {notes['first']}"
        report.warn(
            f"{path}: {what}; each is read as conlleval does, where it begins an entity if it can go on with none"
        )
    if notes["trimmed"]:
        trimmed = counted(notes["trimmed"], "entity begins or ends", "entities begin or end")
        report.warn(f"{path}: {trimmed} with white space, which was taken away")
    if notes["blank"]:
        report.warn(_of_blanks(path, notes["blank"], notes["blank_line"]))
    rows = (_row(item, scheme, path, identities=identities) for item in read(file_lines(path)))
    return scheme, rows


def _look(path: Path, read: Reader, report: Reporter, *, need: bool) -> tuple[Scheme | None, dict[str, int]]:
    finder = SchemeFinder()
    bare: tuple[str, int] | None = None
    keys = ("rows", "words", "apart", "texts", "spans", "tagged", "wrong", "first", "trimmed", "blank", "blank_line")
    notes = dict.fromkeys(keys, 0)
    for item in read(file_lines(path)):
        notes["rows"] += 1
        notes["words"] += len(item.inputs.get("tokens", ()))
        notes["apart"] += item.lines is not None
        notes["texts"] += "text" in item.inputs
        notes["spans"] += item.spans is not None
        notes["tagged"] += item.tags is not None
        notes["trimmed"] += item.trimmed
        if item.blank:
            notes["blank_line"] = notes["blank_line"] or item.line
            notes["blank"] += 1
        if need and item.tags is None and item.spans is None:
            missing = "tags" if "tokens" in item.inputs else "entities"
            fix = f"give it a list of {missing}, which may be empty, or take it out"
            raise UserError(f"a row without {missing}", where=path, line=item.line, fix=fix)
        for word, tag in enumerate(item.tags or ()):
            if tag == "":
                raise UserError("a word without a tag", where=path, line=item.place(word), fix="write O for no name")
            if bare is None and finder.is_bare(tag):
                bare = (tag, item.place(word))
        finder.add(item.tags or ())
    if not notes["rows"]:
        raise UserError("the file has no rows", where=path, fix="give a file with rows")
    if need and notes["blank"]:
        what = counted(notes["blank"], "row with an empty text", "rows with an empty text, this is the first")
        raise UserError(what, where=path, line=notes["blank_line"], fix="give each a text or take it out")
    if not notes["tagged"]:
        return None, notes
    scheme = finder.find()
    if scheme.separator and bare is not None:
        fix = "a tag is O, or a letter and a label such as B-PER; name the column with --set task.tag=NUMBER"
        raise UserError(f"`{bare[0]}` is not a tag", where=path, line=bare[1], fix=fix)
    if small := finder.small():
        shown = ", ".join(f"`{tag}`" for tag in sorted(small)[:3])
        tags = counted(small.total(), "tag has a small letter", "tags have small letters")
        report.say(f"{path}: {tags} ({shown}) where {scheme} has large ones; they are read as those")
    for item in read(file_lines(path)):
        wrong = scheme.invalid(item.tags) if item.tags else []
        if wrong and not notes["wrong"]:
            notes["first"] = item.place(wrong[0])
        notes["wrong"] += len(wrong)
    return scheme, notes


def _row(item: Item, scheme: Scheme | None, path: Path, *, identities: bool) -> Row:
    target: list[dict[str, Any]] | None = None
    if item.tags is not None and scheme is not None:
        found = scheme.spans(item.tags)
        target = [{"label": label, "start_word": start, "end_word": end} for start, end, label in found]
    elif item.spans is not None:
        target = [{"label": label, "start": start, "end": end} for start, end, label in item.spans]
    inputs = item.inputs | dict(item.identity) if identities else item.inputs
    return Row(inputs, target, f"{path}:{item.line}")


def target_spans(row: Row) -> list[Span]:
    """Return the entities of a labelled row, in words or in characters of its text."""
    first, last = ("start_word", "end_word") if "tokens" in row.inputs else ("start", "end")
    return [Span(each[first], each[last], each["label"]) for each in row.target]
