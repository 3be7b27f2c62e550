"""The settings of the task, for `--set task.NAME=VALUE`."""

from __future__ import annotations

from nlpsuite.api import TextClassificationSettings


class SketchSettings(TextClassificationSettings):
    """The settings of the task, for `--set task.NAME=VALUE`: those of any text classification, and your own."""
