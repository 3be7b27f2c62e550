"""SQuAD's nested JSON, versions 1.1 and 2.0: data, paragraphs, questions; or a list of such paragraphs alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nlpsuite.api import UserError
from nlpsuite_qa.columns import Columns
from nlpsuite_qa.forms import said_answers
from nlpsuite_qa.rows import Shared, checked_answers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from nlpsuite.api import Row, Split
    from nlpsuite_qa.answers import Repairs

FORM = (
    'SQuAD\'s form is {"data": [{"paragraphs": [{"context": "...", "qas": '
    '[{"question": "...", "id": "...", "answers": [{"text": "...", "answer_start": 0}]}]}]}]}'
)


def is_squad(value: object) -> bool:
    """Tell whether a JSON value is in SQuAD's form."""
    return isinstance(value, dict) and isinstance(value.get("data"), list)


def are_paragraphs(value: object) -> bool:
    """Tell whether a JSON value is a list of contexts, each with its questions, as SimpleTransformers reads it."""
    return isinstance(value, list) and bool(value) and all(isinstance(each, dict) and "qas" in each for each in value)


def squad_rows(value: dict[str, Any], path: Path, split: Split, repairs: Repairs) -> Iterator[Row]:
    """Yield the questions in their order. Their place in messages is the question's id, or its number where it has none.

    Raises:
        UserError: A part is missing, or an answer is not in its context.
    """
    number = 0
    shared, columns = Shared(split), Columns()
    for article in _parts(value, "data", path, "the file"):
        for paragraph in _parts(article, "paragraphs", path, "an article"):
            context = _text(paragraph, "context", path, "a paragraph")
            for item in _parts(paragraph, "qas", path, "a paragraph"):
                number += 1
                fields = columns.fields(item)
                identity = fields.get("id")
                where = f"{path}: question {number if identity is None else identity}"
                question = _text(item, "question", path, f"question {number}")
                given = said_answers(fields, where, None, split, repairs)
                if given is None and split != "predict":
                    raise UserError("a question without `answers`", where=where, fix=FORM)
                answers = None if given is None else checked_answers(context, given, where, None, split, repairs)
                yield shared.row(question, context, answers, identity, where)
    if not number:
        raise UserError("no questions in the file", where=path, fix=FORM)


def _parts(value: Any, name: str, path: Path, owner: str) -> list[dict[str, Any]]:
    parts = value.get(name)
    if not isinstance(parts, list) or not all(isinstance(part, dict) for part in parts):
        raise UserError(f"{owner} has no list `{name}` of objects", where=path, fix=FORM)
    return parts


def _text(value: dict[str, Any], name: str, path: Path, owner: str) -> str:
    text = value.get(name)
    if not isinstance(text, str):
        raise UserError(f"{owner} has no text `{name}`", where=path, fix=FORM)
    return text
