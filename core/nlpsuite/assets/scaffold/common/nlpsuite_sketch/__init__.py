"""Sketch: say here what the task does."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from nlpsuite.api import TaskSpec, hookimpl
from nlpsuite_sketch.settings import SketchSettings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nlpsuite.api import Task, TaskContext


def build(context: TaskContext, settings: SketchSettings) -> Task:
    """Make the task. What imports torch is imported here, so that listing plugins stays quick."""
    from nlpsuite_sketch.task import SketchTask

    return SketchTask(context, settings)


@hookimpl
def nlpsuite_tasks() -> Sequence[TaskSpec[SketchSettings]]:
    """Declare the task."""
    return [
        TaskSpec(
            name="sketch",
            summary="say here in one line what the task does",
            api_version=1,
            config=SketchSettings,
            build=build,
            examples=Path(__file__).parent / "examples",
        )
    ]
