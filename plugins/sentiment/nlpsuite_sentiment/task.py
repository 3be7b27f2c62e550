"""The sentiment task: text classification whose labels run from negative to positive."""

from __future__ import annotations

from nlpsuite.api import TextClassification


class Sentiment(TextClassification):
    """Gives a text the sentiment it expresses, by the label names of the training rows."""

    ordered = True
    examples = (
        {"text": "A warm and funny film.", "label": "positive"},
        {"text": "Two hours I will never get back.", "label": "negative"},
    )
