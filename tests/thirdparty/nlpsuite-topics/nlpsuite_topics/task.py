"""The task: the backbone learns the texts by masked tokens; then their states are clustered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from nlpsuite.api import (
    NamedFields,
    Task,
    UserError,
    fixed_tokens,
    masked_loss,
    masked_nats,
    random_tokens,
    text_cell,
    text_windows,
)
from nlpsuite_topics.metrics import TopicMetrics
from nlpsuite_topics.words import naming_words, words_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from torch import Tensor, nn

    from nlpsuite.api import Batch, Network, Row, Split, TaskContext, TaskMetrics, Window
    from nlpsuite_topics import TopicSettings

EXAMPLES = ({"text": "The ferry was late again."}, {"text": "Fold the eggs into the cream."})
FIELDS = NamedFields({"text": text_cell}, None, text_cell, EXAMPLES)
STARTS = 5
"""How often clustering begins anew; the best is kept."""


@dataclass(frozen=True, slots=True)
class Output:
    """What is computed of a window.

    Attributes:
        mean_D: The mean of its states.
        nats: How surprising its masked tokens are.
        tokens: How many there are.
    """

    mean_D: NDArray[np.float64]
    nats: float
    tokens: int


class Topics(Task):
    """Finds out what texts are about.

    Args:
        context: What the host gives.
        settings: The task's settings.
    """

    monitor = "masked_loss"
    monitor_mode = "min"
    own_targets = True
    calibrates_on = "train"

    def __init__(self, context: TaskContext, settings: TopicSettings):
        self.context, self.settings = context, settings
        self._mean_D: NDArray[np.float64] | None = None
        self._centres_KD: NDArray[np.float64] | None = None
        self._words: list[list[str]] = []

    def read(self, source: Path, split: Split) -> Iterator[Row]:
        """Read texts."""
        return FIELDS.read(source, split, self.context.report)

    def read_lines(self, lines: Iterable[str], where: str) -> Iterator[Row]:
        """Read texts as they stream in."""
        return FIELDS.read_lines(lines, where, self.context.report)

    def fit(self, rows: Sequence[Row]) -> None:
        """See that there are enough texts.

        Raises:
            UserError: There are fewer than topics.
        """
        if len(rows) < self.settings.topics:
            what = f"{len(rows)} texts for {self.settings.topics} topics"
            raise UserError(what, fix="give more texts, or --set task.topics=NUMBER")

    def check(self, rows: Sequence[Row]) -> None:
        """Accept every text."""

    def state(self) -> dict[str, Any]:
        """Return the middles of the topics and their words."""
        if self._mean_D is None or self._centres_KD is None:
            return {"mean": None, "centres": None, "words": []}
        return {"mean": self._mean_D.tolist(), "centres": self._centres_KD.tolist(), "words": self._words}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what `state` returned."""
        self._words = [list(words) for words in state["words"]]
        if state["centres"] is not None:
            self._mean_D, self._centres_KD = np.array(state["mean"]), np.array(state["centres"])

    def encode(self, row: Row) -> list[Window]:
        """Cut a text into windows."""
        ids = self.context.tokenizer.encode(row.inputs["text"])
        return text_windows(ids, self.context.tokenizer, self.context.context, self.settings.overlap)

    def make_head(self, hidden_size: int) -> nn.Module:
        """Make a head without weights: the states themselves are clustered."""
        from torch import nn

        return nn.Identity()

    def loss(self, network: Network, batch: Batch) -> Tensor:
        """Return how surprising masked tokens are."""
        chosen_BT = random_tokens(batch, self.settings.masked)
        return masked_loss(network, batch, chosen_BT, self.context.tokenizer.mask_id)

    def outputs(self, network: Network, batch: Batch) -> Sequence[Any]:
        """Return the mean state of each window, and how surprising some masked tokens are, always the same."""
        hidden_BTD = network.hidden(batch).double()
        real_BT1 = batch.real_BT.unsqueeze(-1)
        means = ((hidden_BTD * real_BT1).sum(1) / real_BT1.sum(1)).cpu().numpy()
        chosen_BT = fixed_tokens(batch, self.settings.masked, seed=0)
        told = masked_nats(network, batch, chosen_BT, self.context.tokenizer.mask_id)
        return [Output(mean, *each) for mean, each in zip(means, told, strict=True)]

    def decode(self, row: Row, windows: Sequence[Window], outputs: Sequence[Any]) -> dict[str, Any]:
        """Return the nearest topic and its words; before there are topics, the state that they will be made of."""
        lengths = np.array([len(window.ids) for window in windows], float)
        state_D = lengths @ np.stack([output.mean_D for output in outputs]) / lengths.sum()
        found: dict[str, Any] = {
            "topic": None,
            "masked_nats": float(sum(output.nats for output in outputs)),
            "masked_tokens": int(sum(output.tokens for output in outputs)),
        }
        if self._mean_D is None or self._centres_KD is None:
            return found | {"state": state_D.tolist()}
        near_K = self._centres_KD @ _unit(state_D - self._mean_D)
        best = int(near_K.argmax())
        return found | {"topic": best, "words": self._words[best], "nearness": float(near_K[best])}

    def calibrate(self, rows: Sequence[Row], predictions: Sequence[Mapping[str, Any]]) -> bool:
        """Cluster the states of the training texts, and find the words of each cluster."""
        from sklearn.cluster import KMeans

        if self._centres_KD is not None:
            return False
        states_ND = np.array([prediction["state"] for prediction in predictions])
        mean_D = states_ND.mean(0)
        # What all texts share says nothing of any, and would make all of them alike.
        units_ND = _unit(states_ND - mean_D)
        number = min(self.settings.topics, len(rows))
        clusters = KMeans(number, n_init=STARTS, random_state=self.context.seed % 2**32).fit(units_ND)
        self._mean_D, self._centres_KD = mean_D, _unit(clusters.cluster_centers_)
        nearest = (units_ND @ self._centres_KD.T).argmax(1).tolist()
        texts = [words_of(row.inputs["text"]) for row in rows]
        self._words = naming_words(texts, nearest, number, self.settings.words)
        for topic, words in enumerate(self._words):
            self.context.report.say(f"topic {topic}, {nearest.count(topic)} texts: {' '.join(words)}")
        return True

    def make_metrics(self) -> TaskMetrics:
        """Return fresh scores."""
        return TopicMetrics(self._words)

    def baseline(self, train: Sequence[Row], rows: Sequence[Row]) -> dict[str, float]:
        """Return nothing: there is no simplest guess of what texts are about."""
        return {}


def _unit(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return vectors of length one, zero where there is no direction."""
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(length, 1e-12))
