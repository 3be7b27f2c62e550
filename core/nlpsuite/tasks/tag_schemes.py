"""Tags of words and the spans they stand for: IOB1, IOB2, BIOES, BMES, BILOU and IO, told apart by looking.

A tag is `O` or a letter and a label, `B-PER`; the letters may be small. Where all entities are of one kind, letters may stand
alone: `B`, `I`, `O`. One rule reads the valid tags of every scheme, and
repairs those that are not: that of the CoNLL shared tasks' `conlleval` (Tjong Kim Sang and De Meulder 2003), where a tag that
cannot go on with a span begins one.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

SchemeName = Literal["IOB1", "IOB2", "BIOES", "BMES", "BILOU", "IO"]
SCHEME_NAMES: tuple[str, ...] = get_args(SchemeName)
OUTSIDE = "O"
ONLY_LABEL = "ENTITY"
"""What entities are labelled where tags are letters alone."""
_OUTSIDE = (OUTSIDE, "o")

_TAG = re.compile(r"([BIESMLUbiesmlu])([-_])(.+)", re.DOTALL)
_ALONE = frozenset("BIESMLUbiesmlu")
_SMALL = re.compile(r"o|[biesmlu]|[biesmlu][-_].+", re.DOTALL)
# What each scheme calls the first, an inner, the last and the only word of a span.
_LETTERS = {"IOB2": "BIIB", "BIOES": "BIES", "BMES": "BMES", "BILOU": "BILU", "IO": "IIII"}
_SAME = {"M": "I", "L": "E", "U": "S"}


class Span(NamedTuple):
    """Words (or characters) `start` to `end` - 1 are one entity of this label."""

    start: int
    end: int
    label: str


@dataclass(frozen=True, slots=True)
class Scheme:
    """How spans are written as tags.

    Attributes:
        name: Which letters stand where.
        separator: What stands between letter and label, `-` or `_`; empty where tags are bare labels without letters (IO), or
            letters without labels (all others).
    """

    name: SchemeName = "IOB2"
    separator: str = "-"

    def __str__(self) -> str:
        if self.separator:
            return self.name
        return (
            f"{self.name} without letters" if self.name == "IO" else f"{self.name} without labels, called {ONLY_LABEL}"
        )

    def parse(self, tag: str) -> tuple[str, str]:
        """Return the letter of a tag, one of O, B, I, E, S, and its label.

        Raises:
            ValueError: It is no tag.
        """
        if tag in _OUTSIDE:
            return OUTSIDE, ""
        if not self.separator:
            if self.name == "IO":
                return "I", tag
            if tag not in _ALONE:
                raise ValueError(tag)
            return _SAME.get(tag.upper(), tag.upper()), ONLY_LABEL
        match = _TAG.fullmatch(tag)
        if match is None:
            raise ValueError(tag)
        letter = match[1].upper()
        return _SAME.get(letter, letter), match[3]

    def spans(self, tags: Iterable[str]) -> list[Span]:
        """Return the spans that tags stand for, by conlleval's rule.

        Raises:
            ValueError: One is no tag.
        """
        spans: list[Span] = []
        start, last, label_before = -1, OUTSIDE, ""
        number = -1
        for number, tag in enumerate(tags):
            letter, label = self.parse(tag)
            begins = letter in "BS" or label != label_before or last in "OES"
            if start >= 0 and (letter == OUTSIDE or begins):
                spans.append(Span(start, number, label_before))
                start = -1
            if letter != OUTSIDE and begins:
                start = number
            last, label_before = letter, label
        if start >= 0:
            spans.append(Span(start, number + 1, label_before))
        return spans

    def tags(self, spans: Iterable[Span], length: int) -> list[str]:
        """Return the tags of `length` words with these spans, which must not overlap; in IO, spans that touch run together."""
        tags = [OUTSIDE] * length
        before = Span(0, -1, "")
        for span in sorted(spans):
            for place, letter in enumerate(self._letters(span, before), start=span.start):
                tags[place] = self._tag(letter, span.label)
            before = span
        return tags

    def _tag(self, letter: str, label: str) -> str:
        if self.separator:
            return f"{letter}{self.separator}{label}"
        return label if self.name == "IO" else letter

    def _letters(self, span: Span, before: Span) -> str:
        if self.name == "IOB1":
            touching = before.end == span.start and before.label == span.label
            letters = "BIIB" if touching else "IIII"
        else:
            letters = _LETTERS[self.name]
        length = span.end - span.start
        return letters[3] if length == 1 else letters[0] + letters[1] * (length - 2) + letters[2]

    def invalid(self, tags: Sequence[str]) -> list[int]:
        """Return the places in a sentence of tags that may not stand there, which conlleval's rule reads all the same.

        Where a span is not ended as its scheme asks, it is the place of what follows it, or of the last word.

        Raises:
            ValueError: One is no tag.
        """
        parsed = [(OUTSIDE, ""), *(self.parse(tag) for tag in tags), (OUTSIDE, "")]
        wrong = [place for place, pair in enumerate(pairwise(parsed)) if not self._may_follow(*pair)]
        return [min(place, len(tags) - 1) for place in wrong]

    def _may_follow(self, before: tuple[str, str], after: tuple[str, str]) -> bool:
        if self.name == "IO":
            return True
        inside = before[0] in "BI" and before[1] == after[1]
        if self.name == "IOB2":
            return after[0] != "I" or inside
        if self.name == "IOB1":
            return after[0] != "B" or inside
        return (inside and after[0] in "IE") if before[0] in "BI" else after[0] not in "IE"


class SchemeFinder:
    """Looks at the tags of a whole file and says which scheme they are in.

    Small letters, `b-per` and `o`, are those of tags if all tags of the file can be read so, or if others have large ones;
    else `b-per` is a bare label. A lone `o` is never a label. Tags that are all of them such letters alone, a `B` among them, are
    no labels either.
    """

    def __init__(self) -> None:
        self._letters: Counter[str] = Counter()
        self._separators: Counter[str] = Counter()
        self._bare: set[str] = set()
        self._large = False
        self._small: Counter[str] = Counter()
        self._begun_by: Counter[str] = Counter()
        # The same of letters alone.
        self._alone: Counter[str] = Counter()
        self._alone_begun_by: Counter[str] = Counter()

    def add(self, tags: Iterable[str]) -> None:
        """Look at the tags of a sentence."""
        before = (OUTSIDE, "")
        for tag in tags:
            match = None if tag in _OUTSIDE else _TAG.fullmatch(tag)
            if _SMALL.fullmatch(tag):
                self._small[tag] += 1
            if match is not None:
                letter = match[1].upper()
                self._large = self._large or letter == match[1]
                self._letters[letter] += 1
                self._separators[match[2]] += 1
                if before[0] == OUTSIDE or before[1] != match[3]:
                    self._begun_by[letter] += 1
                before = (letter, match[3])
            else:
                if tag not in _OUTSIDE:
                    self._bare.add(tag)
                if tag in _ALONE:
                    self._alone[tag.upper()] += 1
                    if before[0] == OUTSIDE:
                        self._alone_begun_by[tag.upper()] += 1
                before = (tag.upper() if tag in _ALONE else OUTSIDE, "")

    @staticmethod
    def is_bare(tag: str) -> bool:
        """Whether a tag is neither `O` nor a letter and a label, in any case."""
        return tag not in _OUTSIDE and _TAG.fullmatch(tag) is None

    def find(self) -> Scheme:
        """Return the scheme; where there are large letters, bare tags are for the caller to refuse."""
        if self._bare and not self._large:
            alone = not self._letters and self._bare <= _ALONE and "B" in self._alone
            return Scheme(_name(self._alone, self._alone_begun_by), "") if alone else Scheme("IO", "")
        if not self._letters:
            return Scheme()
        separator = max(sorted(self._separators), key=self._separators.__getitem__)
        return Scheme(_name(self._letters, self._begun_by), separator)

    def small(self) -> Counter[str]:
        """Return the tags that have a small letter where `find` reads a large one, with their numbers."""
        found = self.find()
        labels = not found.separator and found.name == "IO"
        return Counter({tag: count for tag, count in self._small.items() if tag == "o" or not labels})


def _name(counts: Mapping[str, int], begun_by: Counter[str]) -> SchemeName:
    letters = set(counts)
    if "M" in letters:
        return "BMES"
    if letters & {"L", "U"}:
        return "BILOU"
    if letters & {"E", "S"}:
        return "BIOES"
    if "B" not in letters:
        return "IO"
    # In IOB1 a span begins with I unless it touches one of its label; in IOB2 always with B.
    return "IOB1" if begun_by["I"] > begun_by["B"] else "IOB2"
