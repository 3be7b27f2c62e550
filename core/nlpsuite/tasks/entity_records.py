"""Rows of entities in JSON Lines: a text with spans of characters, or words with a tag each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from nlpsuite.errors import UserError
from nlpsuite.tasks.char_spans import refuse_half_characters
from nlpsuite.tasks.tag_schemes import Span

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

TEXT_KEYS = ("text", "sentence", "content")
WORD_KEYS = ("tokens", "words")
TAG_KEYS = ("tags", "ner_tags", "labels", "ner")
ENTITY_KEYS = ("entities", "spans", "label", "labels", "ents")
_START_KEYS = ("start", "start_offset", "begin", "start_char")
_END_KEYS = ("end", "end_offset", "stop", "end_char")
_LABEL_KEYS = ("label", "type", "tag", "entity_group")


@dataclass(frozen=True, slots=True)
class EntityRecord:
    """One row.

    Attributes:
        text: The text, or None where words are given.
        words: The words, or None where a text is given.
        tags: The tag of each word, or None.
        spans: The entities of the text, in order, or None where the row does not say.
        trimmed: How many spans had white space at their ends, which was taken away.
        keys: The keys that were read: of the text or words, and of the tags or entities, if there are any.
    """

    text: str | None = None
    words: list[str] | None = None
    tags: list[str] | None = None
    spans: list[Span] | None = None
    trimmed: int = 0
    keys: tuple[str, ...] = field(default=(), compare=False)


def read_record(values: Mapping[str, Any], where: str | Path, line: int) -> EntityRecord:
    """Read one object.

    Raises:
        UserError: It has neither text nor words, or its tags or spans do not fit them.
    """

    def wrong(what: str, fix: str) -> UserError:
        return UserError(what, where=where, line=line, fix=fix)

    text_key = next((key for key in TEXT_KEYS if isinstance(values.get(key), str)), None)
    word_key = next((key for key in WORD_KEYS if isinstance(values.get(key), list)), None)
    # Annotation tools write their own tokens beside the text; the text is what counts.
    if text_key is None and word_key is not None:
        words = values[word_key]
        if not all(isinstance(word, str) and word for word in words):
            raise wrong(f"`{word_key}` is not a list of words", "give each word as a string that is not empty")
        refuse_half_characters("".join(words), where, line)
        tag_key = next((key for key in TAG_KEYS if values.get(key) is not None), None)
        keys = (word_key,) if tag_key is None else (word_key, tag_key)
        return EntityRecord(words=list(words), tags=_tags(values, tag_key, len(words), wrong), keys=keys)
    if text_key is None:
        raise wrong("neither a text nor a list of words", 'name the text "text", or the words "tokens"')
    text = values[text_key]
    refuse_half_characters(text, where, line)
    given = [key for key in ENTITY_KEYS if values.get(key) is not None]
    # Tools leave an empty list under one name beside the spans under another.
    key = next((key for key in given if values[key] != []), given[0] if given else None)
    if key is None:
        return EntityRecord(text=text, keys=(text_key,))
    if not isinstance(values[key], list):
        raise wrong(f"`{key}` is not a list of spans", 'write {"start": 0, "end": 5, "label": "PER"} for each')
    found = [_span(each, text, wrong) for each in values[key]]
    spans = sorted(span for span, _ in found)
    for before, after in pairwise(spans):
        if after.start < before.end:
            first, second = (f"{text[span.start : span.end]!r} ({span.label})" for span in (before, after))
            raise wrong(f"entities overlap: {first} and {second}", "keep one of them; entities lie side by side")
    trims = sum(trimmed for _, trimmed in found)
    return EntityRecord(text=text, spans=spans, trimmed=trims, keys=(text_key, key))


def _tags(values: Mapping[str, Any], key: str | None, count: int, wrong: Any) -> list[str] | None:
    if key is None:
        return None
    tags = values[key]
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        raise wrong(f"`{key}` is not a list of tag names", 'write the names of the tags, such as "B-PER" and "O"')
    if len(tags) != count:
        given = f"{len(tags)} tag{'s' * (len(tags) != 1)} for {count} word{'s' * (count != 1)}"
        raise wrong(given, "give one tag for each word")
    return list(tags)


def _span(value: Any, text: str, wrong: Any) -> tuple[Span, bool]:
    """Return a span without white space at its ends, and whether it had any."""
    quoted = None
    if isinstance(value, Mapping):
        start, end, label = (_first(value, keys) for keys in (_START_KEYS, _END_KEYS, _LABEL_KEYS))
        quoted = value.get("text")
    elif isinstance(value, list) and len(value) == 3:
        start, end, label = value
    else:
        start = end = label = None
    if isinstance(label, list) and len(label) == 1:
        label = label[0]
    if type(start) is not int or type(end) is not int or not isinstance(label, str) or not label.strip():
        fix = 'write {"start": 0, "end": 5, "label": "PER"} or [0, 5, "PER"]'
        raise wrong(f"an entity without start, end and label: {_short(value)}", fix)
    if not 0 <= start < end <= len(text):
        what = f"an entity from {start} to {end} in a text of {len(text)} characters"
        raise wrong(what, "offsets count characters from 0, and the end is behind the last one")
    covered = text[start:end]
    if isinstance(quoted, str) and quoted != covered:
        what = f"an entity from {start} to {end} is {covered!r} in the text, not {quoted!r}"
        raise wrong(what, "offsets count characters (code points), not bytes or UTF-16 units")
    if not covered.strip():
        raise wrong(f"an entity from {start} to {end} that is white space", "take it out")
    start += len(covered) - len(covered.lstrip())
    end -= len(covered) - len(covered.rstrip())
    return Span(start, end, label.strip()), end - start != len(covered)


def _first(value: Mapping[str, Any], keys: Sequence[str]) -> Any:
    return next((value[key] for key in keys if value.get(key) is not None), None)


def _short(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= 80 else shown[:77] + "..."
