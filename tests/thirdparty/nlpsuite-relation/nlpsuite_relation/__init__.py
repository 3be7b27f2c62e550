"""Relations: how two marked things in a sentence stand to one another."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import Field

from nlpsuite.api import Settings, TaskSpec, hookimpl

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytorch_lightning import Callback

    from nlpsuite.api import RunInfo, Task, TaskContext


class RelationSettings(Settings):
    """The settings of the task.

    Attributes:
        none: The relation of two things that have none; it is no triple, and does not count in the scores of triples.
        adapt: The share of a run, at its start, in which the backbone guesses masked names from their sentences.
        dropout: The share of features dropped in training.
        overlap: The share of a window that the next one repeats, for long sentences.
    """

    none: str = "none"
    adapt: float = Field(default=0.2, ge=0, lt=1)
    dropout: float = 0.1
    overlap: float = 0.25


def build(context: TaskContext, settings: RelationSettings) -> Task:
    """Make the task."""
    from nlpsuite_relation.task import Relation

    return Relation(context, settings)


@hookimpl
def nlpsuite_tasks() -> Sequence[TaskSpec[RelationSettings]]:
    """Declare the task."""
    return [
        TaskSpec(
            name="relation",
            summary="how two marked things in a sentence stand to one another, as triples of a knowledge graph",
            api_version=1,
            config=RelationSettings,
            build=build,
            examples=Path(__file__).parent / "examples",
        )
    ]


@hookimpl
def nlpsuite_callbacks(run: RunInfo) -> Sequence[Callback]:
    """Keep the loss of every step of our own runs."""
    if run.task != "relation":
        return []
    from nlpsuite_relation.curve import LossCurve

    return [LossCurve(run.folder / "loss.tsv")]
