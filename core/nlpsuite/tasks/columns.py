"""Which columns of a table hold the text and which the label: by setting, by name, or by what is in them."""

from __future__ import annotations

import difflib
import re
import statistics
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from nlpsuite.errors import UserError
from nlpsuite.tasks.headers import normal_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from nlpsuite.tasks.tables import Record, Table

LABEL_NAMES = (
    *("label", "labels", "sentiment", "class", "target", "category", "polarity", "stars", "star_rating", "rating"),
    *("class_index", "label_text", "gold_label", "gold", "tag", "topic", "intent", "emotion", "overall", "score", "y"),
    *("quality", "is_duplicate", "entailment_judgment", "entailment_label", "标签", "类别", "情感"),
    *("tags", "topics", "categories", "genres", "emotions", "intents"),
)
TEXT_NAMES = (
    *("text", "sentence", "review", "content", "text_a", "review_text", "review_body", "comment", "comment_text"),
    *("body", "tweet", "document", "description", "message", "utterance", "phrase", "sms", "post", "article"),
    *("abstract", "summary", "snippet", "sentences", "texts", "文本", "内容", "评论"),
)
TITLE_NAMES = ("title", "headline", "subject", "review_title", "标题")
PAIRS = (
    *(("text_a", "text_b"), ("sentence1", "sentence2"), ("premise", "hypothesis"), ("question1", "question2")),
    *(("text", "text_pair"), ("text1", "text2"), ("text_1", "text_2"), ("sentence_1", "sentence_2")),
    *(("sentence_a", "sentence_b"), ("question_1", "question_2"), ("#1_string", "#2_string")),
    *(("question", "sentence"), ("question", "passage"), ("query", "passage"), ("claim", "evidence")),
)
"""Usual names of the two columns of a pair."""
ID_NAMES = ("id", "idx")
"""Names of a column that tells rows apart; it is given back with predictions, and is never text."""
KNOWN_NAMES = frozenset((*LABEL_NAMES, *TEXT_NAMES, *TITLE_NAMES, *(name for pair in PAIRS for name in pair)))
_LABEL_ENDINGS = ("_label", "_sentiment", "_class", "_category", "_polarity")
_LONGEST_LABEL = 40


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns that a task reads.

    Attributes:
        text: The columns whose texts are joined, in order.
        label: The column of labels, or None.
        pair: The column of the other text of a pair, or None.
        flags: Columns that hold 0 or 1, each for the label it is named after; in place of `label`.
    """

    text: tuple[str, ...]
    label: str | None = None
    pair: str | None = None
    flags: tuple[str, ...] = ()

    @property
    def used(self) -> tuple[str, ...]:
        """All columns that are read."""
        return tuple(name for name in (*self.text, self.label, self.pair, *self.flags) if name is not None)

    @property
    def labelled(self) -> bool:
        """Whether there are labels."""
        return self.label is not None or bool(self.flags)


@dataclass(frozen=True, slots=True)
class ColumnChoice:
    """What the user set, and what was found in the training file.

    Attributes:
        text: The text columns by name or number from 1; empty to find out.
        label: The label column, or several 0/1 columns, by name or number from 1; empty to find out.
        pair: The column of the other text, by name or number from 1; None to find out.
        trained: The columns of the training file, preferred where a later file has them too.
    """

    text: tuple[str | int, ...] = ()
    label: tuple[str | int, ...] = ()
    pair: str | int | None = None
    trained: Columns | None = None


def choose_columns(table: Table, choice: ColumnChoice, *, need_label: bool) -> Columns:
    """Decide which columns are read.

    Args:
        table: The table; its records are looked at where names do not tell.
        choice: What is set or known already.
        need_label: Whether a table without labels is an error.

    Raises:
        UserError: A column that is set does not exist, or none can be told to hold text or labels.
    """
    chosen = choice.text or choice.label or choice.pair
    if choice.trained and _fits(table, choice.trained, need_label) and not chosen:
        flags = choice.trained.flags if set(choice.trained.flags) <= set(table.columns) else ()
        label = choice.trained.label if choice.trained.label in table.columns else None
        return replace(choice.trained, label=label, flags=flags)
    text, pair = _texts(table, choice)
    if choice.trained and choice.trained.pair and pair is None:
        known = ", ".join(f"`{column}`" for column in table.columns)
        what, fix = "no second text, and the task is about pairs of texts", "name it with --set task.text_pair=COLUMN"
        raise UserError(f"{what}; columns: {known}", where=table.path, line=1, fix=fix)
    label, flags = _labels(table, choice, (*text, *([pair] if pair else [])), need_label)
    if not text:
        others = tuple(name for name in table.columns if name not in (label, pair, *flags))
        text = _text_by_content(table, others, table.look(None) if need_label else table.look())
    twice = next((name for name in (label, pair, *flags) if name in text), None)
    if twice is not None:
        what = f"column `{twice}` is both text and {'the other text' if twice == pair else 'label'}"
        raise UserError(what, where=table.path, fix="set task.text, task.text_pair or task.label")
    return Columns(text, label, pair, flags)


def _texts(table: Table, choice: ColumnChoice) -> tuple[tuple[str, ...], str | None]:
    """Return the columns of the text and of the other text of a pair, as set or by their names."""
    pair = None if choice.pair is None else _resolve(table, choice.pair, "text_pair")
    if choice.text:
        return tuple(_resolve(table, name, "text") for name in choice.text), pair
    if pair is not None:
        return tuple(name for name in _text_by_name(table) if name != pair), pair
    by_name = {normal_name(column): column for column in reversed(table.columns)} if table.named else {}
    for first, second in PAIRS:
        if first in by_name and second in by_name:
            return (by_name[first],), by_name[second]
    return _text_by_name(table), None


def id_column(table: Table, columns: Columns) -> str | None:
    """Return the column that tells rows apart, if one has such a name and is not read as text or label."""
    if not table.named:
        return None
    free = {normal_name(column): column for column in reversed(table.columns) if column not in columns.used}
    return next((free[name] for name in ID_NAMES if name in free), None)


def join_texts(values: Mapping[str, Any], columns: Columns) -> str:
    """Return the text of a record: its text columns, one a line, without empty ones.

    Raises:
        TypeError: A value is not text.
    """
    parts = [values.get(name) for name in columns.text]
    for part in parts:
        if part is not None and not isinstance(part, str):
            raise TypeError(type(part).__name__)
    return parts[0] or "" if len(parts) == 1 else "\n".join(part for part in parts if part and not part.isspace())


def _fits(table: Table, trained: Columns, need_label: bool) -> bool:
    wanted = (*trained.text, *([trained.pair] if trained.pair else []))
    if need_label or not table.named:
        wanted = (*wanted, *(trained.flags or [str(trained.label)]))
    return all(name in table.columns for name in wanted)


def _resolve(table: Table, name: str | int, setting: str) -> str:
    if str(name) in table.columns:
        return str(name)
    for column in table.columns:
        if normal_name(column) == normal_name(str(name)):
            return column
    if str(name).isdecimal() and 1 <= int(name) <= len(table.columns):
        return table.columns[int(name) - 1]
    near = difflib.get_close_matches(str(name), table.columns, n=1)
    known = ", ".join(f"`{column}`" for column in table.columns)
    fix = f"did you mean `{near[0]}`? columns: {known}" if near else f"columns: {known}"
    raise UserError(f"no column `{name}`, which task.{setting} asks for", where=table.path, line=1, fix=fix)


def _text_by_name(table: Table) -> tuple[str, ...]:
    if not table.named:
        return ()
    by_name = {normal_name(column): column for column in reversed(table.columns)}
    body = next((by_name[name] for name in TEXT_NAMES if name in by_name), None)
    title = next((by_name[name] for name in TITLE_NAMES if name in by_name), None)
    return tuple(name for name in (title, body) if name is not None)


def _labels(
    table: Table, choice: ColumnChoice, text: Sequence[str], need_label: bool
) -> tuple[str | None, tuple[str, ...]]:
    """Return the column of labels, or the columns of 0 and 1 that stand for one label each."""
    if choice.label:
        try:
            chosen = tuple(_resolve(table, name, "label") for name in choice.label)
        except UserError:
            if need_label:
                raise
            return None, ()
        return (chosen[0], ()) if len(chosen) == 1 else (None, chosen)
    others = [name for name in table.columns if name not in text]
    if table.named:
        by_name = {normal_name(column): column for column in reversed(others)}
        found = [by_name[name] for name in LABEL_NAMES if name in by_name]
        found += [column for name, column in by_name.items() if name.endswith(_LABEL_ENDINGS)]
        if found:
            return found[0], ()
    if not need_label:
        return None, ()
    flags = _flags(table.look(None), others) if table.named else ()
    if len(flags) > 1:
        rest = [name for name in others if name not in flags]
        label = _label_by_content(table.look(None), rest, alone=False) if rest else None
        return (None, flags) if label is None else (label, ())
    label = _label_by_content(table.look(None), others, alone=len(table.columns) == 2)
    if label is None:
        names = ", ".join(f"`{column}`" for column in table.columns)
        what, fix = f"no column of labels among {names}", "name it with --set task.label=COLUMN"
        if not table.named:
            fix += "; if the first row is a header, say --set task.header=true"
        raise UserError(what, where=table.path, line=1, fix=fix)
    return label, ()


def _flags(records: Sequence[Record], names: Sequence[str]) -> tuple[str, ...]:
    """Return the columns that hold nothing but 0 and 1."""
    return tuple(name for name in names if all(is_flag(record.values.get(name)) for record in records))


def is_flag(value: Any) -> bool:
    """Whether a value is 0 or 1, as a number, a truth value or text."""
    return value in (0, 1) if isinstance(value, (bool, int, float)) else str(value).strip() in ("0", "1")


def _label_by_content(records: Sequence[Record], names: Sequence[str], *, alone: bool) -> str | None:
    """Return the column whose values are short, few, and recur; of two columns, at least the much shorter one."""
    values = {name: [_shown(record.values.get(name)) for record in records] for name in names}
    short = {name: each for name, each in values.items() if max(map(len, each)) <= _LONGEST_LABEL}
    few = {name: len(set(each)) for name, each in short.items() if 2 <= len(set(each)) <= len(each) / 2}
    if few:
        return min(few, key=lambda name: few[name])
    if alone and len(names) == 2:
        shorter, longer = sorted(names, key=lambda name: statistics.fmean(map(len, values[name])))
        if shorter in short and 2 * max(map(len, values[shorter])) <= statistics.fmean(map(len, values[longer])):
            return shorter
    return None


def _text_by_content(table: Table, names: tuple[str, ...], records: Sequence[Record]) -> tuple[str, ...]:
    """Return the only column left, or those that read like text: the longest under a header, else all of them.

    Without a header, a column that is empty here counts as text: another file of the data may fill it.
    """
    if len(names) == 1:
        return names
    lengths: dict[str, float] = {}
    empty = []
    for name in names:
        filled = [value for record in records if isinstance(value := record.values.get(name), str) and value.strip()]
        wordy = sum(map(_reads_like_text, filled))
        if wordy > len(filled) / 2 and len(set(filled)) > len(filled) / 4:
            lengths[name] = statistics.fmean(map(len, filled))
        elif not filled:
            empty.append(name)
    if not lengths:
        known = ", ".join(f"`{column}`" for column in table.columns)
        what = f"no column of text among {known}"
        raise UserError(what, where=table.path, line=1, fix="name it with --set task.text=COLUMN")
    if table.named:
        return (max(lengths, key=lambda name: lengths[name]),)
    return tuple(name for name in names if name in lengths or name in empty)


def _reads_like_text(value: str) -> bool:
    letters = sum(character.isalpha() for character in value)
    return letters >= 0.4 * len(value) and not re.fullmatch(r"[!-~]+", value)


def _shown(value: Any) -> str:
    return "" if value is None else str(value)
