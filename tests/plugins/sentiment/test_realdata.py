"""The sentiment plugin reads real data sets as they are, with no registration."""

from __future__ import annotations

from collections import Counter

import pytest

from nlpsuite.api import TaskContext, UserError
from nlpsuite.report import Silent
from nlpsuite.tasks.splits import find_splits
from nlpsuite.text.train_tokenizer import train_tokenizer
from nlpsuite_sentiment import nlpsuite_tasks

pytestmark = pytest.mark.realdata


@pytest.fixture
def task():
    tokenizer = train_tokenizer(["a tiny tokenizer is enough to read rows"], vocab_size=264, report=Silent())
    (spec,) = nlpsuite_tasks()
    return spec.build(TaskContext(tokenizer, 256, 1, Silent()), spec.config())


@pytest.mark.parametrize(
    ("name", "split", "rows", "labels"),
    [
        ("sst2", "train", 67_349, {"0", "1"}),
        ("sst2", "valid", 872, {"0", "1"}),
        ("sst2", "test", 1_821, {"0", "1"}),
        ("zh/chnsenticorp", "train", 9_600, {"0", "1"}),
        ("zh/chnsenticorp", "test", 1_200, {"0", "1"}),
    ],
)
def test_every_row_is_read(realdata, task, name, split, rows, labels):
    path = getattr(find_splits(realdata / name), split)
    read = list(task.read(path, split))
    assert len(read) == rows
    assert set(Counter(row.target for row in read)) == labels
    assert all(row.inputs["text"] for row in read)


def test_rows_of_another_task_are_refused_in_one_line(realdata, task):
    with pytest.raises(UserError) as error:
        task.fit(list(task.read(realdata / "conll2003" / "train.txt", "train")))
    assert "\n" not in str(error.value).split(" For example")[0]
