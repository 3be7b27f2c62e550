"""The simplest honest guess: a word has the tag that it has most often in training rows."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from nlpsuite.api import Scheme, Span
from nlpsuite_ner.metrics import word_labels
from nlpsuite_ner.reading import target_spans

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nlpsuite.api import Row, TaskMetrics
    from nlpsuite_ner.metrics import Places


def commonest_tags(train: Sequence[Row], rows: Sequence[Row], places: Places, metrics: TaskMetrics) -> dict[str, float]:
    """Return the scores of the guess.

    Args:
        train: Training rows.
        rows: The rows to score.
        places: Gives where a row's words are.
        metrics: Fresh.
    """
    counts: dict[str, Counter[str]] = {}
    for row in train:
        found = places(row)
        tags = word_labels(found, set(target_spans(row)))
        for word, tag in zip(_words(row, found), tags, strict=True):
            counts.setdefault(word, Counter())[tag] += 1
    commonest = {word: min(tags, key=lambda tag: (-tags[tag], tag)) for word, tags in counts.items()}
    for row in rows:
        found = places(row)
        tags = [commonest.get(word, "O") for word in _words(row, found)]
        spans = [Span(found[start][0], found[end - 1][1], label) for start, end, label in Scheme().spans(tags)]
        metrics.update([row], [{"entities": [_entity(row, span) for span in spans]}])
    return metrics.compute()


def _words(row: Row, places: Sequence[tuple[int, int]]) -> Sequence[str]:
    if "tokens" in row.inputs:
        words: Sequence[str] = row.inputs["tokens"]
        return words
    return [row.inputs["text"][start:end] for start, end in places]


def _entity(row: Row, span: Span) -> dict[str, Any]:
    first, last = ("start_word", "end_word") if "tokens" in row.inputs else ("start", "end")
    return {first: span.start, last: span.end, "label": span.label}
