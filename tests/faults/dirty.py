"""Files as people have them: clean rows in every format a task reads, and what happens to files.

Not a test. Each fault takes the lines of a clean file and gives the bytes of a spoilt one.
"""

from __future__ import annotations

import gzip
import json
import lzma
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

ROWS, BAD = 40, 20
"""Rows of a file, and the one that is spoilt, from 0."""
COLOURS = ("red", "green", "blue", "white", "black")


def text(row: int) -> str:
    return f"the {COLOURS[row % 5]} mill number {row} turned in the wind"


@dataclass(frozen=True)
class Format:
    """A format of a task.

    Attributes:
        task: The plugin's name.
        name: The file's.
        header: Lines before the first row.
        row: The lines of a row.
        kind: How its lines are written: `table`, `json`, `columns` or `text`.
        beside: The name and lines of a file that belongs to it.
        settings: Of the task.
    """

    task: str
    name: str
    row: Callable[[int], list[str]]
    kind: str
    header: tuple[str, ...] = ()
    beside: tuple[str, Callable[[int], str]] | None = None
    settings: tuple[tuple[str, object], ...] = ()

    def lines(self) -> list[str]:
        return [*self.header, *(line for row in range(ROWS) for line in self.row(row))]

    def line_of(self, row: int) -> int:
        """Return the number of a row's first line, from 1."""
        return 1 + len(self.header) + sum(len(self.row(each)) for each in range(row))


def _json(make):
    return lambda row: [json.dumps(make(row), ensure_ascii=False)]


def _qa(row: int) -> dict[str, object]:
    return {
        "id": f"q{row}",
        "question": "Which mill?",
        "context": text(row),
        "answer": "mill",
        "answer_start": text(row).index("mill"),
    }


def _label(row: int) -> str:
    return ("good", "bad")[row % 2]


FORMATS = [
    Format("classification", "rows.tsv", lambda row: [f"{text(row)}\t{_label(row)}"], "table", ("text\tlabel",)),
    Format("sentiment", "rows.csv", lambda row: [f"{text(row)},{_label(row)}"], "table", ("text,label",)),
    Format("sentiment", "rows.jsonl", _json(lambda row: {"text": text(row), "label": _label(row)}), "json"),
    Format("ner", "rows.conll", lambda row: ["Ana B-PER", "Silva I-PER", f"saw{row} O", ""], "columns"),
    Format("ner", "rows.jsonl", _json(lambda row: {"text": f"Ana saw mill {row}", "entities": [{"start": 0, "end": 3, "label": "PER"}]}), "json"),
    Format("qa", "rows.jsonl", _json(_qa), "json"),
    Format("qa", "rows.tsv", lambda row: [f"Which mill?\t{text(row)}\tmill"], "table", ("question\tcontext\tanswer",)),
    Format("translation", "train.en", lambda row: [text(row)], "text", beside=("train.de", lambda row: f"die Mühle {row} drehte sich")),
    Format("translation", "rows.tsv", lambda row: [f"{text(row)}\tdie Mühle {row} drehte sich"], "table", ("en\tde",)),
    Format("translation", "rows.jsonl", _json(lambda row: {"en": text(row), "de": f"die Mühle {row}"}), "json"),
    Format("generation", "rows.txt", lambda row: [text(row)], "text", settings=(("documents", "line"),)),
    Format("generation", "rows.jsonl", _json(lambda row: {"prompt": text(row), "completion": f"mill {row}"}), "json"),
]  # fmt: skip

READ, REPAIRED = "all rows are read", "all rows are read, and what was put right is counted"
REFUSED, LINE = "refused", "refused, with the line"


def _in_row(change: Callable[[bytes], bytes]):
    """Change the first line of one row."""

    def spoil(form: Format) -> bytes:
        lines = [line.encode() for line in form.lines()]
        place = form.line_of(BAD) - 1
        lines[place] = change(lines[place])
        return b"\n".join(lines) + b"\n"

    return spoil


def _whole(change: Callable[[str], bytes]):
    return lambda form: change("\n".join(form.lines()) + "\n")


def _within(what: str):
    """Put something into a text, after the first letter that is not the syntax's."""
    return _in_row(
        lambda line: (
            line.replace(b"mill", b"mi" + what.encode() + b"ll")
            .replace(b"Silva", b"Si" + what.encode() + b"lva")
            .replace(b"Ana B", b"An" + what.encode() + b"a B")
        )
    )


def _json_only(change: Callable[[dict], dict]):
    return _in_row(lambda line: json.dumps(change(json.loads(line))).encode())


def _without_text(data):
    text = next(name for name in data if name != "id")
    return {name: value for name, value in data.items() if name != text}


def _first_text(value: object):
    return lambda data: {**data, next(name for name in data if name != "id"): value}


def _truncated_gzip(content: str) -> bytes:
    return gzip.compress(content.encode())[:-20]


ANY = ("table", "json", "columns", "text")
FAULTS: dict[str, tuple[Callable[[Format], bytes], str, tuple[str, ...]]] = {
    "a byte-order mark": (_whole(lambda s: b"\xef\xbb\xbf" + s.encode()), READ, ANY),
    "UTF-16, little end first, with its mark": (_whole(lambda s: b"\xff\xfe" + s.encode("utf-16le")), READ, ANY),
    "UTF-16, big end first, with its mark": (_whole(lambda s: b"\xfe\xff" + s.encode("utf-16be")), READ, ANY),
    "UTF-32 with its mark": (_whole(lambda s: s.encode("utf-32")), READ, ANY),
    "UTF-16 without a mark": (_whole(lambda s: s.encode("utf-16le")), REFUSED, ANY),
    "a byte of Latin-1": (_in_row(lambda line: line.replace(b"m", b"\xe9", 1).replace(b"A", b"\xc9", 1)), LINE, ANY),
    "a NUL byte": (_within("\0"), LINE, ANY),
    "half a character of UTF-16": (_in_row(lambda line: line.replace(b"m", b"\xed\xa0\x80", 1).replace(b"A", b"\xed\xa0\x80", 1)), LINE, ANY),
    "a character cut short": (_in_row(lambda line: line.replace(b"m", b"\xe2\x82", 1).replace(b"A", b"\xe2\x82", 1)), LINE, ANY),
    "U+2028 in a line": (_within("\u2028"), READ, ANY),
    "U+0085 in a line": (_within("\x85"), READ, ANY),
    "a vertical tab, a form feed, a file separator": (_within("\x0b\x0c\x1c"), READ, ("table", "text")),
    "a lone carriage return in a text": (_within("\r"), READ, ("text",)),
    "escapes of a terminal": (_within("\x1b[31m\x1b]52;c;aGk=\x07"), READ, ("table", "text", "columns")),
    "marks that turn the direction": (_within("\u202e\u2066"), READ, ANY),
    "characters beyond the first plane": (_within("\U0001f600"), READ, ANY),
    "markup": (_within("[bold red]x[/]"), READ, ("table", "text", "json")),
    "a zero-width joiner and a combining mark": (_within("\u200d\u0301"), READ, ANY),
    "a line of 5 MB": (_within("x" * 5_000_000), READ, ("table", "text", "json")),
    "\\r\\n at the ends of lines": (_whole(lambda s: s.replace("\n", "\r\n").encode()), READ, ANY),
    "no end of the last line": (_whole(lambda s: s.rstrip("\n").encode()), READ, ANY),
    "empty lines at the end": (_whole(lambda s: (s + "\n\n\n").encode()), READ, ("table", "json", "columns")),
    "empty lines between": (_whole(lambda s: s.replace("\n", "\n\n").encode()), READ, ("json", "table")),
    "an empty file": (lambda form: b"", REFUSED, ANY),
    "empty lines alone": (lambda form: b"\n\n \n", REFUSED, ANY),
    "a header and no rows": (lambda form: "\n".join(form.header).encode() + b"\n", REFUSED, ("table",)),
    "noise": (lambda form: bytes(range(256)) * 20, REFUSED, ANY),
    "a zip archive": (lambda form: b"PK\x03\x04" + bytes(100), REFUSED, ANY),
    "a Parquet file of another name": (lambda form: b"PAR1" + bytes(100), REFUSED, ANY),
    "gzip, under the name of plain text": (_whole(lambda s: gzip.compress(s.encode())), READ, ANY),
    "xz, under the name of plain text": (_whole(lambda s: lzma.compress(s.encode())), READ, ANY),
    "gzip, cut short": (_whole(_truncated_gzip), REFUSED, ANY),
    "gzip, with a flipped bit": (_whole(lambda s: bytes(byte ^ (64 * (place == 40)) for place, byte in enumerate(gzip.compress(s.encode())))), REFUSED, ANY),
    "a quote that is never closed": (_in_row(lambda line: b'"' + line), LINE, ("table",)),
    "a field too few": (_in_row(lambda line: line.replace(b"\t", b" ").replace(b",", b" ")), LINE, ("table",)),
    "a field too many": (_in_row(lambda line: line + (b"\tx" if b"\t" in line else b",x")), LINE, ("table",)),
    "one name for two columns": (_whole(lambda s: s.replace(s.split("\n")[0], s.split("\n")[0].replace(s.split("\n")[0].replace(",", "\t").split("\t")[1], s.split("\n")[0].replace(",", "\t").split("\t")[0]), 1).encode()), REFUSED, ("table",)),
    "an empty last field": (_in_row(lambda line: line[: line.rindex(b"\t" if b"\t" in line else b",") + 1]), LINE, ("table",)),
    "a line that is no JSON": (_in_row(lambda line: line[:-5]), LINE, ("json",)),
    "JSON of another kind": (_in_row(lambda line: b'["a", "b"]'), LINE, ("json",)),
    "JSON nested without end": (_in_row(lambda line: b'{"text": ' + b"[" * 100_000), LINE, ("json",)),
    "two objects in a line": (_in_row(lambda line: line + line), LINE, ("json",)),
    "half a character in JSON": (_in_row(lambda line: line.replace(b"m", b"\\ud800", 1)), LINE, ("json",)),
    "a text that is a number": (_json_only(_first_text(5)), LINE, ("json",)),
    "a text that is null": (_json_only(_first_text(None)), LINE, ("json",)),
    "a text that is a list": (_json_only(_first_text(["a"])), LINE, ("json",)),
    "a text that is missing": (_json_only(_without_text), LINE, ("json",)),
    "NaN": (_in_row(lambda line: b'{"text": NaN, "label": NaN, "prompt": NaN, "en": NaN, "de": NaN, "question": NaN, "context": NaN}'), LINE, ("json",)),
    "a number of 5,000 digits": (_in_row(lambda line: b'{"text": ' + b"9" * 5000 + b"}"), LINE, ("json",)),
    "a column too few": (_in_row(lambda line: b"Ana"), LINE, ("columns",)),
    "a column too many": (_in_row(lambda line: line + b" x y"), LINE, ("columns",)),
    "a tag of no scheme": (_in_row(lambda line: b"Ana Q-PER"), LINE, ("columns",)),
    "a tag without a kind": (_in_row(lambda line: b"Ana B-"), LINE, ("columns",)),
    "tags of another scheme": (_in_row(lambda line: b"Ana S-PER"), REPAIRED, ("columns",)),
}  # fmt: skip


OTHERWISE = {
    # A text to learn from may hold anything that is text.
    ("a NUL byte", "rows.txt"): READ,
    # A quote is a character in TSV where nothing closes it.
    ("a quote that is never closed", "classification"): READ,
    ("a quote that is never closed", "qa"): READ,
    ("a quote that is never closed", "translation"): READ,
    # No answer is one, too.
    ("an empty last field", "qa"): READ,
    # It is written as people would write it.
    ("a text that is a number", "generation"): READ,
}


def _offsets(start: object, answer: str = "mill"):
    return lambda data: {**data, "answer": answer, "answer_start": start}


def _entity(start: int, end: int):
    return lambda data: {**data, "entities": [{"start": start, "end": end, "label": "PER"}]}


OWN: dict[str, tuple[str, str, Callable[[Format], bytes], str]] = {
    "an offset that is not the answer's": ("qa", "rows.jsonl", _json_only(_offsets(3)), REPAIRED),
    "an offset below zero": ("qa", "rows.jsonl", _json_only(_offsets(-4)), REPAIRED),
    "an offset beyond the text": ("qa", "rows.jsonl", _json_only(_offsets(10_000)), REPAIRED),
    "an offset that is text": ("qa", "rows.jsonl", _json_only(_offsets("x")), LINE),
    "an answer that is not in the text": ("qa", "rows.jsonl", _json_only(_offsets(None, "castle")), LINE),
    "a span that ends before it begins": ("ner", "rows.jsonl", _json_only(_entity(3, 1)), LINE),
    "a span beyond the text": ("ner", "rows.jsonl", _json_only(_entity(0, 10_000)), LINE),
    "a span below zero": ("ner", "rows.jsonl", _json_only(_entity(-3, 2)), LINE),
    "spans that overlap": (
        "ner",
        "rows.jsonl",
        _json_only(
            lambda data: {
                **data,
                "entities": [{"start": 0, "end": 5, "label": "PER"}, {"start": 2, "end": 7, "label": "LOC"}],
            }
        ),
        LINE,
    ),
    "a line too few beside its translation": (
        "translation",
        "train.en",
        lambda form: "\n".join(form.lines()[:-1]).encode() + b"\n",
        REFUSED,
    ),
    "an empty source": ("translation", "train.en", _in_row(lambda line: b""), LINE),
}


def cases():
    """Yield name, format, bytes and what must come of it, for every fault and every format that it can befall."""
    for fault, (spoil, outcome, kinds) in FAULTS.items():
        for form in FORMATS:
            if form.kind in kinds:
                yield fault, form, spoil, OTHERWISE.get((fault, form.name), OTHERWISE.get((fault, form.task), outcome))
    for fault, (task, name, spoil, outcome) in OWN.items():
        yield fault, next(form for form in FORMATS if (form.task, form.name) == (task, name)), spoil, outcome
