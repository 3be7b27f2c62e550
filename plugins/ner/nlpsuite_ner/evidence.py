"""Whether lines to predict are words in columns or texts: columns only where something says so, for most lines are texts."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from nlpsuite.api import Layout, SchemeFinder, find_layout, is_json_object, split_words

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

    from nlpsuite_ner import NerSettings

LOOK = 1000


@dataclass(frozen=True, slots=True)
class Clues:
    """What is known before lines are looked at.

    Attributes:
        settings: May name the columns.
        trained: The layout of the training file, if it had columns.
        known: The labels of the training file.
        certain: Whether the file's name or the user says that it holds columns.
    """

    settings: NerSettings
    trained: Layout | None
    known: Collection[str]
    certain: bool

    def layout(self, lines: Sequence[str]) -> Layout | None:
        """Return the layout of words in columns, with tags or without, or None if these are lines of text."""
        tagged = find_layout(lines, word=self.settings.word, tag=self.settings.tag)
        if tagged is not None and (tagged.misc is not None or self.certain or self._are_tags(tagged, lines)):
            return self._without_others_tags(tagged, lines)
        return self._untagged(lines)

    def undecided(self, lines: Sequence[str]) -> bool:
        """Tell whether lines are texts so far, but may yet turn out to be words in columns."""
        rows = _rows(lines)
        if not rows:
            # Marks of documents and comments are no rows; of a model of texts, they are texts.
            return self.trained is not None or not any(line.strip() for line in lines)
        return self.layout(lines) is None and self.ambiguous(lines)

    def ambiguous(self, lines: Sequence[str]) -> bool:
        """Tell whether lines of text have the form of words in columns, and only lack what would say that they are."""
        rows = _rows(lines)
        if not rows:
            return False
        if self.trained is not None and _single(rows):
            return True
        layout = find_layout(lines, word=self.settings.word, tag=self.settings.tag)
        return layout is not None and self._fits(layout) and _uniform(layout, rows) and _look_like_tags(layout, rows)

    def _are_tags(self, layout: Layout, lines: Sequence[str]) -> bool:
        rows = _rows(lines)
        if _has_mark(lines):
            return True
        if not _look_like_tags(layout, rows):
            return False
        return (
            layout.tabs
            or self._has_known(_tags(layout, rows))
            or (_ends_sentence(lines) and _uniform(layout, rows) and self._fits(layout))
        )

    def _fits(self, layout: Layout) -> bool:
        return self.trained is None or layout.columns in (self.trained.columns, self.trained.columns - 1)

    def _has_known(self, tags: Iterable[str]) -> bool:
        known = set(self.known)
        return any(tag in known or (tag[1:2] in ("-", "_") and tag[2:] in known) for tag in tags)

    def _without_others_tags(self, layout: Layout, lines: Sequence[str]) -> Layout:
        """Take away the tags of a file that has the training file's columns but the last, and only looks tagged."""
        trained = self.trained
        if trained is None or layout.misc is not None or layout.columns != trained.columns - 1:
            return layout
        if self._has_known(_tags(layout, _rows(lines))):
            return layout
        return replace(layout, tag=None, word=trained.word)

    def _untagged(self, lines: Sequence[str]) -> Layout | None:
        layout = find_layout(lines, word=self.settings.word, tagged=False)
        if layout is None:
            return None
        trained, rows = self.trained, _rows(lines)
        if trained is not None and self.settings.word is None and trained.word < layout.columns:
            layout = replace(layout, word=trained.word)
        if self.certain:
            return layout
        if trained is None or not _uniform(layout, rows):
            return None
        if layout.columns == 1:
            # One word a line could be short texts; a text in Chinese is one piece, but of many words.
            return layout if _single(rows) and (_ends_sentence(lines) or _has_mark(lines)) else None
        # Lines of so many words may be texts; columns that say nothing of themselves are set apart by tabs.
        same = layout.columns == trained.columns - 1 and trained.misc is None
        return layout if same and (layout.tabs or _has_mark(lines)) else None


def first_lines(lines: Iterable[str], clues: Clues, wait: Callable[[], object]) -> tuple[list[str], Iterator[str]]:
    """Take as many lines of a stream as tell what it holds, and no more, so that one who waits for an answer gets it.

    Args:
        lines: The stream.
        clues: What tells.
        wait: Called when a line is in hand that does not tell by itself.

    Returns:
        The lines taken, and an iterator over all lines.
    """
    stream, held, told = iter(lines), list[str](), False
    kind = clues.settings.format
    for line in stream:
        held.append(line)
        if not line.strip() and not _rows(held):
            continue
        decided = kind in ("jsonl", "text") or (kind == "auto" and is_json_object(line))
        if decided or len(held) >= LOOK or not clues.undecided(held):
            break
        if not told:
            wait()
            told = True
    return held, itertools.chain(held, stream)


def is_one_word_a_line(lines: Iterable[str]) -> bool:
    """Tell whether each line that is not blank is one word."""
    return all(_single([row]) for line in lines if (row := line.strip()) and not _is_mark(line))


def _rows(lines: Sequence[str]) -> list[str]:
    """Return the lines that are words if these are columns: not blank, no marks of documents, no comments."""
    rows: list[str] = []
    before = ""
    for line in lines:
        begins = not before.strip() or _is_mark(before) or before.startswith("#")
        if line.strip() and not _is_mark(line) and not (begins and line.startswith(("# ", "#\t"))):
            rows.append(line)
        before = line
    return rows


def _is_mark(line: str) -> bool:
    return line.split(maxsplit=1)[:1] == ["-DOCSTART-"]


def _has_mark(lines: Iterable[str]) -> bool:
    return any(_is_mark(line) for line in lines)


def _ends_sentence(lines: Sequence[str]) -> bool:
    """Tell whether an empty line comes after a row."""
    rest = itertools.dropwhile(lambda line: not line.strip(), lines)
    return any(not line.strip() for line in rest)


def _cells(row: str, layout: Layout) -> list[str]:
    return row.rstrip("\r\n").split("\t") if layout.tabs else row.split()


def _tags(layout: Layout, rows: Iterable[str]) -> list[str]:
    cells = (_cells(row, layout) for row in rows)
    place = layout.columns - 1 if layout.tag is None else min(layout.tag, layout.columns - 1)
    return [row[place].strip() for row in cells if len(row) == layout.columns]


def _look_like_tags(layout: Layout, rows: Sequence[str]) -> bool:
    """Tell whether it shows that a column holds tags, even if it is set to be that of tags."""
    tags = _tags(layout, rows)
    good = sum(not SchemeFinder.is_bare(tag) for tag in tags)
    return good * 10 >= len(rows) * 9 or tags.count("O") * 3 >= len(rows)


def _uniform(layout: Layout, rows: Iterable[str]) -> bool:
    return all(len(_cells(row, layout)) == layout.columns for row in rows)


def _single(rows: Iterable[str]) -> bool:
    return all(len(split_words(row.strip(), "words")) == 1 for row in rows)
