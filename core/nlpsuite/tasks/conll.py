"""Words in columns, as the CoNLL shared tasks and CoNLL-U have them: a word a line, an empty line after each sentence."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nlpsuite.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

CONLL_SUFFIXES = (".conll", ".bio", ".iob", ".iob2", ".bioes", ".bmes", ".conllu")
MISC_KEYS = ("Entity", "NER", "NE", "ner", "entity")
"""What names are called in the last column of CoNLL-U."""

_MARK = "-DOCSTART-"
_COMMENT = re.compile(r"#\s*(?:id|sent_id|text|newdoc|newpar|global\.|domain)\b|#[^\t]*\s=\s")
# Letters of tags are written small by some; what is no tag may end so too, but not nine lines in ten.
_TAG = re.compile(r"[Oo]|[BIESMLUbiesmlu](?:[-_]\S+)?")


@dataclass(frozen=True, slots=True)
class Layout:
    """Where words and tags stand.

    Attributes:
        columns: How many there are.
        word: The column of words, from 0.
        tag: The column of tags, from 0; None: there is none.
        tabs: Whether tabs set columns apart; else any blanks do.
        misc: In CoNLL-U, the key of the tag in the last column, empty where there are no tags; None: not CoNLL-U.
    """

    columns: int
    word: int = 0
    tag: int | None = None
    tabs: bool = False
    misc: str | None = None

    def __str__(self) -> str:
        if self.misc is not None:
            return "CoNLL-U, " + (f"tags in {self.misc}= of the last column" if self.misc else "no tags")
        columns = f"{self.columns} column{'s' * (self.columns > 1)} set apart by {'tabs' if self.tabs else 'blanks'}"
        tags = "no tags" if self.tag is None else f"tags in column {self.tag + 1}"
        return f"CoNLL, {columns}; words in column {self.word + 1}, {tags}"


@dataclass(frozen=True, slots=True)
class Sentence:
    """The words of a sentence.

    Attributes:
        words: The words, at least one.
        tags: The tag of each; None where there are none.
        lines: The line of each.
    """

    words: list[str]
    tags: list[str] | None
    lines: list[int]


def find_layout(
    lines: Sequence[str], *, word: int | None = None, tag: int | None = None, tagged: bool = True
) -> Layout | None:
    """Look at the first lines of a file and say how its columns lie; None if it has no tags in columns.

    Args:
        lines: The lines.
        word: The column of words, from 1, where it is set; else the first, or in CoNLL-U the second.
        tag: The column of tags, from 1, or counted from the last as -1, where it is set; else the last.
        tagged: Whether there must be tags; if not, the layout is that of words alone, as the first of them has it.
    """
    rows = [line for line in lines if not _is_apart(line)]
    if not rows:
        return None
    tabs = sum("\t" in line.strip() for line in rows) * 2 > len(rows)
    cells = [_cells(line, tabs) for line in rows]
    if tabs:
        cells = _without_comments(cells)
    size = len(cells[0])
    if not tagged:
        return Layout(size, 0 if word is None else word - 1, None, tabs)
    if tabs and size == 10 and tag is None and re.fullmatch(r"1([-.]\d+)?", cells[0][0]):
        return Layout(10, 1 if word is None else word - 1, None, True, misc_key(rows))
    place = size - 1 if tag is None else tag % size if tag < 0 else tag - 1
    if size < 2:
        return None
    tags = [row[min(place, size - 1)] for row in cells if len(row) == size]
    # Bare labels are told by the words between them; a broken line is for the reader to refuse, with its number.
    looks = (
        sum(_TAG.fullmatch(each) is not None for each in tags) * 10 >= len(cells) * 9
        or tags.count("O") * 3 >= len(cells)
        or any(_is_mark(line) for line in lines)
        or tag is not None
    )
    return Layout(size, 0 if word is None else word - 1, place, tabs) if looks else None


def misc_key(lines: Iterable[str], trained: str | None = None) -> str:
    """Return the key that a CoNLL-U file has its tags under, looking at all of it; empty if there is none.

    Args:
        lines: The lines.
        trained: The key of the training file, preferred where this file has it too.
    """
    found: set[str] = set()
    for line in lines:
        last = line.rstrip("\r\n").rpartition("\t")[2]
        if "=" in last and not line.startswith("#"):
            found.update(part.partition("=")[0] for part in last.split("|") if "=" in part)
    return next((key for key in (trained, *MISC_KEYS) if key and key in found), "")


def sentences(lines: Iterable[str], layout: Layout, where: str) -> Iterator[Sentence]:
    """Yield the sentences of a file in columns.

    Lines that are empty or hold white space alone end a sentence, as `-DOCSTART-` lines and comments do.

    Raises:
        UserError: A line has another number of columns, or no word, with its line.
    """
    held: list[tuple[str, str, int]] = []
    for number, line in enumerate(lines, start=1):
        line = line.removeprefix("\ufeff") if number == 1 else line
        if _is_apart(line, layout, begins=not held):
            if held:
                yield _sentence(held, layout)
                held = []
            continue
        cells = _cells(line, layout.tabs)
        if len(cells) != layout.columns:
            what = f"{len(cells)} column{'s' * (len(cells) != 1)} where the first line has {layout.columns}"
            fix = "give every line the same columns, set apart by " + ("tabs" if layout.tabs else "spaces")
            raise UserError(what, where=where, line=number, fix=fix)
        if layout.misc is not None and not cells[0].isdecimal():
            # The words of a contraction follow one by one, and empty nodes are no words.
            continue
        word = cells[layout.word]
        if not word:
            raise UserError("an empty word", where=where, line=number, fix="give the word or take the line out")
        held.append((word, _tag(cells, layout), number))
    if held:
        yield _sentence(held, layout)


def _sentence(held: Sequence[tuple[str, str, int]], layout: Layout) -> Sentence:
    tagged = layout.tag is not None or bool(layout.misc)
    tags = [tag for _, tag, _ in held] if tagged else None
    return Sentence([word for word, _, _ in held], tags, [line for _, _, line in held])


def _tag(cells: Sequence[str], layout: Layout) -> str:
    if layout.misc:
        pairs = dict(part.partition("=")[::2] for part in cells[-1].split("|"))
        return pairs.get(layout.misc, "O") or "O"
    return "" if layout.tag is None else cells[layout.tag]


def _cells(line: str, tabs: bool) -> list[str]:
    line = line.rstrip("\r\n")
    if tabs:
        return [cell.strip(" ") for cell in line.split("\t")]
    # Only blanks set columns apart: a no-break or ideographic space may be a word.
    return re.split(r"[ \t]+", line.strip(" \t"))


def _without_comments(cells: list[list[str]]) -> list[list[str]]:
    """Leave out rows that begin with a lone `#` and have fewer columns than the others, as GermEval has its sources."""
    others = [len(row) for row in cells if row[0] != "#"]
    return [row for row in cells if row[0] != "#" or len(row) >= others[0]] if others else cells


def _is_mark(line: str) -> bool:
    return line.split(maxsplit=1)[:1] == [_MARK]


def _is_apart(line: str, layout: Layout | None = None, *, begins: bool = True) -> bool:
    """Tell whether a line is no word: blank, the mark of a document, or a comment where a sentence begins."""
    if not line.strip() or _is_mark(line):
        return True
    if not begins or not line.startswith("#"):
        return False
    if layout is None:
        return _COMMENT.match(line) is not None
    cells = _cells(line, layout.tabs)
    if len(cells) == layout.columns and (layout.tag is None or _TAG.fullmatch(cells[layout.tag])):
        # A hashtag, or the sign itself, with all that a word has.
        return False
    if line.startswith("# ") or _COMMENT.match(line) is not None:
        return True
    return len(cells) < layout.columns and (len(cells) == 1 or (layout.tabs and cells[0] == "#"))
