"""Rows of single records: a prompt with its completion, or the messages of a chat."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from nlpsuite.api import Row, UserError, refuse_half_characters

if TYPE_CHECKING:
    from pathlib import Path

    from nlpsuite_generation.columns import Columns

ASSISTANTS = ("assistant", "gpt", "chatgpt", "bot", "model")
"""Who gives the answers in a chat, as `role` or ShareGPT's `from` has it."""


class Place:
    """Where a record is, for messages about what it holds.

    Args:
        path: The file.
        line: The line where the record starts.
    """

    def __init__(self, path: Path, line: int):
        self._path, self._line = path, line

    def __str__(self) -> str:
        return f"{self._path}:{self._line}"

    def error(self, what: str, fix: str) -> UserError:
        """Return an error at this place."""
        return UserError(what, where=self._path, line=self._line, fix=fix)

    def text(self, values: Mapping[str, Any], name: str) -> str:
        """Return a field's text; nothing where there is none.

        Raises:
            UserError: It is no text, or holds half a surrogate pair.
        """
        value = values.get(name)
        if value is None or (isinstance(value, float) and math.isnan(value)):
            return ""
        if isinstance(value, bool | int | float):
            value = json.dumps(value)
        if not isinstance(value, str):
            raise self.error(f"`{name}` is not a text but {type(value).__name__}", "give it as one string")
        refuse_half_characters(value, self._path, self._line)
        return value


def pair_row(values: Mapping[str, Any], columns: Columns, place: Place, *, need: bool) -> Row:
    """Return the row of a prompt and, where there is one, its completion.

    Raises:
        UserError: One of them is no text, or empty where rows must have both.
    """
    parts = [place.text(values, name) for name in columns.prompt]
    prompt = "\n".join([parts[0], *(part for part in parts[1:] if part.strip())])
    completion = "" if columns.completion is None else place.text(values, columns.completion)
    if need and not prompt.strip():
        raise place.error("a row with an empty prompt", "give it a prompt or take it out")
    if need and not completion.strip():
        raise place.error("a prompt without a completion", "give it a completion or take it out")
    return Row({"prompt": prompt}, completion if completion.strip() else None, str(place))


def chat_row(values: Mapping[str, Any], column: str, place: Place, *, need: bool) -> tuple[Row, int]:
    """Return the row of a chat, and how many answers it has: if an assistant has the last word, that is the completion.

    Messages have `role` and `content`, or as in ShareGPT `from` and `value`.

    Raises:
        UserError: It is no list of messages, or lacks a prompt or a completion where rows must have both.
    """
    messages = values.get(column)
    if not isinstance(messages, list) or not all(isinstance(each, Mapping) for each in messages):
        fix = 'give each row a list like [{"role": "user", "content": "..."}, {"role": "assistant", "content": "..."}]'
        raise place.error(f"`{column}` is no list of messages", fix)
    texts = [place.text(each, "value" if "value" in each and "content" not in each else "content") for each in messages]
    answers = [each.get("role", each.get("from")) in ASSISTANTS for each in messages]
    answered = bool(answers) and answers[-1]
    said = texts[:-1] if answered else texts
    if need and not (answered and texts[-1].strip()):
        raise place.error("a chat whose last message is not an assistant's", "end each chat with what is to be learned")
    if need and not any(text.strip() for text in said):
        raise place.error("a chat without a message before the assistant's", "give it a prompt or take it out")
    row = Row({"prompt": "\n".join(said)}, texts[-1] if answered and texts[-1].strip() else None, str(place))
    return row, sum(answers)
