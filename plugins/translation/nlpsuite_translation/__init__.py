"""Translation: the same text in another language."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from nlpsuite.api import Settings, TaskSpec, hookimpl

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nlpsuite.api import Task, TaskContext


class TranslationSettings(Settings):
    """The settings of translation.

    Attributes:
        source: What to translate: the language as the files' suffix or the column names it, or a column's number; found by
            looking if None.
        target: What it becomes, in the same way.
        test: Which of several test sets is scored, by the name of its files without the language; the first if None.
        header: Whether the first row of a CSV or TSV file holds names; found by looking if None.
        empty: What a pair with one empty side is: an `error`, or to `skip` and count.
        label_smoothing: Share of the truth that training spreads evenly over the vocabulary.
        beam: Beams of the search; 1 always takes the likeliest token.
        length_penalty: The exponent `a` in log P / n^a, by which texts of n tokens are ranked: 0 prefers short translations,
            1 ranks by the mean of a token, more prefers long ones.
        max_length_ratio: The longest translation, in tokens for each token of the source; 20 are added.
        bleu_tokenizer: sacreBLEU's tokenizer; `auto`: `zh` for Chinese, `char` for scripts without spaces, else `13a`.
    """

    source: str | int | None = None
    target: str | int | None = None
    test: str | None = None
    header: bool | None = None
    empty: Literal["error", "skip"] = "error"
    label_smoothing: float = Field(default=0.1, ge=0, lt=1)
    beam: int = Field(default=5, ge=1, le=100)
    length_penalty: float = Field(default=1.0, ge=0, le=10)
    max_length_ratio: float = Field(default=2.0, gt=0, le=100)
    bleu_tokenizer: Literal["auto", "13a", "intl", "zh", "char", "none"] = "auto"


def build(context: TaskContext, settings: TranslationSettings) -> Task:
    """Make the task."""
    from nlpsuite_translation.task import Translation

    return Translation(context, settings)


@hookimpl
def nlpsuite_tasks() -> Sequence[TaskSpec[TranslationSettings]]:
    """Declare the task."""
    return [
        TaskSpec(
            name="translation",
            summary="the same text in another language",
            api_version=1,
            config=TranslationSettings,
            build=build,
            examples=Path(__file__).parent / "demo",
            # A tokenizer of both languages is worth more than what a backbone of one language has learned.
            defaults={"backbone": "scratch", "optimizer": "muon", "lr": 3e-3},
        )
    ]
