"""The scores: those of classification, and how well the label that is found worst is found."""

from __future__ import annotations

from nlpsuite.api import ClassificationMetrics


class SketchMetrics(ClassificationMetrics):
    """Adds `recall_worst`, the recall of the label that is found worst: what a mean over labels hides."""

    def compute(self) -> dict[str, float]:
        """Return the scores over the rows of all processes."""
        by_label = self.tables()[0]
        recall = by_label.columns.index("recall")
        found = [float(row[recall]) for row in by_label.rows if row[recall] is not None]
        return super().compute() | {"recall_worst": min(found, default=0.0)}
