"""Classification: which of its labels a text, or a pair of texts, has."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from nlpsuite.api import TaskSpec, TextClassificationSettings, hookimpl

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nlpsuite.api import Task, TaskContext


class ClassificationSettings(TextClassificationSettings):
    """The settings of classification."""


def build(context: TaskContext, settings: ClassificationSettings) -> Task:
    """Make the task."""
    from nlpsuite_classification.task import Classification

    return Classification(context, settings)


@hookimpl
def nlpsuite_tasks() -> Sequence[TaskSpec[ClassificationSettings]]:
    """Declare the task."""
    return [
        TaskSpec(
            name="classification",
            summary="which of its labels a text, or a pair of texts, has",
            api_version=1,
            config=ClassificationSettings,
            build=build,
            examples=Path(__file__).parent / "demo",
        )
    ]
