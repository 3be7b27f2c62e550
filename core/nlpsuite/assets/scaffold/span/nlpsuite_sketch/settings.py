"""The settings of the task, for `--set task.NAME=VALUE`."""

from __future__ import annotations

from nlpsuite.api import Settings


class SketchSettings(Settings):
    """The settings of the task, for `--set task.NAME=VALUE`.

    Attributes:
        longest: The most tokens in an answer.
        overlap: The share of a window that the next one repeats, for long inputs.
        dropout: The share of states dropped in training.
    """

    longest: int = 30
    overlap: float = 0.5
    dropout: float = 0.1
