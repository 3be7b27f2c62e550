"""The classification task: text classification as the suite offers it to every plugin."""

from __future__ import annotations

from nlpsuite.api import TextClassification


class Classification(TextClassification):
    """Gives a text, or a pair of texts, one of the labels of its training rows, or any number of them."""
