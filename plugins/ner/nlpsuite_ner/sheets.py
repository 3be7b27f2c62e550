"""Words and tags, or texts to predict, in CSV and TSV with a header: a word a row, a column that numbers the sentences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from nlpsuite.api import CONLL_SUFFIXES, UserError, data_suffix, normal_name, read_table
from nlpsuite_ner.items import Item

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from nlpsuite_ner import NerSettings

SENTENCES = (
    *(
        "sentence_id",
        "sentence_#",
        "sentence#",
        "sentence_idx",
        "sentence_number",
        "sentence_no",
        "sent_id",
        "sent_idx",
    ),
    *("sentid", "sentenceid", "sentence", "sent"),
)
WORDS = ("words", "word", "tokens", "token")
TAGS = ("labels", "label", "tags", "tag", "ner_tags", "ner_tag", "ner", "entity", "entities")
TEXTS = (
    "text",
    "sentence",
    "content",
    "texts",
    "sentences",
    "document",
    "message",
    "comment",
    "review",
    "tweet",
    "body",
)
EXAMPLES = (
    {"sentence": "sentence_id", "word": "words", "tag": "labels"},
    {"sentence": "1", "word": "Paris", "tag": "B-LOC"},
)
"""A header and a row, as errors show them."""
_KNOWN = frozenset((*SENTENCES, *WORDS, *TAGS, *TEXTS))


@dataclass(frozen=True, slots=True)
class Sheet:
    """A file with a header, and which of its columns are read.

    Attributes:
        path: The file.
        columns: All of its columns.
        sentence: The column that numbers sentences; a cell left empty goes on with the sentence above it.
        word: The column of words; None where rows are texts.
        tag: The column of tags, if there is one.
        text: The column of texts to predict; None where rows are words.
    """

    path: Path
    columns: Sequence[str]
    sentence: str | None = None
    word: str | None = None
    tag: str | None = None
    text: str | None = None

    def __str__(self) -> str:
        read = f"texts in `{self.text}`"
        if self.text is None:
            tags = f"tags in `{self.tag}`" if self.tag else "no tags"
            read = f"sentences by `{self.sentence}`, words in `{self.word}`, {tags}"
        unused = [f"`{name}`" for name in self.columns if name not in (self.sentence, self.word, self.tag, self.text)]
        return f"{self.path}: a table; {read}" + (f"; not used: {', '.join(unused)}" if unused else "")

    def items(self, _: Iterable[str]) -> Iterator[Item]:
        """Yield the rows; the file is opened anew, since a row of it may be several lines.

        Raises:
            UserError: A word is missing, or a sentence goes on after another.
        """
        table = read_table(self.path, known=_KNOWN, header=True)
        if self.text is not None:
            for record in table:
                identity = {"id": record.values["id"]} if "id" in self.columns and self.text != "id" else {}
                yield Item({"text": record.values[self.text]}, record.line, identity=identity)
            return
        words: list[tuple[str, str, int]] = []
        now, seen = "", set[str]()
        for record in table:
            number = record.values[self.sentence or ""].strip()
            if words and number and number != now:
                yield self._item(words)
                words = []
            if number and number != now:
                if number in seen:
                    what = f"sentence `{number}` goes on after another"
                    fix = "put its words together, and give each sentence a number of its own"
                    raise UserError(what, where=self.path, line=record.line, fix=fix)
                seen.add(number)
                now = number
            word = record.values[self.word or ""].strip()
            if not word:
                fix = "give the word or take the row out"
                raise UserError("an empty word", where=self.path, line=record.line, fix=fix)
            words.append((word, record.values[self.tag].strip() if self.tag else "", record.line))
        if words:
            yield self._item(words)

    def _item(self, words: Sequence[tuple[str, str, int]]) -> Item:
        lines = [line for _, _, line in words]
        tags = [tag for _, tag, _ in words] if self.tag else None
        return Item({"tokens": [word for word, _, _ in words]}, lines[0], tags, lines)


def find_sheet(path: Path, first: str, settings: NerSettings, *, predict: bool) -> Sheet | None:
    """Return how a table with a header is read; None if the file is none. CSV is one by its name, others by their header.

    Args:
        path: The file.
        first: Its first line that is not blank.
        settings: May name the columns of words and tags.
        predict: Whether texts alone will do, or words without tags.

    Raises:
        UserError: It is CSV, and its columns do not tell.
    """
    suffix = data_suffix(path)
    if suffix in CONLL_SUFFIXES:
        return None
    if suffix != ".csv":
        names = {normal_name(cell.strip().strip('"')) for cell in first.removeprefix("\ufeff").split("\t")}
        words = names & set(WORDS) and names & set(SENTENCES)
        if len(names) < 2 or not (words or (predict and names & set(TEXTS))):
            return None
    columns = read_table(path, known=_KNOWN, header=True).columns
    word = _named(columns, WORDS, settings.word)
    tag = _named([name for name in columns if name != word], TAGS, None)
    if settings.tag is not None:
        tag = _named(columns, (), settings.tag)
    sentence = _named(columns, SENTENCES, None)
    if word and sentence and (tag or predict):
        return Sheet(path, columns, sentence, word, tag)
    text = _named(columns, TEXTS, None)
    if text and predict:
        return Sheet(path, columns, text=text)
    named = ", ".join(f"`{name}`" for name in columns[:8])
    needed = "column of texts" if predict else "columns of sentence numbers, words and tags"
    fix = "name the texts `text`" if predict else "name them sentence_id, words and labels"
    conll = "or write CoNLL, in a file named .conll: `Paris B-LOC` a line and an empty line after each sentence"
    raise UserError(f"no {needed} among {named}", where=path, line=1, fix=f"{fix}, {conll}")


def _named(columns: Sequence[str], names: Sequence[str], chosen: int | None) -> str | None:
    """Return the column that is chosen by its number, else the one with the first of the names that is there."""
    if chosen is not None:
        place = chosen - 1 if chosen > 0 else chosen + len(columns)
        return columns[place] if 0 <= place < len(columns) else None
    by_name = {normal_name(column): column for column in reversed(columns)}
    return next((by_name[name] for name in names if name in by_name), None)
