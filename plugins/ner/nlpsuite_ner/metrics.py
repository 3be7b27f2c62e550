"""Scores of entities: strict precision, recall and F1 over all and for each label, and the share of words that are right."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from nlpsuite.api import RunningSums, ScoreTable, Span, TaskMetrics
from nlpsuite_ner.reading import target_spans

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from nlpsuite.api import Row

    Places = Callable[[Row], Sequence[tuple[int, int]]]


class EntityMetrics(TaskMetrics):
    """Running scores of predictions `{"entities": [...]}`.

    An entity is right if label, start and end are those of an entity of the row: what conlleval counts, and seqeval in its
    strict mode on valid tags. `accuracy` is the share of words with the right label, and the right beginnings.

    Args:
        labels: The names of labels.
        places: Gives where a row's words are, in the units of its entities.
    """

    def __init__(self, labels: Sequence[str], places: Places):
        self._labels, self._places = tuple(labels), places
        names = [f"{kind}/{label}" for label in labels for kind in ("right", "said", "true")]
        self._sums = RunningSums([*names, "words", "words/right"])

    def update(self, rows: Sequence[Row], predictions: Sequence[Mapping[str, Any]]) -> None:
        """Count rows, each with its entities as target, and their predictions."""
        counts: Counter[str] = Counter()
        for row, prediction in zip(rows, predictions, strict=True):
            true, said = set(target_spans(row)), set(predicted_spans(row, prediction))
            for kind, spans in (("true", true), ("said", said), ("right", true & said)):
                counts.update(f"{kind}/{span.label}" for span in spans)
            places = self._places(row)
            pairs = list(zip(word_labels(places, true), word_labels(places, said), strict=True))
            counts["words"] += len(pairs)
            counts["words/right"] += sum(one == other for one, other in pairs)
        self._sums.update(counts)

    def compute(self) -> dict[str, float]:
        """Return entity_precision, entity_recall and entity_f1 over all labels, and accuracy."""
        sums = self._sums.compute()
        right, said, true = (
            sum(sums[f"{kind}/{label}"] for label in self._labels) for kind in ("right", "said", "true")
        )
        precision, recall, f1 = _scores(right, said, true)
        accuracy = sums["words/right"] / sums["words"] if sums["words"] else 0.0
        return {"entity_precision": precision, "entity_recall": recall, "entity_f1": f1, "accuracy": accuracy}

    def tables(self) -> Sequence[ScoreTable]:
        """Return the scores of each label."""
        sums = self._sums.compute()
        rows: list[list[str | float | None]] = []
        for label in self._labels:
            right, said, true = (sums[f"{kind}/{label}"] for kind in ("right", "said", "true"))
            precision, recall, f1 = _scores(right, said, true)
            scores = (precision if said else None, recall if true else None, f1 if said + true else None)
            rows.append([label, *scores, int(true)])
        return [ScoreTable("entities", ("label", "precision", "recall", "f1", "entities"), rows)]


def predicted_spans(row: Row, prediction: Mapping[str, Any]) -> list[Span]:
    """Return the entities of a prediction, in words or in characters of the row's text."""
    first, last = ("start_word", "end_word") if "tokens" in row.inputs else ("start", "end")
    return [Span(each[first], each[last], each["label"]) for each in prediction["entities"]]


def word_labels(places: Sequence[tuple[int, int]], spans: set[Span]) -> list[str]:
    """Return for each word the label of the entity it is in, marked where the entity begins; `O` outside of all."""
    labels = ["O"] * len(places)
    number = 0
    for start, end, label in sorted(spans):
        while number < len(places) and places[number][1] <= start:
            number += 1
        last = number
        while last < len(places) and places[last][0] < end:
            if labels[last] == "O":
                labels[last] = f"{'B' if last == number else 'I'}-{label}"
            last += 1
    return labels


def _scores(right: float, said: float, true: float) -> tuple[float, float, float]:
    precision, recall = right / said if said else 0.0, right / true if true else 0.0
    return precision, recall, 2 * right / (said + true) if said + true else 0.0
