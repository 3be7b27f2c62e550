"""Generation: how a text goes on, learned from running text or from prompts with their completions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from nlpsuite.api import Settings, TaskSpec, hookimpl

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nlpsuite.api import Task, TaskContext


class GenerationSettings(Settings):
    """The settings of generation.

    Attributes:
        documents: What separates documents in plain text: blank lines, line ends, or nothing but the file's end; `auto`
            finds out by looking.
        text: The column, or JSON field, of running text; found by its name if not set.
        prompt: The column of prompts, by name or number from 1; found by its name if not set.
        completion: The column of completions; found by its name if not set.
        header: Whether the first row of a TSV or CSV file holds names of columns; found by looking if not set.
        separator: The text between a prompt and its completion.
        row_characters: The most characters of a row of running text; longer documents are cut at ends of paragraphs.
        overlap: Share of the context that windows over a longer text read again, as history for scores; in training such a
            token counts in both windows.
        samples: How many rows of running text are continued when validation or test text is scored at the end.
        prompt_tokens: How many tokens of such a row, from its beginning, are the prompt; half of a shorter row.
        max_new: The most tokens to add to a prompt; if not set, 64 to running text, and to a prompt with a completion as
            many as the longest completion in training has.
        temperature: 0 takes the likeliest token each time; if not set, 0.8 for running text, 0 for completions.
        top_k: Draw from so many likeliest tokens; 0: from all.
        top_p: Draw from the likeliest tokens that together hold this probability.
    """

    documents: Literal["auto", "blank", "line", "file"] = "auto"
    text: str | None = None
    prompt: str | int | None = None
    completion: str | int | None = None
    header: bool | None = None
    separator: str = "\n"
    row_characters: int = Field(default=16_000, ge=100)
    overlap: float = Field(default=0.5, ge=0, le=0.9)
    samples: int = Field(default=100, ge=0)
    prompt_tokens: int = Field(default=32, ge=1)
    max_new: int | None = Field(default=None, ge=1)
    temperature: float | None = Field(default=None, ge=0, le=100)
    top_k: int = Field(default=0, ge=0)
    top_p: float = Field(default=0.95, gt=0, le=1)


def build(context: TaskContext, settings: GenerationSettings) -> Task:
    """Make the task."""
    from nlpsuite_generation.task import Generation

    return Generation(context, settings)


@hookimpl
def nlpsuite_tasks() -> Sequence[TaskSpec[GenerationSettings]]:
    """Declare the task."""
    return [
        TaskSpec(
            name="generation",
            summary="how does a text go on: continued training on your text, or prompt and completion",
            api_version=1,
            config=GenerationSettings,
            build=build,
            examples=Path(__file__).parent / "demo",
            # Hidden tokens would be missing from the history that predicts the next one, and every layer has to adapt. Few
            # rows are learned by heart in a few passes, at high rates sooner than they teach anything.
            defaults={"token_dropout": 0.0, "layer_decay": 1.0, "lr": 5e-4, "epochs": 4, "optimizer": "adamw"},
        )
    ]
