"""The forms in which files give answers: lists, dicts, texts, cells that hold either as Python or JSON writes them, or none."""

from __future__ import annotations

import ast
import json
from typing import TYPE_CHECKING, Any

from nlpsuite.api import UserError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nlpsuite.api import Split
    from nlpsuite_qa.answers import Repairs

Given = list[tuple[str, int | None]]
"""Answers as a file gives them, each with the character where it is said to begin, or None."""
_FLAGS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False, "": None}


def said_answers(
    fields: Mapping[str, Any], file: str, line: int | None, split: Split, repairs: Repairs
) -> Given | None:
    """Return the answers of a question; none where it is said to have none, None where nothing is said.

    `is_impossible` counts before answers that are given beside it, in every format. A value of `null` is what pandas makes of
    an empty cell: in rows to learn from or to score it says, as that cell does, that there is no answer.

    Args:
        fields: The values of the row, as `Columns.fields` gives them.
        file: For errors.
        line: For errors.
        split: What the row is for.
        repairs: Counts what was made of it.

    Raises:
        UserError: They are in no known form, or contradict `is_impossible`.
    """
    impossible = _flag(fields.get("impossible"), file, line)
    given = _given(fields, file, line)
    if impossible:
        repairs.impossible += bool(given)
        return []
    learn = split != "predict"
    if given is None and "answer" in fields and learn:
        repairs.null += 1
        given = []
    if not given and impossible is False:
        if learn and given is not None:
            fix = "give it an answer, or say is_impossible: true"
            raise UserError("a question without an answer, said not to be impossible", where=file, line=line, fix=fix)
        return None
    return given


def _given(fields: Mapping[str, Any], file: str, line: int | None) -> Given | None:
    """Return the answers alone.

    Known forms: `{"text": [...], "answer_start": [...]}`, `[{"text": ..., "answer_start": ...}]`, `["...", ...]` and `"..."`.
    """
    value: Any = _of_cell(fields.get("answer"), str, dict)
    starts: Any = _of_cell(fields.get("start"), int, float)
    if value is None:
        return None
    if isinstance(value, dict):
        value, starts = value.get("text"), value.get("answer_start")
    if starts == "":
        starts = None
    if isinstance(value, str):
        # An empty field of a table is how one says that there is no answer.
        value, starts = ([value], starts) if value.strip() else ([], None)
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


def _of_cell(value: Any, *kinds: type) -> Any:
    """Return the dict of answers, or the list of `kinds`, that a cell holds as JSON or Python writes it; else the cell."""
    text = value.strip() if isinstance(value, str) else ""
    if not text.startswith(("{", "[")):
        return value
    for parse in (json.loads, _python):
        try:
            found = parse(text)
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            continue
        # Whatever else begins with a bracket, such as `[1]` or `{x}`, is text.
        if isinstance(found, dict) and "text" in found:
            return found
        if isinstance(found, list) and all(isinstance(each, kinds) for each in found):
            return found
    return value


def _python(text: str) -> Any:
    """Return the value of a Python literal; pandas writes NumPy's arrays into it: `{'text': array(['Anna'], dtype=object)}`."""

    class Plain(ast.NodeTransformer):
        def visit_Call(self, node: ast.Call) -> ast.AST:
            array = isinstance(node.func, ast.Name) and node.func.id == "array" and node.args
            return node.args[0] if array else node

    return ast.literal_eval(Plain().visit(ast.parse(text, mode="eval")))


def _flag(value: Any, file: str, line: int | None) -> bool | None:
    """Return what `is_impossible` says, None where it says nothing."""
    if value is None or isinstance(value, bool):
        return value
    plain = str(int(value)) if isinstance(value, float) and value in (0, 1) else str(value).strip().lower()
    if plain not in _FLAGS:
        raise UserError(f"is_impossible is {value!r}", where=file, line=line, fix="write true or false")
    return _FLAGS[plain]


def _place(start: Any, file: str, line: int | None) -> int | None:
    if start is None or start == "":
        return None
    # A column of whole numbers with a gap in it is one of floats to pandas.
    whole = start.strip().removesuffix(".0") if isinstance(start, str) else ""
    if whole.lstrip("-").isdecimal():
        return int(whole)
    if isinstance(start, float) and start.is_integer():
        return int(start)
    if isinstance(start, bool) or not isinstance(start, int):
        fix = "answer_start is the character where the answer begins, counted from 0"
        raise UserError(f"answer_start is {start!r}", where=file, line=line, fix=fix)
    return start
