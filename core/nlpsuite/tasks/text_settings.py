"""The settings of tasks that give a text one or several labels."""

from __future__ import annotations

from pydantic import Field

from nlpsuite.config import Settings
from nlpsuite.tasks.labels import ClassWeights


class TextClassificationSettings(Settings):
    """Settings of a text classification task.

    Attributes:
        text: The column of texts, by name or number from 1, or a list of columns to join; found by looking if not set.
        text_pair: The column of the other text of a pair, by name or number from 1; found by usual names if not set.
        label: The column of labels, by name or number from 1, or a list of columns that hold 0 or 1, each for the label it is
            named after; found by looking if not set.
        several: Whether a text may have several labels, or none; found by looking if not set.
        labels_separator: What stands between several labels in one cell; found by looking if not set.
        header: Whether the first row of a CSV or TSV file holds the names of columns; found by looking if not set.
        ngrams: Whether the head also counts words and pairs of words (characters, where a script has no spaces).
        class_weights: `balanced` gives rare classes as much weight in the loss as common ones; `none` does not.
        overlap: The share of a window that the next one repeats, for texts longer than the context.
        dropout: The share of features that the head drops in training.
        portable: Whether the model is to run in other tools, as `Qwen3ForSequenceClassification` or its like: attention
            looks back only, and one linear layer scores the last token, and n-grams are left out, which costs accuracy.
        max_classes: More labels than this are taken for a mistake.
    """

    text: str | int | tuple[str | int, ...] | None = None
    text_pair: str | int | None = None
    label: str | int | tuple[str | int, ...] | None = None
    several: bool | None = None
    labels_separator: str | None = Field(default=None, min_length=1)
    header: bool | None = None
    ngrams: bool = True
    class_weights: ClassWeights = "none"
    overlap: float = Field(default=0.25, ge=0, lt=1)
    dropout: float = Field(default=0.1, ge=0, lt=1)
    portable: bool = False
    max_classes: int = Field(default=1000, ge=2)
