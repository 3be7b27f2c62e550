"""Question answering: where in a text the answer to a question stands."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import Field

from nlpsuite.api import Settings, TaskSpec, hookimpl

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nlpsuite.api import Task, TaskContext


class QaSettings(Settings):
    """The settings of question answering.

    Attributes:
        question: The column of questions, by name or number from 1; found by usual names if None.
        context: The column of contexts, in the same way.
        answer: The column of answers, in the same way.
        header: Whether the first row of a CSV or TSV file holds names; found by looking if None.
        overlap: The share of a window that the next one repeats, for contexts longer than the backbone's.
        longest_answer: The most tokens in an answer that is given; if None, 40, or as many as all but a hundredth of the
            training answers need.
        width: The width of the head's own layers.
        layers: The head's recurrent layers.
        dropout: The share of states that the head drops in training.
        portable: Whether the model is to run in other tools, as `Qwen3ForQuestionAnswering` or its like: attention
            looks back only, and one linear layer scores where an answer begins and ends, which costs accuracy.
    """

    question: str | int | None = None
    context: str | int | None = None
    answer: str | int | None = None
    header: bool | None = None
    overlap: float = Field(default=0.25, ge=0, lt=1)
    longest_answer: int | None = Field(default=None, ge=1)
    width: int = Field(default=128, ge=1)
    layers: int = Field(default=1, ge=1, le=8)
    dropout: float = Field(default=0.1, ge=0, lt=1)
    portable: bool = False


def build(context: TaskContext, settings: QaSettings) -> Task:
    """Make the task."""
    from nlpsuite_qa.task import Qa

    return Qa(context, settings)


@hookimpl
def nlpsuite_tasks() -> Sequence[TaskSpec[QaSettings]]:
    """Declare the task."""
    return [
        TaskSpec(
            name="qa",
            summary="where in a text the answer to a question stands",
            api_version=1,
            config=QaSettings,
            build=build,
            examples=Path(__file__).parent / "demo",
        )
    ]
