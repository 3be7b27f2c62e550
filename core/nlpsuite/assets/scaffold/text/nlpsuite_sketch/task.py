"""The task: text classification, with scores of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nlpsuite.api import TextClassification
from nlpsuite_sketch.metrics import SketchMetrics

if TYPE_CHECKING:
    from nlpsuite.api import TaskMetrics


class Sketch(TextClassification):
    """Gives a text one of the labels of its training rows.

    Any method of `nlpsuite.api.Task` may be overridden: `read` for a format of your own, `make_head`, `loss` ...
    """

    examples = (
        {"text": "My bicycle squeaks.", "label": "repair"},
        {"text": "How long are you open?", "label": "question"},
    )

    def make_metrics(self) -> TaskMetrics:
        """Return the scores of classification, and our own beside them."""
        return SketchMetrics(self.labels)
