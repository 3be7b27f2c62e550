"""The settings of the task, for `--set task.NAME=VALUE`."""

from __future__ import annotations

from nlpsuite.api import Settings


class SketchSettings(Settings):
    """The settings of the task, for `--set task.NAME=VALUE`.

    Attributes:
        dropout: The share of features dropped in training.
        buckets: Rows of the weights of hashed features, which tell what a word looks like.
        overlap: The share of a window that the next one repeats, for long inputs.
    """

    dropout: float = 0.1
    buckets: int = 1 << 16
    overlap: float = 0.25
