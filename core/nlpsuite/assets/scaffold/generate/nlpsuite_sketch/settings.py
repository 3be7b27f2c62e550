"""The settings of the task, for `--set task.NAME=VALUE`."""

from __future__ import annotations

from nlpsuite.api import Settings


class SketchSettings(Settings):
    """The settings of the task, for `--set task.NAME=VALUE`.

    Attributes:
        beam: How many texts are kept while one is searched; 1 always takes the likeliest token.
        most_new: The most tokens that are written for a piece of the input.
    """

    beam: int = 3
    most_new: int = 48
