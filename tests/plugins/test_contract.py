"""What every plugin of the suite keeps: one table of promises, held against all six on their own example rows."""

from __future__ import annotations

import ast
import json
import math
import subprocess
import sys
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import torch
import yaml

from nlpsuite.backbone.config import BackboneConfig
from nlpsuite.backbone.model import Backbone
from nlpsuite.config import build
from nlpsuite.errors import UserError
from nlpsuite.host.manager import PluginHost
from nlpsuite.inference.artifact import load_task_model, save_task_model
from nlpsuite.inference.predictor import predict_rows
from nlpsuite.report import Silent
from nlpsuite.tasks.batches import collate
from nlpsuite.tasks.network import Network
from nlpsuite.tasks.task import Row, Task, TaskContext
from nlpsuite.text.train_tokenizer import train_tokenizer

if TYPE_CHECKING:
    from torch import nn

    from nlpsuite.host.spec import TaskSpec
    from nlpsuite.text.tokenizer import Tokenizer

NAMES = ("classification", "generation", "ner", "qa", "sentiment", "translation")
HOST = PluginHost.installed(Silent())
ROWS = 12
LONG = {
    "classification": {"text": "一个很长的句子。 a very long sentence 🙂 " * 60},
    "sentiment": {"text": "一个很长的句子。 a very long sentence 🙂 " * 60},
    "ner": {"text": "Ana met Bo in Rome. 王小明去了北京。 👩‍👩‍👧 e\u0301 " * 40},
    "qa": {"question": "Who was it, 谁? " * 8, "context": "It was Ana. 是王小明。 🙂 e\u0301 " * 60},
    "translation": {"source": "Where is the station? 车站在哪里？ 🙂 " * 20},
    "generation": {"text": "It rained all day. 下了一整天雨。 🙂 " * 60},
}
"""Inputs far longer than the context, in two scripts."""


@dataclass
class Made:
    """A task with all it needs to predict, its weights drawn and not trained."""

    spec: TaskSpec[Any]
    task: Task
    head: nn.Module
    backbone: Backbone
    tokenizer: Tokenizer
    train: list[Row]
    rows: list[Row]

    def predict(self, rows: list[Row] | None = None, **options: Any) -> list[dict[str, Any]]:
        chosen = self.rows if rows is None else rows
        told = predict_rows(self.task, self.head, self.backbone, chosen, self.tokenizer.pad_id, **options)
        return [prediction for _, prediction in told]


@pytest.fixture(scope="module", params=NAMES)
def made(request: pytest.FixtureRequest) -> Made:
    return make(request.param)


def make(name: str) -> Made:
    spec = HOST.tasks()[name]
    assert spec.examples is not None
    lines = [line for path in sorted(spec.examples.iterdir()) for line in path.read_text(encoding="utf-8").splitlines()]
    tokenizer = train_tokenizer(lines, vocab_size=500, report=Silent())
    shape = {"context": 64, "d_model": 32, "n_layers": 2, "n_heads": 2, "n_kv_heads": 1, "head_dim": 16, "d_ff": 32}
    backbone = Backbone(BackboneConfig(vocab_size=tokenizer.vocab_size, **shape))
    backbone.initialise(3)
    stir(backbone, 0.02)
    task = spec.build(TaskContext(tokenizer, 64, 5, Silent()), spec.config())
    files = task.splits(spec.examples)
    assert files.train
    assert files.test
    train = list(task.read(files.train, "train"))
    task.fit(train)
    test = list(task.read(files.test, "test"))
    task.check(test)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        head = task.make_head(32)
    stir(head, 0.1)
    return Made(spec, task, head, backbone, tokenizer, train, test[:ROWS])


def stir(module: nn.Module, size: float) -> None:
    """Move every weight a little, so that no part of the network is at its neutral start."""
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for weight in module.parameters():
            weight += size * torch.randn(weight.shape, generator=generator)


def same(one: Any, other: Any, tolerance: float) -> bool:
    """Whether two predictions are equal, numbers within a tolerance."""
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=tolerance, abs_tol=tolerance)
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key], tolerance) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(same(a, b, tolerance) for a, b in zip(one, other, strict=True))
    return bool(one == other)


@pytest.mark.parametrize("name", NAMES)
def test_declaring_costs_no_torch(name: str) -> None:
    code = (
        f"import sys, nlpsuite_{name} as plugin; plugin.nlpsuite_tasks()[0].config(); "
        "sys.exit(any(name in sys.modules for name in ('torch', 'numpy', 'sentencepiece', 'sacrebleu')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


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


@pytest.mark.parametrize("name", NAMES)
def test_settings_survive_yaml_and_know_their_keys(name: str) -> None:
    spec = HOST.tasks()[name]
    settings = spec.config()
    again = build(spec.config, yaml.safe_load(yaml.safe_dump(settings.model_dump(mode="json"))), where="test")
    assert again == settings
    with pytest.raises(UserError):
        build(spec.config, {"no_such_setting": 1}, where="test")


def test_windows_fit_the_context_and_are_many_where_the_input_is_long(made: Made) -> None:
    for row in [*made.rows, long_row(made)]:
        for window in made.task.encode(row):
            assert 0 < len(window.ids) <= 64
            assert all(0 <= index < made.tokenizer.vocab_size for index in window.ids)


def test_the_loss_is_finite_and_reaches_every_weight_of_the_head(made: Made) -> None:
    windows = [window for row in made.train[:24] for window in made.task.encode(row)]
    made.head.zero_grad()
    made.backbone.zero_grad()
    batch = collate(windows, made.tokenizer.pad_id)
    loss = made.task.loss(Network(made.backbone, made.head.train(), made.task.attention), batch)
    loss.backward()
    made.head.eval()
    assert loss.ndim == 0
    assert torch.isfinite(loss)
    for name, weight in (*made.head.named_parameters(), *made.backbone.named_parameters()):
        assert weight.grad is not None, name
        assert torch.isfinite(weight.grad).all(), name


def test_it_learns_a_few_rows_by_heart(made: Made) -> None:
    windows = [window for row in made.train[:8] for window in made.task.encode(row)]
    own = make(made.spec.name)
    batch = collate(windows, own.tokenizer.pad_id)
    network = Network(own.backbone.train(), own.head.train(), own.task.attention)
    optimizer = torch.optim.AdamW([*own.backbone.parameters(), *own.head.parameters()], lr=5e-3)
    losses = []
    for _ in range(80):
        loss = own.task.loss(network, batch)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    # What label smoothing adds can never be learned away, so the bar is a share of what can.
    assert min(losses[-5:]) < 0.6 * losses[0]


def test_one_prediction_for_each_row_in_order(made: Made) -> None:
    rows = [*made.rows, long_row(made), *made.rows[:2]]
    predictions = made.predict(rows)
    assert len(predictions) == len(rows)
    assert same(predictions[-2:], predictions[:2], 1e-4)
    json.dumps(predictions, allow_nan=False)


def test_a_prediction_depends_on_its_row_alone(made: Made) -> None:
    rows = [*made.rows, long_row(made)]
    expected = made.predict(rows)
    assert same(made.predict(rows, batch_tokens=64), expected, 1e-4), "in small batches"
    assert same(made.predict(rows[::-1], pool=3)[::-1], expected, 1e-4), "in another order, among other neighbours"
    assert same([made.predict([row])[0] for row in rows[:4]], expected[:4], 1e-4), "alone"


def test_saved_and_loaded_it_predicts_the_same_to_the_last_bit(made: Made, tmp_path: Path) -> None:
    save_task_model(
        tmp_path,
        name=made.spec.name,
        settings=made.spec.config(),
        task=made.task,
        head=made.head,
        backbone=made.backbone,
        tokenizer=made.tokenizer,
    )
    config = json.loads((tmp_path / "heads" / made.spec.name / "config.json").read_text(encoding="utf-8"))
    assert config["state"] == json.loads(json.dumps(made.task.state()))
    loaded = load_task_model(tmp_path, HOST)
    task = loaded.task
    again = replace(made, task=task, head=loaded.head, backbone=loaded.backbone, tokenizer=loaded.tokenizer)
    # Where chance takes part it derives from the seed, which is a run's and not the model's.
    task.context = replace(task.context, seed=5)  # type: ignore[attr-defined]
    assert again.predict() == made.predict()


def test_scores_of_two_halves_are_those_of_the_whole(made: Made) -> None:
    predictions = made.predict()
    whole, halves = made.task.make_metrics(), made.task.make_metrics()
    whole.update(made.rows, predictions)
    halves.update(made.rows[:5], predictions[:5])
    halves.update(made.rows[5:], predictions[5:])
    assert halves.compute() == pytest.approx(whole.compute(), nan_ok=False)
    assert made.task.monitor in whole.compute()
    fresh = made.task.make_metrics()
    fresh.update(made.rows, predictions)
    assert fresh.compute() == whole.compute(), "no count is left over from others"
    for table in whole.tables():
        assert all(len(row) == len(table.columns) for row in table.rows)


def test_a_brief_prediction_is_enough_for_the_monitor(made: Made) -> None:
    metrics = made.task.make_metrics()
    metrics.update(made.rows, made.predict(brief=True))
    full = made.task.make_metrics()
    full.update(made.rows, made.predict())
    monitor = made.task.monitor
    assert metrics.compute()[monitor] == pytest.approx(full.compute()[monitor])


def test_the_simplest_guess_has_the_same_names(made: Made) -> None:
    guess = made.task.baseline(made.train, made.rows)
    metrics = made.task.make_metrics()
    metrics.update(made.rows, made.predict())
    assert set(guess) <= set(metrics.compute())
    assert guess or made.task.starts_able


def test_lines_of_a_pipe_are_read_as_they_come(made: Made) -> None:
    record = json.dumps(LONG[made.spec.name], ensure_ascii=False) + "\n"
    taken = 0

    def endless() -> Any:
        nonlocal taken
        while True:
            taken += 1
            yield record

    rows = list(islice(made.task.read_lines(endless(), "<stdin>"), 3))
    assert len(rows) == 3
    assert taken < 10
    assert all(row.target is None for row in rows)


def long_row(made: Made) -> Row:
    line = json.dumps(LONG[made.spec.name], ensure_ascii=False) + "\n"
    (row,) = made.task.read_lines([line], "<long>")
    return row
