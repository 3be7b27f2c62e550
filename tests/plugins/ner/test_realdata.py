"""The ner plugin reads real data sets as they are, with no registration."""

from __future__ import annotations

import pytest

import nlpsuite_ner
from nlpsuite.api import TaskContext
from nlpsuite.report import Silent
from nlpsuite.text.train_tokenizer import train_tokenizer

pytestmark = pytest.mark.realdata


@pytest.fixture
def task():
    tokenizer = train_tokenizer(["a tiny tokenizer is enough to read rows"], vocab_size=264, report=Silent())
    (spec,) = nlpsuite_ner.nlpsuite_tasks()
    return spec.build(TaskContext(tokenizer, 256, 1, Silent()), spec.config())


@pytest.mark.parametrize(
    ("name", "split", "rows", "entities", "scheme"),
    [
        ("conll2003", "train", 14_041, 23_499, "IOB2"),
        ("conll2003", "valid", 3_250, 5_942, "IOB2"),
        ("conll2003", "test", 3_453, 5_648, "IOB2"),
        ("zh/resume_ner", "valid", 463, 1_497, "BMES"),
        ("zh/resume_ner", "test", 477, 1_630, "BMES"),
    ],
)
def test_every_sentence_and_entity_is_read(realdata, task, name, split, rows, entities, scheme):
    path = getattr(task.splits(realdata / name), split)
    read = list(task.read(path, "train"))
    assert len(read) == rows
    assert sum(len(row.target) for row in read) == entities
    assert task._scheme.name == scheme
    assert all(row.inputs["tokens"] for row in read)
    task.fit(read)
    assert sum(window.features.n_words for row in read[:50] for window in task.encode(row)) >= sum(
        len(row.inputs["tokens"]) for row in read[:50]
    )
