"""Multi30k is read as it is: parallel files, four test sets, both directions."""

from __future__ import annotations

import pytest

from nlpsuite.api import TaskContext
from nlpsuite.report import Silent
from nlpsuite.text.train_tokenizer import train_tokenizer
from nlpsuite_translation import nlpsuite_tasks

pytestmark = pytest.mark.realdata


def make_task(**settings):
    tokenizer = train_tokenizer(["a tiny tokenizer is enough to read rows"], vocab_size=264, report=Silent())
    (spec,) = nlpsuite_tasks()
    return spec.build(TaskContext(tokenizer, 256, 1, Silent()), spec.config(**settings))


def test_every_pair_is_read(realdata):
    task = make_task()
    files = task.splits(realdata / "multi30k_ende")
    assert files.test is not None
    assert files.test.name == "test_2016_flickr.en"
    for path, split, count in (
        (files.train, "train", 29_000),
        (files.valid, "valid", 1_014),
        (files.test, "predict", 1_000),
    ):
        rows = list(task.read(path, split))
        assert len(rows) == count
        assert all(row.inputs["source"] and row.target for row in rows)


@pytest.mark.parametrize(("name", "count"), [("test_2017_mscoco", 461), ("test_2018_flickr", 1_071)])
def test_another_test_set_in_the_other_direction(realdata, name, count):
    task = make_task(source="de", target="en", test=name)
    files = task.splits(realdata / "multi30k_ende")
    assert files.test == realdata / "multi30k_ende" / f"{name}.de"
    assert len(list(task.read(files.test, "test"))) == count
