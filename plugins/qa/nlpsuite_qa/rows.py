"""One row of a table, or one object, as a question with its context and answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nlpsuite.api import Row, UserError, refuse_half_characters
from nlpsuite_qa.answers import NOWHERE, place_answers
from nlpsuite_qa.forms import said_answers

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from nlpsuite.api import Record, Reporter, Split
    from nlpsuite_qa.answers import Answer, Repairs
    from nlpsuite_qa.columns import Columns
    from nlpsuite_qa.forms import Given


class Shared:
    """Makes rows; those that follow one another with the same context share the one string.

    Args:
        split: What the rows are for.
    """

    def __init__(self, split: Split):
        self._split = split
        self._context = ""

    def row(self, question: str, context: str, answers: tuple[Answer, ...] | None, identity: Any, where: str) -> Row:
        """Return a row.

        Raises:
            UserError: A text holds half a surrogate pair, or a row to learn from or to score is blank.
        """
        if context == self._context:
            context = self._context
        self._context = context
        for name, text in (("question", question), ("context", context)):
            if self._split != "predict" and not text.strip():
                raise UserError(f"a row with an empty {name}", where=where, fix="give it, or take the row out")
            refuse_half_characters(text, where, name=name)
        inputs: dict[str, Any] = {"question": question, "context": context}
        if identity is not None:
            inputs["id"] = identity
        return Row(inputs, answers, where)


class RowMaker:
    """Makes rows from the records of a table, or from JSON objects.

    Args:
        file: The file, for messages.
        columns: Where a record holds what.
        split: What the rows are for.
        repairs: Counts what was done to answers.
    """

    def __init__(self, file: str, columns: Columns, split: Split, repairs: Repairs):
        self._file, self._columns, self._split, self._repairs = file, columns, split, repairs
        self._shared = Shared(split)

    def row(self, record: Record) -> Row:
        """Return the row of a record.

        Raises:
            UserError: It is not as it should be.
        """
        return self._row(record.values, self._file, record.line, f"{self._file}:{record.line}")

    def numbered(self, objects: Iterable[Mapping[str, Any]]) -> Iterator[Row]:
        """Yield the rows of JSON objects; messages name their number."""
        for number, values in enumerate(objects, start=1):
            where = f"{self._file}: row {number}"
            yield self._row(values, where, None, where)

    def _row(self, values: Mapping[str, Any], file: str, line: int | None, where: str) -> Row:
        fields = self._columns.fields(values)
        texts = []
        for role in ("question", "context"):
            text = fields.get(role)
            if text is None and role in fields and self._split == "predict":
                # An empty cell, as pandas writes it.
                text = ""
            if not isinstance(text, str):
                name = self._columns.names[role][0]
                fix = "give each row a question and a context"
                raise UserError(f"no text in `{name}`", where=file, line=line, fix=fix)
            texts.append(text)
        question, context = texts
        given = said_answers(fields, file, line, self._split, self._repairs) if self._columns.answered else None
        if given is None and self._split != "predict":
            fix = "give it answers, or an empty list where the context holds none"
            raise UserError("a row without answers", where=file, line=line, fix=fix)
        answers = None if given is None else checked_answers(context, given, file, line, self._split, self._repairs)
        return self._shared.row(question, context, answers, fields.get("id"), where)


def checked_answers(
    context: str, given: Given, file: str, line: int | None, split: Split, repairs: Repairs
) -> tuple[Answer, ...]:
    """Return answers as parts of their context; those of a row to predict may stand nowhere in it.

    Raises:
        UserError: An answer of a row to learn from or to score is not in its context.
    """
    try:
        return place_answers(context, given, file, line, repairs)
    except UserError:
        if split == "predict":
            return tuple((text, NOWHERE) for text, _ in given)
        raise


def tell_blank(rows: Iterable[Row], where: str, report: Reporter) -> Iterator[Row]:
    """Yield rows to predict, and say in the end how many have nothing to ask or nothing to look in."""
    counts: dict[str, tuple[int, str]] = {}
    try:
        for row in rows:
            blank = next((name for name in ("context", "question") if not row.inputs[name].strip()), None)
            if blank is not None:
                count, first = counts.get(blank, (0, row.where))
                counts[blank] = count + 1, first
            yield row
    finally:
        for name, what in (("context", "their answers are empty"), ("question", "their answers mean nothing")):
            if name in counts:
                count, first = counts[name]
                report.warn(f"{where}: rows with an empty {name}: {count}, the first at {first}; {what}")
