"""Named entities: which words of a text are names, and of what kind."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from nlpsuite.api import Settings, TaskSpec, hookimpl

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nlpsuite.api import Task, TaskContext


class NerSettings(Settings):
    """The settings of ner.

    Attributes:
        format: `conll` (words in columns, CoNLL-U too), `jsonl` or `text` (to predict, a text a line); `auto`: by looking.
        word: The column of words, from 1; the first, or in CoNLL-U the second, if not set.
        tag: The column of tags, from 1, or from the last as -1; the last if not set.
        overlap: The share of a window that the next one repeats, for texts longer than the context.
        buckets: Rows of weights of the hashed features of words and their neighbours.
        hashed_scale: Their scale, which is also a factor on their learning rate.
        hashed_dropout: The share of them hidden in training.
        dropout: The share of the head's other features dropped in training.
        portable: Whether the model is to run in other tools, as `Qwen3ForTokenClassification` or its like: attention
            looks back only, and one linear layer scores tokens, which costs accuracy.
        max_labels: More labels than this are taken for a mistake.
    """

    format: Literal["auto", "conll", "jsonl", "text"] = "auto"
    word: int | None = Field(default=None, ge=1)
    tag: int | None = None
    overlap: float = Field(default=0.5, ge=0, lt=1)
    buckets: int = Field(default=1 << 17, ge=2)
    hashed_scale: float = Field(default=10.0, gt=0)
    hashed_dropout: float = Field(default=0.1, ge=0, lt=1)
    dropout: float = Field(default=0.2, ge=0, lt=1)
    portable: bool = False
    max_labels: int = Field(default=200, ge=1)


def build(context: TaskContext, settings: NerSettings) -> Task:
    """Make the task."""
    from nlpsuite_ner.task import Ner

    return Ner(context, settings)


@hookimpl
def nlpsuite_tasks() -> Sequence[TaskSpec[NerSettings]]:
    """Declare the task."""
    return [
        TaskSpec(
            name="ner",
            summary="which words of a text are names, and of what kind",
            api_version=1,
            config=NerSettings,
            build=build,
            examples=Path(__file__).parent / "demo",
        )
    ]
