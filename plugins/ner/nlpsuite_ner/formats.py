"""Which format a file or a stream is in, found by looking."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from nlpsuite.api import (
    CONLL_SUFFIXES,
    MISC_KEYS,
    Layout,
    UserError,
    data_suffix,
    file_lines,
    find_layout,
    is_json_object,
    misc_key,
    split_words,
)
from nlpsuite_ner.reading import column_items, json_items, peek, text_items

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
    from pathlib import Path

    from nlpsuite_ner import NerSettings
    from nlpsuite_ner.reading import Item

    Reader = Callable[[Iterable[str]], Iterator[Item]]

SUFFIXES = (*CONLL_SUFFIXES, ".txt", ".tsv", ".jsonl", ".ndjson", ".json")
_JSON = (".jsonl", ".ndjson", ".json")
_LOOK = 1000


def open_file(
    path: Path, settings: NerSettings, trained: Layout | None, known: Collection[str], *, predict: bool
) -> tuple[Reader, Layout | None]:
    """Return what reads the lines of a file, and the layout of its columns, if it has columns.

    Args:
        path: The file.
        settings: May name format and columns.
        trained: The layout of the training file, if it had columns.
        known: The labels of the training file.
        predict: Whether the rows need no labels, so that plain text and words without tags are fine.

    Raises:
        UserError: There is no telling what it is.
    """
    first, _ = peek(file_lines(path), _LOOK)
    shown = next((line for line in first if line.strip()), "")
    kind = settings.format
    if kind == "jsonl" or (kind == "auto" and (data_suffix(path) in _JSON or is_json_object(shown))):
        return partial(json_items, where=path), None
    layout = None
    if kind in ("auto", "conll"):
        layout = find_layout(first, word=settings.word, tag=settings.tag)
        if layout is not None and layout.misc is not None:
            layout = _with_key(layout, path, trained, predict=predict)
        if layout is not None and predict and _lacks_tags(layout, first, trained, known):
            layout = replace(layout, tag=None, word=layout.word if trained is None else trained.word)
        named = kind == "conll" or data_suffix(path) in CONLL_SUFFIXES
        if layout is None and predict:
            layout = untagged_layout(first, settings.word, trained, certain=named)
        elif layout is None and named:
            # Columns that do not look like tags, but are said to be: labels without letters.
            layout = find_layout(first, word=settings.word, tag=-1)
    if layout is not None:
        _check_columns(layout, path)
        return partial(column_items, layout=layout, where=str(path)), layout
    if predict and kind in ("auto", "text"):
        return text_items, None
    what = "neither words with tags in columns nor JSON Lines"
    fix = (
        "write a word and its tag on each line and an empty line after each sentence; --set task.tag=N names the column"
    )
    raise UserError(what, where=path, line=1, fix=fix)


def _with_key(layout: Layout, path: Path, trained: Layout | None, *, predict: bool) -> Layout:
    """Return the layout of a CoNLL-U file with the key of its tags."""
    key = misc_key(file_lines(path), None if trained is None else trained.misc)
    if not key and not predict:
        names = ", ".join(f"{name}=" for name in MISC_KEYS)
        raise UserError(
            "no tags in the last column", where=path, fix=f"give words one of {names} there, with O or B-PER"
        )
    return replace(layout, misc=key)


def _lacks_tags(layout: Layout, lines: Sequence[str], trained: Layout | None, known: Collection[str]) -> bool:
    """Tell whether a file has the training file's columns but for the tags, and its last one only looks like them."""
    if trained is None or layout.misc is not None or layout.columns != trained.columns - 1:
        return False
    tags = {cells[-1] for line in lines if (cells := line.split()) and not line.startswith("-DOCSTART-")}
    return not any(tag == label or (tag[1:2] in ("-", "_") and tag[2:] == label) for tag in tags for label in known)


def untagged_layout(lines: Sequence[str], word: int | None, trained: Layout | None, *, certain: bool) -> Layout | None:
    """Return the layout of words in columns without tags, or None if these are lines of text.

    Args:
        lines: The first lines.
        word: The column of words, from 1, if it is set.
        trained: The layout of the training file, if it had columns.
        certain: Whether the file says that it holds columns.
    """
    rows = [line.strip() for line in lines if line.strip()]
    tabs = any("\t" in row for row in rows)
    sizes = {len(row.split("\t") if tabs else row.split()) for row in rows}
    if len(sizes) != 1:
        return None
    (size,) = sizes
    found = Layout(size, (word or 1) - 1, None, tabs)
    if trained is not None and word is None and trained.word < size:
        found = replace(found, word=trained.word)
    if certain:
        return found
    if trained is None:
        return None
    if size == 1:
        # One word a line could be short texts; a text in Chinese is one piece, but of many words.
        single = all(len(split_words(row, "words")) == 1 for row in rows)
        return found if single and len(rows) > 1 else None
    # Lines of so many words may be texts; words in columns that say nothing of themselves are set apart by tabs.
    return found if tabs and size == trained.columns - 1 and trained.misc is None else None


def open_stream(first: Sequence[str], settings: NerSettings, trained: Layout | None, where: Path) -> tuple[Reader, str]:
    """Return what reads lines as they come, by the first of them, and what it takes them for."""
    shown = next((line for line in first if line.strip()), "")
    if settings.format == "jsonl" or (settings.format == "auto" and is_json_object(shown)):
        return partial(json_items, where=where), "JSON Lines"
    if settings.format in ("auto", "conll"):
        layout = find_layout(first, word=settings.word, tag=settings.tag)
        certain = settings.format == "conll"
        # Two words and a full stop may look like columns; a model that never saw columns takes them for text.
        if layout is not None and not certain:
            if trained is not None and layout.columns == trained.columns - 1:
                # All columns of the training data but the tags, the last of them with tags of another kind.
                layout = replace(layout, tag=None, word=trained.word)
            elif trained is None or layout.columns != trained.columns:
                layout = None
        layout = layout or untagged_layout(first, settings.word, trained, certain=certain)
        if layout is not None:
            return partial(column_items, layout=layout, where=str(where)), str(layout)
    return text_items, "plain text, one text a line"


def _check_columns(layout: Layout, path: Path) -> None:
    for name, column in (("word", layout.word), ("tag", layout.tag or 0)):
        if column >= layout.columns:
            what = f"no column {column + 1} in a file of {layout.columns}"
            raise UserError(what, where=path, line=1, fix=f"set task.{name} to a column that is there")
