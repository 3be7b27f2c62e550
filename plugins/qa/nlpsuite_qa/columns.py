"""Which columns of a table, or keys of an object, hold what: by setting, by usual name, or by place where there are no names."""

from __future__ import annotations

import difflib
import math
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from nlpsuite.api import UserError, normal_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_ROLES = ("question", "context", "answer")
"""What can be set; in this order without a header."""
_USUAL: Mapping[str, tuple[str, ...]] = {
    "question": ("question", "query"),
    "context": ("context", "passage", "paragraph", "document", "text"),
    "answer": ("answers", "answer", "answer_text"),
    "start": ("answer_start", "answer_starts", "start"),
    "impossible": ("is_impossible",),
    "id": ("id", "qid", "question_id"),
}
_normal = lru_cache(maxsize=1 << 12)(normal_name)


@dataclass(frozen=True, slots=True)
class ColumnChoice:
    """What the user set, by name or number from 1; None to find it by looking.

    Attributes:
        question: The column of questions.
        context: The column of contexts.
        answer: The column of answers.
        header: Whether the first row of a table names the columns.
    """

    question: str | int | None = None
    context: str | int | None = None
    answer: str | int | None = None
    header: bool | None = None

    def known_names(self) -> frozenset[str]:
        """Return the names that a header may hold, in the form of `normal_name`."""
        chosen = (self.question, self.context, self.answer)
        usual = frozenset(name for names in _USUAL.values() for name in names)
        return usual | {normal_name(name) for name in chosen if isinstance(name, str)}


@dataclass(frozen=True, slots=True)
class Columns:
    """Where a record holds what.

    Attributes:
        described: Which columns are used, for people.
        answered: Whether there is a column that tells of answers.
        names: For each role the names to look under, in the form of `normal_name`; the first that holds something counts.
    """

    described: str = ""
    answered: bool = True
    names: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: _USUAL)

    def fields(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return a record's values by role; None for one that the record has and leaves out (`null`, or NaN)."""
        by_name: dict[str, Any] = {}
        for name, value in values.items():
            by_name.setdefault(_normal(name), None if isinstance(value, float) and math.isnan(value) else value)
        found: dict[str, Any] = {}
        for role, names in self.names.items():
            there = [by_name[name] for name in names if name in by_name]
            if there:
                found[role] = next((value for value in there if value is not None), None)
        return found


def choose_columns(
    columns: Sequence[str], choice: ColumnChoice, path: Path, *, named: bool, need_answer: bool
) -> Columns:
    """Decide which columns are read.

    Args:
        columns: The names of all.
        choice: What the user set; to predict, names that are not there are passed over.
        path: The file, for errors.
        named: Whether the file itself names its columns.
        need_answer: Whether there must be answers.

    Raises:
        UserError: A column that is set is not there, or there is no telling which is which.
    """
    found = _set(columns, choice, path, strict=need_answer)
    # Rows of one file may differ in which of the usual names they have.
    answers = _USUAL["answer"] if named and "answer" not in found else ()
    if named:
        by_name = {_normal(name): name for name in reversed(columns) if name not in found.values()}
        usual = {role: next((by_name[name] for name in _USUAL[role] if name in by_name), None) for role in _ROLES}
        found = {role: name for role, name in usual.items() if name is not None} | found
    elif len(columns) in (2, 3):
        free = [name for name in columns if name not in found.values()]
        found |= dict(zip((role for role in _ROLES if role not in found), free, strict=False))
    flagged = any(_normal(name) in _USUAL["impossible"] for name in columns)
    needed = _ROLES if need_answer and not flagged else _ROLES[:2]
    for role in needed:
        if role not in found:
            raise _missing(role, columns, path, needed if not named else ())
    names = dict(_USUAL) | {role: (_normal(name),) for role, name in found.items()}
    taken = (*names["question"], *names["context"])
    if answers:
        names["answer"] = tuple(name for name in answers if name not in taken)
    told = f"answers in `{found['answer']}`" if "answer" in found else "no answers"
    described = f"questions in `{found['question']}`, contexts in `{found['context']}`, {told}"
    return Columns(described, "answer" in found or flagged, names)


def _set(columns: Sequence[str], choice: ColumnChoice, path: Path, *, strict: bool) -> dict[str, str]:
    """Return by role the columns that are set and there; `strict` complains of those that are not there."""
    found: dict[str, str] = {}
    for role in _ROLES:
        name: str | int | None = getattr(choice, role)
        if name is None:
            continue
        column = _find(columns, str(name))
        if column is not None:
            found[role] = column
        elif strict:
            near = difflib.get_close_matches(str(name), columns, n=1)
            known = "columns: " + _shown(columns)
            what = f"no column `{name}`, which task.{role} asks for"
            raise UserError(what, where=path, line=1, fix=f"did you mean `{near[0]}`? {known}" if near else known)
    return found


def _find(columns: Sequence[str], name: str) -> str | None:
    same = next((column for column in columns if _normal(column) == _normal(name)), None)
    if name in columns or same is not None:
        return name if name in columns else same
    at = int(name) if name.isdecimal() else 0
    return columns[at - 1] if 1 <= at <= len(columns) else None


def _missing(role: str, columns: Sequence[str], path: Path, by_place: Sequence[str]) -> UserError:
    """Return what to say of a role without a column; where columns have no names, `by_place` are the roles needed."""
    if by_place:
        what = f"{len(columns)} field{'s' * (len(columns) > 1)} a row and no header"
        numbers = " ".join(f"--set task.{name}=NUMBER" for name in by_place)
        fix = f"give {', '.join(by_place[:-1])} and {by_place[-1]}, or a header with these names, or say {numbers}"
    else:
        what = f"no column `{_USUAL[role][0]}` among {_shown(columns)}"
        fix = f"say which one holds {role}s with --set task.{role}=COLUMN"
    return UserError(what, where=path, line=1, fix=fix)


def _shown(columns: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in columns[:8]) + (" ..." if len(columns) > 8 else "")
