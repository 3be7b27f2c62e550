"""A task that is cheap to make, each with a reporter of its own that remembers what it was told."""

from __future__ import annotations

import pytest

import nlpsuite_ner
from nlpsuite.api import TaskContext
from nlpsuite.report import Silent
from nlpsuite.text.train_tokenizer import train_tokenizer


@pytest.fixture(scope="module")
def tokenizer():
    return train_tokenizer(["Ana met Bo in Rome and saw the sea."], vocab_size=280, report=Silent())


@pytest.fixture
def make(tokenizer, spy):
    def made(**settings):
        (spec,) = nlpsuite_ner.nlpsuite_tasks()
        return spec.build(TaskContext(tokenizer, 64, 1, type(spy)()), spec.config(**settings))

    return made


@pytest.fixture
def trained(make, tmp_path):
    """Make a task that was fitted on columns: words and tags, or words, parts of speech and tags."""

    def made(text="Ana B-PER\nmet O\n\nRome B-LOC\nsleeps O\n\n", /, **settings):
        task = make()
        path = tmp_path / "train.conll"
        path.write_text(text, encoding="utf-8")
        task.fit(list(task.read(path, "train")))
        again = make(**settings)
        again.restore(task.state())
        return again

    return made
