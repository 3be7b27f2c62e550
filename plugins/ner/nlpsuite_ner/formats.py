"""Which format a file or a stream is in, found by looking."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from nlpsuite.api import (
    CONLL_SUFFIXES,
    MISC_KEYS,
    Layout,
    UserError,
    counted,
    data_suffix,
    file_lines,
    find_layout,
    is_json_object,
    misc_key,
)
from nlpsuite_ner.evidence import LOOK, Clues, first_lines, is_one_word_a_line
from nlpsuite_ner.items import column_items, describe_json, json_items, text_items
from nlpsuite_ner.sheets import find_sheet

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence
    from pathlib import Path

    from nlpsuite.api import Reporter
    from nlpsuite_ner import NerSettings
    from nlpsuite_ner.items import Reader

SUFFIXES = (*CONLL_SUFFIXES, ".txt", ".tsv", ".csv", ".jsonl", ".ndjson", ".json")
JSON_SUFFIXES = (".jsonl", ".ndjson", ".json")


def open_file(
    path: Path,
    settings: NerSettings,
    trained: Layout | None,
    known: Collection[str],
    report: Reporter,
    *,
    predict: bool,
) -> tuple[Reader, Layout | None]:
    """Return what reads the lines of a file, and the layout of its columns, if it has columns; and say what it is.

    Args:
        path: The file.
        settings: May name format and columns.
        trained: The layout of the training file, if it had columns.
        known: The labels of the training file.
        report: Told what was decided.
        predict: Whether the rows need no labels, so that plain text and words without tags are fine.

    Raises:
        UserError: There is no telling what it is.
    """
    first = _peek(file_lines(path), LOOK)
    shown = next((line for line in first if line.strip()), "")
    kind, suffix = settings.format, data_suffix(path)
    if kind == "jsonl" or (kind == "auto" and (suffix in JSON_SUFFIXES or is_json_object(shown))):
        report.say(describe_json(path))
        return partial(json_items, where=path), None
    sheet = find_sheet(path, shown, settings, predict=predict) if kind == "auto" else None
    if sheet is not None:
        report.say(str(sheet))
        return sheet.items, None
    certain = kind == "conll" or suffix in CONLL_SUFFIXES
    layout, hint = None, ""
    if kind in ("auto", "conll") and predict:
        layout, hint = _to_predict(path, first, Clues(settings, trained, known, certain))
    elif kind in ("auto", "conll"):
        layout = find_layout(first, word=settings.word, tag=settings.tag)
        if layout is None and certain:
            # Columns that do not look like tags, but are said to be: labels without letters.
            layout = find_layout(first, word=settings.word, tag=-1)
    if layout is not None:
        if layout.misc is not None:
            layout = _with_key(layout, path, trained, report, predict=predict)
        _check_columns(layout, path)
        report.say(f"{path}: {layout}{hint}")
        return partial(column_items, layout=layout, where=str(path)), layout
    if predict and kind in ("auto", "text"):
        report.say(f"{path}: plain text, one text a line{hint}")
        return text_items, None
    what = "neither words with tags in columns nor JSON Lines"
    fix = (
        "write a word and its tag on each line and an empty line after each sentence; --set task.tag=N names the column"
    )
    raise UserError(what, where=path, line=1, fix=fix)


def _to_predict(path: Path, first: Sequence[str], clues: Clues) -> tuple[Layout | None, str]:
    """Return the layout of a file to predict, None if it is text, and how to say otherwise."""
    layout = clues.layout(first)
    if layout is not None and layout.columns == 1 and not clues.certain and not is_one_word_a_line(file_lines(path)):
        return None, ""
    return layout, _otherwise(layout, first, clues)


def _otherwise(layout: Layout | None, lines: Sequence[str], clues: Clues) -> str:
    """Return how to say that lines are not what they were taken for, where that may well be."""
    if layout is not None:
        # A name, a setting, or tabs are no chance.
        return "" if clues.certain or layout.tabs else "; if each line is a text: --set task.format=text"
    if not clues.ambiguous(lines):
        return ""
    return "; if these are words in columns: put an empty line after each sentence, or --set task.format=conll"


def open_stream(
    lines: Iterable[str],
    settings: NerSettings,
    trained: Layout | None,
    known: Collection[str],
    where: Path,
    report: Reporter,
) -> tuple[Reader, Iterator[str]]:
    """Return what reads lines to predict as they come, by the first of them, and all the lines; and say what they are.

    Args:
        lines: The lines.
        settings: May name format and columns.
        trained: The layout of the training file, if it had columns.
        known: The labels of the training file.
        where: What they are called.
        report: Told what was decided.
    """
    clues = Clues(settings, trained, known, settings.format == "conll")
    what = "the first line may be a text or a word in columns, so reading goes on to an empty line or one that tells"
    first, everything = first_lines(lines, clues, lambda: report.say(f"{where}: {what}"))
    shown = next((line for line in first if line.strip()), "")
    if settings.format == "jsonl" or (settings.format == "auto" and is_json_object(shown)):
        report.say(f"{where}: JSON Lines")
        return partial(json_items, where=where), everything
    layout = None if settings.format == "text" else clues.layout(first)
    hint = "" if settings.format == "text" else _otherwise(layout, first, clues)
    report.say(f"{where}: {layout or 'plain text, one text a line'}{hint}")
    if layout is None:
        return text_items, everything
    return partial(column_items, layout=layout, where=str(where)), everything


def _with_key(layout: Layout, path: Path, trained: Layout | None, report: Reporter, *, predict: bool) -> Layout:
    """Return the layout of a CoNLL-U file with the key of its tags."""
    key = misc_key(file_lines(path), None if trained is None else trained.misc)
    if not key and not predict:
        names = ", ".join(f"{name}=" for name in MISC_KEYS)
        raise UserError(
            "no tags in the last column", where=path, fix=f"give words one of {names} there, with O or B-PER"
        )
    counts = _misc_counts(file_lines(path))
    others = [f"{name}= ({counts[name]})" for name in MISC_KEYS if name != key and counts[name]]
    if key and others and not predict:
        what = f"tags are read from {key}= ({counted(counts[key], 'word')}), and {', '.join(others)} is not read"
        report.warn(f"{path}: {what}; to read that, take {key}= out")
    return replace(layout, misc=key)


def _misc_counts(lines: Iterable[str]) -> Counter[str]:
    """Count the words that have each key in the last column."""
    counts: Counter[str] = Counter()
    for line in lines:
        if "\t" in line and not line.startswith("#"):
            last = line.rstrip("\r\n").rpartition("\t")[2]
            counts.update({part.partition("=")[0] for part in last.split("|") if "=" in part})
    return counts


def _check_columns(layout: Layout, path: Path) -> None:
    for name, column in (("word", layout.word), ("tag", layout.tag or 0)):
        if column >= layout.columns:
            what = f"no column {column + 1} in a file of {layout.columns}"
            raise UserError(what, where=path, line=1, fix=f"set task.{name} to a column that is there")


def _peek(lines: Iterable[str], count: int) -> list[str]:
    """Return the first lines, up to `count` that are not blank."""
    first: list[str] = []
    for line in lines:
        first.append(line if first else line.removeprefix("\ufeff"))
        count -= bool(line.strip())
        if not count:
            break
    return first
