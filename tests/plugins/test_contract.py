"""What the suite's own plugins keep beyond what any plugin promises, held against all six on their own example rows."""

from __future__ import annotations

import ast
from itertools import islice
from pathlib import Path

import pytest

from nlpsuite.host.manager import PluginHost
from nlpsuite.inference.predictor import predict_rows
from nlpsuite.report import Silent
from nlpsuite.testing.subject import CONTEXT, Subject, make_subject

NAMES = ("classification", "generation", "ner", "qa", "sentiment", "translation")
HOST = PluginHost.installed(Silent())


@pytest.fixture(scope="module", params=NAMES)
def made(request: pytest.FixtureRequest) -> Subject:
    return make_subject(HOST.tasks()[request.param], f"nlpsuite_{request.param}")


@pytest.mark.parametrize("name", NAMES)
def test_a_plugin_imports_the_api_and_nothing_else_of_the_suite(name: str) -> None:
    files = list((Path(__file__).parents[2] / "plugins" / name / f"nlpsuite_{name}").glob("*.py"))
    assert files
    for file in files:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module:
                modules = [node.module]
            for module in modules:
                own = module == "nlpsuite.api" or module.split(".")[0] == f"nlpsuite_{name}"
                assert own or not module.startswith("nlpsuite"), (file, module)


def test_windows_fit_the_context_and_hold_tokens_that_there_are(made: Subject) -> None:
    for row in [*made.rows, *long_rows(made)]:
        for window in made.task.encode(row):
            assert 0 < len(window.ids) <= CONTEXT
            assert all(0 <= index < made.tokenizer.vocab_size for index in window.ids)


def test_a_brief_prediction_is_enough_for_the_monitor(made: Subject) -> None:
    brief, full = made.task.make_metrics(), made.task.make_metrics()
    told = predict_rows(made.task, made.head, made.backbone, made.rows, made.tokenizer.pad_id, brief=True)
    brief.update(made.rows, [prediction for _, prediction in told])
    full.update(made.rows, made.predict(made.rows))
    monitor = made.task.monitor
    assert brief.compute()[monitor] == pytest.approx(full.compute()[monitor])


def test_there_is_a_simplest_guess(made: Subject) -> None:
    assert made.task.baseline(made.rows, made.rows) or made.task.starts_able


def test_lines_of_a_pipe_are_read_as_they_come(made: Subject) -> None:
    record = (made.cases / "long.jsonl").read_text(encoding="utf-8")
    taken = 0

    def endless():
        nonlocal taken
        while True:
            taken += 1
            yield record

    rows = list(islice(made.task.read_lines(endless(), "<stdin>"), 3))
    assert len(rows) == 3
    assert taken < 10
    assert all(row.target is None for row in rows)


def long_rows(made: Subject) -> list:
    return list(made.task.read(made.cases / "long.jsonl", "predict"))
