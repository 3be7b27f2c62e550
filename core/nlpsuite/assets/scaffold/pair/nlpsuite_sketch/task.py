"""The task: classification of pairs, with scores of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nlpsuite_sketch.metrics import SketchMetrics

from nlpsuite.api import ClassificationMetrics, TextClassification

if TYPE_CHECKING:
    from nlpsuite.api import TaskMetrics


class SketchTask(TextClassification):
    """Gives a pair of texts one of the labels of its training rows.

    Any method of `nlpsuite.api.Task` may be overridden: `read` for a format of your own, `make_head`, `loss` ...
    """

    examples = (
        {"claim": "The library should open on Sundays.", "evidence": "I would go there.", "label": "for"},
        {"claim": "The library should open on Sundays.", "evidence": "Who is to pay for that?", "label": "against"},
    )

    def make_metrics(self) -> TaskMetrics:
        """Return the scores of classification, and our own beside them where each row has one label."""
        usual = super().make_metrics()
        return SketchMetrics(self.labels) if isinstance(usual, ClassificationMetrics) else usual
