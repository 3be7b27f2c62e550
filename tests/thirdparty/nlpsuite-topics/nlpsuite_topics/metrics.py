"""The scores: how well the backbone knows the texts, and how well the words of a topic go together."""

from __future__ import annotations

from itertools import combinations
from math import log
from typing import TYPE_CHECKING, Any

from nlpsuite.api import RunningSums, ScoreTable, TaskMetrics
from nlpsuite_topics.words import words_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from nlpsuite.api import Row


class TopicMetrics(TaskMetrics):
    """`masked_loss` in nats a token; once there are topics also `coherence_npmi`, and `topics_used`, the share that texts have.

    Args:
        words: The words of each topic; none before there are topics.
    """

    def __init__(self, words: Sequence[Sequence[str]]):
        self._words = [list(each) for each in words]
        self._pairs = [list(combinations(each, 2)) for each in self._words]
        singles = sorted({word for each in self._words for word in each})
        pairs = sorted({pair for each in self._pairs for pair in each})
        self._names = {word: f"word {word}" for word in singles} | {pair: f"pair {pair[0]} {pair[1]}" for pair in pairs}
        topics = [f"topic {number}" for number in range(len(self._words))]
        self._sums = RunningSums(["texts", "nats", "tokens", *self._names.values(), *topics])

    def update(self, rows: Sequence[Row], predictions: Sequence[Mapping[str, Any]]) -> None:
        """Count texts and their predictions."""
        for row, prediction in zip(rows, predictions, strict=True):
            there = set(words_of(row.inputs["text"]))
            counts = {"texts": 1.0, "nats": prediction["masked_nats"], "tokens": prediction["masked_tokens"]}
            for key, name in self._names.items():
                counts[name] = key in there if isinstance(key, str) else there.issuperset(key)
            if prediction["topic"] is not None:
                counts[f"topic {prediction['topic']}"] = 1.0
            self._sums.update(counts)

    def compute(self) -> dict[str, float]:
        """Return the scores over the texts of all processes."""
        sums = self._sums.compute()
        scores = {"masked_loss": sums["nats"] / max(1.0, sums["tokens"])}
        if self._words:
            told = [value for value in map(self._coherence, range(len(self._words))) if value is not None]
            if told:
                scores["coherence_npmi"] = sum(told) / len(told)
            scores["topics_used"] = sum(sums[f"topic {n}"] > 0 for n in range(len(self._words))) / len(self._words)
        return scores

    def tables(self) -> Sequence[ScoreTable]:
        """Return the topics: how many texts each has, how well its words go together, and the words."""
        sums = self._sums.compute()
        rows = [
            [f"{number}: {' '.join(words)}", int(sums[f"topic {number}"]), self._coherence(number)]
            for number, words in enumerate(self._words)
        ]
        return [ScoreTable("topics", ("topic", "texts", "coherence"), rows)] if rows else []

    def _coherence(self, number: int) -> float | None:
        """Return the mean NPMI of the pairs of a topic's words; None where it has fewer than two that any scored text has."""
        sums = self._sums.compute()
        texts = sums["texts"]
        told = []
        for one, other in self._pairs[number]:
            single = sums[self._names[one]] * sums[self._names[other]]
            if not single:
                continue
            both = sums[self._names[one, other]]
            # Together in every text: as sure as can be, and the logarithm below would be 0.
            told.append(-1.0 if not both else 1.0 if both == texts else log(both * texts / single) / -log(both / texts))
        return sum(told) / len(told) if told else None
