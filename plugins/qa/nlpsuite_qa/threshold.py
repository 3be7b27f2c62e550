"""From which probability on a question is said to have no answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nlpsuite_qa.score import best_scores

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from nlpsuite.api import Row

NEVER = 1.0
"""A threshold that no probability exceeds."""
HALF = 0.5
"""What stands before there is anything to choose by, and where there is too little."""
FEWEST = 20
"""Of each kind, questions with an answer and without: of fewer, a few odd ones would decide."""


def best_threshold(rows: Sequence[Row], predictions: Sequence[Mapping[str, Any]]) -> float:
    """Return the probability of "no answer" above which saying so gives the best mean F1, as SQuAD 2.0's script finds it.

    Args:
        rows: Rows with right answers as targets.
        predictions: Theirs, each with its best span, said or withheld.
    """
    gains: list[tuple[float, float]] = []
    for row, prediction in zip(rows, predictions, strict=True):
        said = best_scores(prediction.get("withheld", prediction["answer"]), (text for text, _ in row.target))[1]
        silent = float(not row.target)
        gains.append((prediction["no_answer_probability"], said - silent))
    gains.sort()
    best, threshold, total = 0.0, 0.0, 0.0
    for index, (probability, gain) in enumerate(gains):
        total += gain
        after = gains[index + 1][0] if index + 1 < len(gains) else NEVER
        if after > probability or index + 1 == len(gains):
            # Of equals the higher threshold is taken: rather an answer than none.
            middle = NEVER if index + 1 == len(gains) else (probability + after) / 2
            if total >= best:
                best, threshold = total, middle
    return threshold


def choose_threshold(rows: Sequence[Row], predictions: Sequence[Mapping[str, Any]]) -> tuple[float, str]:
    """Return the threshold to use, and what to tell people of it.

    Args:
        rows: The validation rows, with right answers as targets.
        predictions: Theirs.
    """
    without = sum(not row.target for row in rows)
    told = "no answer is said where its probability is above {:.3f}"
    if min(without, len(rows) - without) < FEWEST:
        kinds = f"{len(rows) - without} validation questions have an answer and {without} have none"
        few = f"{kinds}, too few to choose by: {FEWEST} of each are needed"
        return HALF, f"{told.format(HALF)}; {few}"
    threshold = best_threshold(rows, predictions)
    if threshold >= NEVER:
        return threshold, "every question gets an answer: on the validation rows, F1 is best so"
    if not any(prediction["no_answer_probability"] <= threshold for prediction in predictions):
        what = (
            "no validation question gets an answer, since F1 is best so: the model has not learned to find answers yet"
        )
        return threshold, f"{what}; {told.format(threshold)}"
    return threshold, f"{told.format(threshold)}, by validation F1"
