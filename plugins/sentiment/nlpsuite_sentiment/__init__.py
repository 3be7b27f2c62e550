"""Sentiment: whether a text is negative, neutral or positive, or how many stars it gives."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from nlpsuite.api import TaskSpec, TextClassificationSettings, hookimpl

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nlpsuite.api import Task, TaskContext


class SentimentSettings(TextClassificationSettings):
    """The settings of sentiment: those of any text classification."""


def build(context: TaskContext, settings: SentimentSettings) -> Task:
    """Make the task."""
    from nlpsuite_sentiment.task import Sentiment

    return Sentiment(context, settings)


@hookimpl
def nlpsuite_tasks() -> Sequence[TaskSpec[SentimentSettings]]:
    """Declare the task."""
    return [
        TaskSpec(
            name="sentiment",
            summary="is a text negative, neutral or positive, or how many stars does it give",
            api_version=1,
            config=SentimentSettings,
            build=build,
            examples=Path(__file__).parent / "demo",
        )
    ]
