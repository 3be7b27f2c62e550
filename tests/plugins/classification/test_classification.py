from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

import pytest
import torch

import nlpsuite_classification
from nlpsuite import api
from nlpsuite.backbone.config import BackboneConfig
from nlpsuite.backbone.model import Backbone
from nlpsuite.config import build, read_recipe
from nlpsuite.host.manager import PluginHost
from nlpsuite.inference.artifact import load_task_model, save_task_model
from nlpsuite.inference.predictor import predict_rows
from nlpsuite.report import Silent
from nlpsuite.tasks.task import TaskContext
from nlpsuite.text.train_tokenizer import train_tokenizer
from nlpsuite.training.finetuning.settings import FinetuneSettings
from nlpsuite_classification import ClassificationSettings

PACKAGE = Path(nlpsuite_classification.__file__).parent
RECIPE = Path(__file__).parents[3] / "configs" / "tasks" / "classification.yaml"
TOKENIZER = train_tokenizer([f"the film of day {n} was good" for n in range(40)], vocab_size=300, report=Silent())
TINY = {"context": 32, "d_model": 16, "n_layers": 1, "n_heads": 1, "n_kv_heads": 1, "head_dim": 16, "d_ff": 16}
LABELS = {"red": "apple brick rose", "round": "ball coin apple", "old": "coin brick ruin"}


def make_task(**settings) -> api.Task:
    (spec,) = nlpsuite_classification.nlpsuite_tasks()
    return spec.build(TaskContext(TOKENIZER, 32, 0, Silent()), ClassificationSettings(**settings))


def test_the_demo_data_is_read_whole() -> None:
    splits = api.find_splits(PACKAGE / "demo")
    task = make_task()
    assert splits.train
    assert splits.valid
    assert splits.test
    train = list(task.read(splits.train, "train"))
    task.fit(train)
    others = [list(task.read(path, "test")) for path in (splits.valid, splits.test)]
    for rows in others:
        task.check(rows)
    assert [len(train), *map(len, others)] == [300, 60, 100]
    assert len(set(Counter(row.target for row in train).values())) == 1
    assert len({row.inputs["text"] for rows in (train, *others) for row in rows}) == 460
    assert len(task.state()["labels"]["names"]) == 5


def readme_blocks() -> dict[str, str]:
    readme = (PACKAGE.parent / "README.md").read_text(encoding="utf-8")
    return dict(re.findall(r"\n\*\*([^*]+)\*\*.*?\n```\n(.*?)```", readme, re.DOTALL))


def test_rows_as_the_readme_shows_them_are_read(tmp_path: Path) -> None:
    blocks = readme_blocks()
    suffixes = {
        "CSV": "csv", "TSV": "tsv", "JSON Lines": "jsonl", "Title and text": "csv", "Pairs": "tsv", "Several labels": "jsonl",
        "Several labels in one cell": "csv", "Columns of 0 and 1": "csv",
    }  # fmt: skip
    assert blocks.keys() == {*suffixes, "Folders"}
    for kind, suffix in suffixes.items():
        path = tmp_path / f"train.{suffix}"
        # What a column holds can be told from a few rows, not from two.
        times = 5 if kind == "Title and text" else 1
        shown = "".join(re.sub(r"\b(time|report)", rf"\1 {n}", blocks[kind]) for n in range(times))
        path.write_text(shown, encoding="utf-8")
        task = make_task()
        rows = list(task.read(path, "train"))
        task.fit(rows)
        assert len(rows) == 2 * times, kind
        assert all(len(row.inputs["text"]) > 20 for row in rows), kind
        assert ("text_pair" in rows[0].inputs) == (kind == "Pairs")
        expected = ("sports", "football") if "everal" in kind or "0 and 1" in kind else None
        assert rows[0].target == expected or expected is None, kind


def test_the_recipe_says_the_defaults_of_the_code() -> None:
    settings = build(FinetuneSettings, read_recipe(RECIPE), where=RECIPE)
    assert settings.target == "classification"
    assert build(ClassificationSettings, settings.task, where=RECIPE) == ClassificationSettings()
    text = RECIPE.read_text(encoding="utf-8")
    assert all(f"{name}:" in text for name in ClassificationSettings.model_fields)


def rows_of(kind: str) -> list[api.Row]:
    """Return rows whose labels their words tell, in one of the kinds of row."""
    rows = []
    for number, word in enumerate(["apple", "brick", "rose", "ball", "coin", "ruin", "sky"] * 12):
        labels = tuple(name for name, words in LABELS.items() if word in words)
        text = f"day {number} was the day of the {word} and good"
        if kind == "several":
            rows.append(api.Row({"text": text}, labels, f"train:{number}"))
        elif kind == "pair":
            other = word if number % 2 else "film"
            target = "same" if number % 2 else "other"
            rows.append(
                api.Row({"text": text, "text_pair": f"this is a {other} " * (number % 9)}, target, f"train:{number}")
            )
        else:
            rows.append(
                api.Row({"text": f"今天第{number}日{'好' if labels else '不'}吃" * (number % 7 + 1)}, str(len(labels)))
            )
    return rows


@pytest.mark.parametrize("kind", ["several", "pair", "chinese"])
def test_it_learns_predicts_and_is_the_same_when_loaded(kind: str, tmp_path: Path) -> None:
    task, rows = make_task(), rows_of(kind)
    task.fit(rows)
    backbone = Backbone(BackboneConfig(vocab_size=TOKENIZER.vocab_size, **TINY))
    backbone.initialise(0)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        head = task.make_head(16)
        for parameter in head.parameters():
            torch.nn.init.normal_(parameter, std=0.1)
    raw = [each for _, each in predict_rows(task, head, backbone, rows, TOKENIZER.pad_id)]
    assert task.calibrate(rows, raw)
    before = [each for _, each in predict_rows(task, head, backbone, rows, TOKENIZER.pad_id)]
    assert before != raw
    metrics = task.make_metrics()
    metrics.update(rows, before)
    assert metrics.compute()[task.monitor] > task.baseline(rows, rows)[task.monitor]
    apart = [next(predict_rows(task, head, backbone, [row], TOKENIZER.pad_id))[1] for row in rows]
    for one, other in zip(before, apart, strict=True):
        assert one["probabilities"] == pytest.approx(other["probabilities"], abs=1e-5)
    save_task_model(
        tmp_path,
        name="classification",
        settings=task.settings,
        task=task,
        head=head,
        backbone=backbone,
        tokenizer=TOKENIZER,
    )
    model = load_task_model(tmp_path, PluginHost.installed(Silent()))
    again = [each for _, each in predict_rows(model.task, model.head, model.backbone, rows, TOKENIZER.pad_id)]
    assert again == before
    assert model.task.monitor == task.monitor
    json.dumps(again, allow_nan=False)
    assert not model.task.calibrate(rows, again), "what was calibrated is not calibrated twice, nor what is loaded"


def test_several_labels_are_found_apart() -> None:
    task, rows = make_task(), rows_of("several")
    task.fit(rows)
    assert task.monitor == "f1_micro"
    backbone = Backbone(BackboneConfig(vocab_size=TOKENIZER.vocab_size, **TINY))
    backbone.initialise(0)
    head = task.make_head(16)
    new = [api.Row({"text": f"the {word}"}) for word in ("apple", "ruin", "sky")]
    found = [each["labels"] for _, each in predict_rows(task, head, backbone, new, TOKENIZER.pad_id)]
    assert found == [["red", "round"], ["old"], []]
