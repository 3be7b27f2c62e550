"""What separates documents in plain text, found by looking at the beginnings of the files."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from nlpsuite.text.sources import some
from nlpsuite.text.stream import head_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nlpsuite.text.documents import DocumentMode
    from nlpsuite.text.sources import Source

# A novel of a corpus with a blank line between novels may well be longer than 1 MB.
LOOK_BYTES = 4_000_000
# Of more files than this only so many are looked at, and the likeliest mode is taken for all.
LOOK_FILES = 16
# From so many files on, when most are small, each is one document.
MANY_FILES = 8
SMALL_FILE = 1_000_000

_BLANK_LINE = re.compile(rb"\n[ \t\r\f\v]*\n")
_SENTENCE_END = (".", "!", "?", "。", "！", "？", "…", '"', "”", "」", ")", "）", ":", ";")
_WORDS: dict[DocumentMode, str] = {
    "blank": "separated by blank lines",
    "line": "one a line",
    "file": "one a file",
    "record": "one a record",
}


@dataclass(frozen=True, slots=True)
class Modes:
    """The mode of each source, by its name, and how it was come by.

    Attributes:
        by_name: Mode of each source.
        found: Whether it was found by looking, not asked for.
        looked_at: How many files were looked at.
    """

    by_name: dict[str, DocumentMode] = field(default_factory=dict)
    found: bool = False
    looked_at: int = 0

    def of(self, source: Source) -> DocumentMode:
        """Give the mode of a source."""
        return self.by_name[source.name]

    def sentences(self) -> list[str]:
        """Say what separates documents, one line for each mode."""
        lines = []
        n_plain = sum(mode != "record" for mode in self.by_name.values())
        for mode in sorted(set(self.by_name.values())):
            names = [name for name, its in self.by_name.items() if its == mode]
            how = ""
            if self.found and mode != "record":
                looked = f" at {self.looked_at} of the files" if self.looked_at < n_plain else ""
                how = f"; found by looking{looked}, --documents blank|line|file overrides"
            lines.append(f"documents: {_WORDS[mode]} ({some(names)}){how}")
        return lines


def decide_modes(sources: Sequence[Source], asked: Literal["auto", "blank", "line", "file"]) -> Modes:
    """Decide for every source how its documents are separated.

    Records of JSON Lines and Parquet are documents. Plain text is cut as asked. For `auto`, up to 16 files are looked at.
    Where there are 8 or more, most of them smaller than 1 MB, each file is a document. Else each file is cut as
    `detect_mode` finds; of more than 16 files, all are cut as most of those looked at.

    Raises:
        UserError: A file that is looked at is binary, damaged or not UTF-8.
    """
    modes: dict[str, DocumentMode] = {source.name: "record" for source in sources if source.kind != "text"}
    plain = [source for source in sources if source.kind == "text"]
    if asked != "auto" or not plain:
        return Modes(modes | {source.name: asked for source in plain if asked != "auto"})
    step = max(1, -(-len(plain) // LOOK_FILES))
    looked = plain[::step]
    heads = {source.name: head_of(source, LOOK_BYTES) for source in looked}
    n_small = sum(whole and len(head) < SMALL_FILE for head, whole in heads.values())
    if len(plain) >= MANY_FILES and 2 * n_small > len(looked):
        return Modes(modes | {source.name: "file" for source in plain}, True, len(looked))
    found = {name: _mode_of_text(head, whole=whole) for name, (head, whole) in heads.items()}
    if len(looked) < len(plain):
        likeliest = Counter(found.values()).most_common(1)[0][0]
        found = {source.name: likeliest for source in plain}
    return Modes(modes | found, True, len(looked))


def detect_mode(source: Source) -> tuple[DocumentMode, str]:
    """Find how the documents of one source are separated, by its first 4 MB.

    JSON Lines and Parquet: one a record. Else, where there is a blank line between text: by blank lines. Else, with one
    line, or with lines that look wrapped to a width: the file is one document. Else: one a line. Lines look wrapped
    when 95 % of them have at most 120 characters, half have at least four fifths of that width, and fewer than half end
    a sentence.

    Returns:
        The mode, and a sentence that says it.

    Raises:
        UserError: The source is binary, damaged or not UTF-8.
    """
    modes = decide_modes([source], "auto")
    return modes.of(source), modes.sentences()[0]


def _mode_of_text(head: bytes, *, whole: bool) -> DocumentMode:
    text = head.strip()
    if _BLANK_LINE.search(text):
        return "blank"
    lines = text.decode(errors="replace").split("\n")
    if not whole and len(lines) > 1:
        lines.pop()
    if len(lines) == 1:
        return "file"
    return "file" if _looks_wrapped(lines) else "line"


def _looks_wrapped(lines: Sequence[str]) -> bool:
    stripped = [line.rstrip() for line in lines]
    lengths = sorted(map(len, stripped))
    wide, median = lengths[int(0.95 * (len(lengths) - 1))], lengths[len(lengths) // 2]
    n_ends = sum(line.endswith(_SENTENCE_END) for line in stripped)
    return wide <= 120 and 5 * median >= 4 * wide and 2 * n_ends < len(lines)
