from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from pydantic import ValidationError

import nlpsuite_sentiment
from nlpsuite import api
from nlpsuite.report import Silent
from nlpsuite.tasks.task import TaskContext
from nlpsuite.text.train_tokenizer import train_tokenizer
from nlpsuite_sentiment import SentimentSettings

PACKAGE = Path(nlpsuite_sentiment.__file__).parent


def make_task(report: api.Reporter | None = None) -> api.Task:
    (spec,) = nlpsuite_sentiment.nlpsuite_tasks()
    tokenizer = train_tokenizer([f"the film of day {n} was good" for n in range(40)], vocab_size=300, report=Silent())
    return spec.build(TaskContext(tokenizer, 64, 0, report or Silent()), spec.config())


def test_declaring_the_task_leaves_torch_unimported() -> None:
    code = (
        "import sys, nlpsuite_sentiment as plugin; plugin.nlpsuite_tasks()[0].config(); "
        "sys.exit(any(name in sys.modules for name in ('torch', 'numpy', 'sentencepiece')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_declaration() -> None:
    (spec,) = nlpsuite_sentiment.nlpsuite_tasks()
    assert (spec.name, spec.api_version, spec.config) == ("sentiment", api.API_VERSION, SentimentSettings)
    assert spec.examples == PACKAGE / "demo"
    with pytest.raises(ValidationError):
        SentimentSettings.model_validate({"clas_weights": "balanced"})


def test_the_plugin_imports_only_the_api() -> None:
    for file in PACKAGE.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("nlpsuite"):
                assert node.module == "nlpsuite.api" or node.module.startswith("nlpsuite_sentiment"), (
                    file,
                    node.module,
                )


def test_labels_run_from_negative_to_positive() -> None:
    task = make_task()
    task.fit([api.Row({"text": "t"}, label) for label in ("positive", "neutral", "negative", "very negative")])
    assert task.state()["labels"]["names"] == ["very negative", "negative", "neutral", "positive"]
    task.fit([api.Row({"text": "t"}, label) for label in ("10", "2", "1")])
    assert task.state()["labels"]["names"] == ["1", "2", "10"]


def test_the_demo_data_is_read_whole() -> None:
    splits = api.find_splits(PACKAGE / "demo")
    task = make_task()
    assert splits.train is not None
    train = list(task.read(splits.train, "train"))
    task.fit(train)
    assert task.state()["labels"]["names"] == ["negative", "positive"]
    assert len(train) >= 400
    assert splits.test is not None
    test = list(task.read(splits.test, "test"))
    task.check(test)
    assert len(test) >= 150
    with splits.test.open(encoding="utf-8", newline="") as file:
        raw = [line.rstrip("\r\n") for line in file][1:]
    assert len(test) == len(raw)
    assert min(Counter(row.target for row in test).values()) > 0.4 * len(test)


def test_rows_as_the_readme_shows_them_are_read(tmp_path: Path) -> None:
    readme = (PACKAGE.parent / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"\*\*(TSV|CSV|JSON Lines)\*\*.*?```\n(.*?)```", readme, re.DOTALL)
    assert [kind for kind, _ in blocks] == ["TSV", "CSV", "JSON Lines"]
    for suffix, (_, text) in zip(("tsv", "csv", "jsonl"), blocks, strict=True):
        path = tmp_path / f"train.{suffix}"
        path.write_text(text, encoding="utf-8")
        rows = list(make_task().read(path, "train"))
        assert len(rows) == 2
        assert all(len(row.inputs["text"]) > 20 for row in rows)
        assert len({row.target for row in rows}) == 2


@pytest.mark.parametrize(
    ("labels", "ordered"),
    [
        ("1 2 3 4 5", True),
        ("negative neutral positive", True),
        ("负面 中性 正面", True),
        ("5星 1星 3星", True),
        ("0 1", False),
        ("joy anger fear", False),
    ],
)
def test_the_distance_is_measured_where_an_order_is_known(spy, labels: str, ordered: bool) -> None:
    task = make_task(spy)
    rows = [api.Row({"text": "t"}, label) for label in labels.split()]
    task.fit(rows)
    assert ("mean_absolute_error" in task.baseline(rows, rows)) == ordered
    told = any("order of the labels is not known" in line for line in spy.said)
    assert told == (not ordered and len(rows) > 2)
    assert task.monitor == "accuracy"
