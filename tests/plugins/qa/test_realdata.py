"""The plugin reads SQuAD as it is, and nearly all of its answers can be said."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from nlpsuite.api import find_splits
from nlpsuite_qa.score import best_scores

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from nlpsuite.api import Task

    from .conftest import Notes

pytestmark = pytest.mark.realdata


@pytest.mark.parametrize(("split", "rows", "contexts"), [("train", 87_599, 18_891), ("valid", 10_570, 2_067)])
def test_every_question_is_read(
    realdata: Path, make_task: Callable[..., Task], notes: Notes, split: str, rows: int, contexts: int
) -> None:
    path = getattr(find_splits(realdata / "squad"), split)
    read = list(make_task().read(path, split))
    assert len(read) == rows
    assert len({row.inputs["context"] for row in read}) == contexts
    assert len({id(row.inputs["context"]) for row in read}) <= contexts + 10
    assert not notes.warned
    for row in read:
        assert row.target
        assert all(row.inputs["context"].startswith(text, start) for text, start in row.target)


def test_answers_are_parts_made_of_whole_tokens(realdata: Path) -> None:
    from pathlib import Path

    import nlpsuite
    from nlpsuite.api import TaskContext, Tokenizer
    from nlpsuite.report import Silent
    from nlpsuite_qa import nlpsuite_tasks

    tokenizer = Tokenizer.load(Path(nlpsuite.__file__).parent / "assets" / "nano")
    (spec,) = nlpsuite_tasks()
    task = spec.build(TaskContext(tokenizer, 256, 0, Silent()), spec.config())
    rows = list(task.read(find_splits(realdata / "squad").valid, "valid"))[:1000]
    task.fit(rows)
    matched = 0.0
    for row in rows:
        windows = task.encode(row)
        window = next(window for window in windows if window.target)
        facts = window.features
        first, last = (place - facts.context_begin + facts.context_start for place in window.target[0])
        said = row.inputs["context"][facts.spans.begin_T[first] : facts.spans.end_T[last]]
        matched += best_scores(said, [text for text, _ in row.target])[0]
    assert matched >= 990
