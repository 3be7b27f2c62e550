"""Which columns of a table hold what: running text, prompts and completions, or the messages of a chat."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nlpsuite.api import UserError, normal_name

if TYPE_CHECKING:
    from nlpsuite.api import Split, Table
    from nlpsuite_generation import GenerationSettings

PAIRS = (
    *(("prompt", name) for name in ("completion", "response", "output", "target", "answer")),
    *(("instruction", name) for name in ("output", "response", "completion")),
    *(("source", "target"), ("src", "tgt"), ("input", "output"), ("input", "target"), ("query", "response")),
    *(("document", "summary"), ("article", "highlights"), ("article", "summary"), ("dialogue", "summary")),
    *(("text", "summary"), ("question", "answer")),
)
TEXTS = ("text", "content", "story", "document", "article", "body")
CHATS = ("messages", "conversations", "conversation")
MORE_OF_AN_INSTRUCTION = "input"
IDENTITY = "id"
KNOWN = frozenset({name for pair in PAIRS for name in pair} | {*TEXTS, *CHATS, IDENTITY})
_ADVICE = (
    "name them with --set task.prompt=COLUMN --set task.completion=COLUMN, or running text with --set task.text=COLUMN"
)


@dataclass(frozen=True, slots=True)
class Columns:
    """What is read of a table.

    Attributes:
        prompt: Columns whose texts, one a line, are the prompt; the column of running text, where that is what it is.
        completion: The column of completions, or None.
        running: Whether `prompt` is running text.
        chat: Whether `prompt` holds the messages of a chat.
    """

    prompt: tuple[str, ...]
    completion: str | None = None
    running: bool = False
    chat: bool = False

    def __str__(self) -> str:
        """Say it for people."""
        names = " and ".join(f"`{name}`" for name in self.prompt)
        if self.chat:
            return f"chats in {names}: the last message is the completion, those before it are the prompt"
        if self.running:
            return f"running text in {names}"
        return f"prompts in {names}, " + (
            f"completions in `{self.completion}`" if self.completion else "no completions"
        )


def known_names(settings: GenerationSettings) -> frozenset[str]:
    """Return the names that a header may hold, in the form of `normal_name`."""
    chosen = (settings.text, settings.prompt, settings.completion)
    return KNOWN | {normal_name(name) for name in chosen if isinstance(name, str)}


def choose_columns(table: Table, settings: GenerationSettings, split: Split) -> Columns:
    """Decide which columns are read: by setting, else by name, else by place where there are two without names.

    Raises:
        UserError: A column that is set is not there, or there is no telling.
    """
    need = split != "predict"
    by_name = {normal_name(name): name for name in reversed(table.columns)}
    chosen = _set(table, settings, need=need)
    if chosen is not None:
        return chosen
    chat = next((by_name[name] for name in CHATS if name in by_name), None)
    if chat is not None:
        return Columns((chat,), chat=True)
    for prompt, completion in PAIRS:
        if prompt in by_name and completion in by_name:
            more = by_name.get(MORE_OF_AN_INSTRUCTION) if prompt == "instruction" else None
            return Columns((by_name[prompt], *([more] if more else [])), by_name[completion])
    running = next((by_name[name] for name in TEXTS if name in by_name), None)
    if need and running is not None:
        return Columns((running,), running=True)
    if not table.named and len(table.columns) == 2:
        return Columns((table.columns[0],), table.columns[1])
    alone = table.columns[0] if len(table.columns) == 1 else None
    asked = next((by_name[name] for name, _ in PAIRS if name in by_name), running or alone)
    if not need and asked is not None:
        return Columns((asked,))
    names = ", ".join(f"`{name}`" for name in table.columns)
    what = f"cannot tell which of the columns {names} hold prompts and completions"
    raise UserError(what, where=table.path, line=1, fix=_ADVICE)


def id_column(table: Table, columns: Columns) -> str | None:
    """Return the column of the rows' own ids, or None."""
    used = (*columns.prompt, columns.completion)
    return next((name for name in table.columns if normal_name(name) == IDENTITY and name not in used), None)


def _set(table: Table, settings: GenerationSettings, *, need: bool) -> Columns | None:
    """Return the columns that are set; to predict, only if they are there."""
    if settings.text is not None and (need or _find(table, settings.text) is not None):
        return Columns((_existing(table, settings.text, "text"),), running=need)
    if settings.prompt is None and settings.completion is None:
        return None
    if not need and (settings.prompt is None or _find(table, settings.prompt) is None):
        return None
    if settings.prompt is None or (settings.completion is None and need):
        raise UserError("one column of a pair is set", where="task.prompt and task.completion", fix="set both")
    completion = None if settings.completion is None else _find(table, settings.completion)
    if completion is None and need:
        completion = _existing(table, settings.completion or "", "completion")
    return Columns((_existing(table, settings.prompt, "prompt"),), completion)


def _find(table: Table, name: str | int) -> str | None:
    if str(name) in table.columns:
        return str(name)
    for column in table.columns:
        if normal_name(column) == normal_name(str(name)):
            return column
    at = int(name) if str(name).isdecimal() else 0
    return table.columns[at - 1] if 1 <= at <= len(table.columns) else None


def _existing(table: Table, name: str | int, setting: str) -> str:
    found = _find(table, name)
    if found is not None:
        return found
    near = difflib.get_close_matches(str(name), table.columns, n=1)
    known = "columns: " + ", ".join(f"`{column}`" for column in table.columns)
    what = f"no column `{name}`, which task.{setting} asks for"
    raise UserError(what, where=table.path, line=1, fix=f"did you mean `{near[0]}`? {known}" if near else known)
