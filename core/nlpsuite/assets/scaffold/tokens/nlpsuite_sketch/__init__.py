"""Sketch: which parts of a sentence are of which kind."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from nlpsuite.api import Settings, TaskSpec, hookimpl

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nlpsuite.api import Task, TaskContext


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
