"""The classification plugin reads AG News as it is."""

from __future__ import annotations

import pytest

from nlpsuite.api import TaskContext
from nlpsuite.report import Silent
from nlpsuite.tasks.splits import find_splits
from nlpsuite.text.train_tokenizer import train_tokenizer
from nlpsuite_classification import nlpsuite_tasks

pytestmark = pytest.mark.realdata


def test_every_row_of_ag_news_is_read_and_its_classes_have_names(realdata):
    tokenizer = train_tokenizer(["a tiny tokenizer is enough to read rows"], vocab_size=264, report=Silent())
    (spec,) = nlpsuite_tasks()
    task = spec.build(TaskContext(tokenizer, 256, 1, Silent()), spec.config())
    files = find_splits(realdata / "agnews")
    rows = {split: list(task.read(getattr(files, split), split)) for split in ("train", "test")}
    assert {split: len(each) for split, each in rows.items()} == {"train": 23_868, "test": 7_600}
    for each in rows.values():
        assert {row.target for row in each} == {"World", "Sports", "Business", "Sci/Tech"}
        assert all(row.inputs["text"] for row in each)
