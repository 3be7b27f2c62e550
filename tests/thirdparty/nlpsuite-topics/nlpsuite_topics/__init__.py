"""Topics: what a pile of texts is about, without labels."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from nlpsuite.api import Settings, TaskSpec, hookimpl

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nlpsuite.api import Task, TaskContext


class TopicSettings(Settings):
    """The settings of the task.

    Attributes:
        topics: How many topics.
        words: How many words name one.
        masked: The share of tokens that are masked while the backbone learns the texts.
        overlap: The share of a window that the next one repeats, for long texts.
    """

    topics: int = 8
    words: int = 8
    masked: float = 0.2
    overlap: float = 0.0


def build(context: TaskContext, settings: TopicSettings) -> Task:
    """Make the task."""
    from nlpsuite_topics.task import Topics

    return Topics(context, settings)


@hookimpl
def nlpsuite_tasks() -> Sequence[TaskSpec[TopicSettings]]:
    """Declare the task."""
    return [
        TaskSpec(
            name="topics",
            summary="what a pile of texts is about: clusters of their states, named by their words, without labels",
            api_version=1,
            config=TopicSettings,
            build=build,
            examples=Path(__file__).parent / "examples",
        )
    ]
