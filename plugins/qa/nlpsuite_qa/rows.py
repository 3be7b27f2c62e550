"""One row of a table, or one object, as a question with its context and answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nlpsuite.api import Row, UserError
from nlpsuite_qa.answers import NOWHERE, place_answers

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from nlpsuite.api import Record, Split, Table
    from nlpsuite_qa.answers import Answer, Repairs

QUESTION = ("question", "query")
CONTEXT = ("context", "passage", "paragraph", "document", "text")
ANSWER = ("answers", "answer")
START = ("answer_start", "answer_starts", "start")
KNOWN_NAMES = frozenset((*QUESTION, *CONTEXT, *ANSWER, *START, "id"))
Given = list[tuple[str, int | None]]


class Shared:
    """Makes rows; those that follow one another with the same context share the one string."""

    def __init__(self) -> None:
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
            if answers is not None and not text.strip():
                raise UserError(f"a row with an empty {name}", where=where, fix="give it, or take the row out")
            try:
                text.encode()
            except UnicodeEncodeError as error:
                what = (
                    f"half a surrogate pair in the {name}, \\u{ord(text[error.start]):x}, which stands for no character"
                )
                raise UserError(what, where=where, fix="take it out") from None
        inputs: dict[str, Any] = {"question": question, "context": context}
        if identity is not None:
            inputs["id"] = identity
        return Row(inputs, answers, where)


class RowMaker:
    """Makes rows from the records of a table, or from JSON objects.

    Args:
        path: The file.
        columns: The names of its columns.
        split: What the rows are for.
        repairs: Counts what was done to answers.

    Raises:
        UserError: There are no questions or contexts in it, or no answers where there must be.
    """

    def __init__(self, path: Path, columns: Sequence[str], split: Split, repairs: Repairs):
        self._path, self._split, self._repairs, self._shared = path, split, repairs, Shared()
        self._renamed: Mapping[str, str] | None = None
        self._question, self._context = (self._find(columns, names) for names in (QUESTION, CONTEXT))
        self._labelled = any(name in columns for name in ANSWER)
        if split != "predict" and not self._labelled:
            raise UserError("no column `answers` or `answer`", where=path, line=1, fix="give rows with answers")

    @classmethod
    def of_table(cls, table: Table, split: Split, repairs: Repairs) -> RowMaker:
        """Make one for a table; without a header its columns are question, context and answer, in this order."""
        if table.named:
            return cls(table.path, table.columns, split, repairs)
        columns = ("question", "context", "answer")[: len(table.columns)]
        maker = cls(table.path, columns, split, repairs)
        maker._renamed = dict(zip(table.columns, columns, strict=True))
        return maker

    def _find(self, columns: Sequence[str], names: Sequence[str]) -> str:
        found = next((name for name in names if name in columns), None)
        if found is None:
            there = ", ".join(f"`{name}`" for name in columns[:8])
            raise UserError(f"no column `{names[0]}` among {there}", where=self._path, line=1, fix="name the columns")
        return found

    @property
    def described(self) -> str:
        """Which columns are used, for people."""
        answers = "with answers" if self._labelled else "no answers"
        return f"questions in `{self._question}`, contexts in `{self._context}`, {answers}"

    def row(self, record: Record) -> Row:
        """Return the row of a record.

        Raises:
            UserError: It is not as it should be.
        """
        values = record.values
        if self._renamed is not None:
            values = {self._renamed[name]: value for name, value in values.items()}
        return self._row(values, str(self._path), record.line, f"{self._path}:{record.line}")

    def numbered(self, objects: Iterable[Mapping[str, Any]]) -> Iterator[Row]:
        """Yield the rows of JSON objects; messages name their number."""
        for number, values in enumerate(objects, start=1):
            where = f"{self._path}: row {number}"
            yield self._row(values, where, None, where)

    def _row(self, values: Mapping[str, Any], file: str, line: int | None, where: str) -> Row:
        question, context = (self._text(values, name, file, line) for name in (self._question, self._context))
        given = given_answers(values, file, line) if self._labelled else None
        if given is None and self._split != "predict":
            fix = "give it answers, or an empty list where the context holds none"
            raise UserError("a row without answers", where=file, line=line, fix=fix)
        answers = None if given is None else checked_answers(context, given, file, line, self._split, self._repairs)
        return self._shared.row(question, context, answers, values.get("id"), where)

    @staticmethod
    def _text(values: Mapping[str, Any], name: str, file: str, line: int | None) -> str:
        text = values.get(name)
        if not isinstance(text, str):
            raise UserError(f"no text in `{name}`", where=file, line=line, fix="give each row a question and a context")
        return text


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


def given_answers(values: Mapping[str, Any], file: str, line: int | None) -> Given | None:
    """Return the answers of a row as its file gives them; none where it is said to have none, None where nothing is said.

    Known forms: `{"text": [...], "answer_start": [...]}`, `[{"text": ..., "answer_start": ...}]`, `["...", ...]` and `"..."`.

    Raises:
        UserError: They are in another form.
    """
    value: Any = next((values[name] for name in ANSWER if values.get(name) is not None), None)
    starts: Any = next((values[name] for name in START if values.get(name) is not None), None)
    if value is None:
        return None
    if isinstance(value, dict):
        value, starts = value.get("text"), value.get("answer_start")
    if isinstance(value, str):
        # An empty field of a table is how one says that there is no answer.
        value, starts = ([value], None if starts in (None, "") else [starts]) if value.strip() else ([], None)
    elif isinstance(value, list) and value and all(isinstance(each, dict) for each in value):
        value, starts = [each.get("text") for each in value], [each.get("answer_start") for each in value]
    if starts is not None and not isinstance(starts, list):
        starts = [starts]
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        fix = 'write {"text": ["..."], "answer_start": [0]}, a list of texts, or one text'
        raise UserError("the answers are in no known form", where=file, line=line, fix=fix)
    if starts is not None and len(starts) != len(value):
        what = f"{len(value)} answers and {len(starts)} places of answers"
        raise UserError(what, where=file, line=line, fix="give each answer its answer_start, or none of them")
    return [(text, _place(start, file, line)) for text, start in zip(value, starts or [None] * len(value), strict=True)]


def _place(start: Any, file: str, line: int | None) -> int | None:
    if start is None or start == "":
        return None
    if isinstance(start, str) and start.strip().lstrip("-").isdecimal():
        return int(start)
    if isinstance(start, bool) or not isinstance(start, int):
        fix = "answer_start is the character where the answer begins, counted from 0"
        raise UserError(f"answer_start is {start!r}", where=file, line=line, fix=fix)
    return start
