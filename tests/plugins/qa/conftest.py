"""A small task with a tokenizer of its own, and a network with weights that are drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from nlpsuite.report import Silent

if TYPE_CHECKING:
    from collections.abc import Callable

    from nlpsuite.api import Row, Task, Tokenizer

CONTEXT = "The mill by the river was built by Anna Berg in 1871. It burned down in 1902, and nobody rebuilt it."


class Notes(Silent):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.warned: list[str] = []

    def say(self, text: str) -> None:
        self.said.append(text)

    def warn(self, text: str) -> None:
        self.warned.append(text)


@pytest.fixture
def notes() -> Notes:
    return Notes()


@pytest.fixture(scope="session")
def tokenizer() -> Tokenizer:
    from nlpsuite.text.train_tokenizer import train_tokenizer

    return train_tokenizer([CONTEXT, "Who built the mill?", "When did it burn down?"], vocab_size=330, report=Silent())


@pytest.fixture
def make_task(tokenizer: Tokenizer, notes: Notes) -> Callable[..., Task]:
    from nlpsuite.api import TaskContext
    from nlpsuite_qa import nlpsuite_tasks

    def make(rows: list[Row] | None = None, length: int = 64, **settings: Any) -> Task:
        (spec,) = nlpsuite_tasks()
        task = spec.build(TaskContext(tokenizer, length, 0, notes), spec.config(**settings))
        if rows:
            task.fit(rows)
        return task

    return make
