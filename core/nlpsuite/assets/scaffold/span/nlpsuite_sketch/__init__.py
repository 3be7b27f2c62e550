"""Sketch: which part of a text is meant."""

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
        longest: The most tokens in an answer.
        overlap: The share of a window that the next one repeats, for long inputs.
        dropout: The share of states dropped in training.
    """

    longest: int = 30
    overlap: float = 0.5
    dropout: float = 0.1


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
