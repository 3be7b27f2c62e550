"""Every recipe under configs/ is valid, and trains."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from nlpsuite.backbone.checkpoint import load_backbone, save_backbone
from nlpsuite.backbone.model import Backbone
from nlpsuite.cli.app import main
from nlpsuite.config import build, merge, read_recipe
from nlpsuite.host.manager import PluginHost
from nlpsuite.report import Silent
from nlpsuite.training.finetuning.settings import FinetuneSettings, with_task_defaults
from nlpsuite.training.pretraining.pretrain import PretrainRequest, pretrain
from nlpsuite.training.pretraining.settings import PretrainSettings

ROOT = Path(__file__).resolve().parents[2]
PRETRAIN = sorted((ROOT / "configs" / "pretrain").glob("*.yaml"))
TASKS = sorted((ROOT / "configs" / "tasks").glob("*.yaml"))
SMALL = {
    "model": {
        "vocab_size": 300, "context": 16, "d_model": 16, "n_layers": 1, "n_heads": 1, "n_kv_heads": 1, "head_dim": 16,
        "d_ff": 16,
    },
    "optimizer": {"batch_tokens": 64, "micro_tokens": 64},
    "max_steps": 1,
    "valid_tokens": 64,
    "samples": 0,
}  # fmt: skip


def test_there_is_a_recipe_for_every_size():
    assert {path.stem for path in PRETRAIN} == {"nano", "micro", "small", "base"}


@pytest.mark.parametrize("path", PRETRAIN, ids=lambda path: path.stem)
def test_a_pretraining_recipe_trains_a_step(path, tmp_path, text_file):
    recipe = build(PretrainSettings, read_recipe(path), where=path)
    assert recipe.model.size == path.stem
    settings = build(PretrainSettings, merge(read_recipe(path), SMALL), where=path)
    request = PretrainRequest(
        text=[str(text_file)], settings=settings, out=tmp_path / "run", cache=tmp_path / "tokens", init=None, tokens=None,
        resume=False, resume_command="",
    )  # fmt: skip
    assert pretrain(replace(request), Silent())["steps"] == 1


def test_the_nano_recipe_says_the_defaults_of_the_code():
    recipe = build(PretrainSettings, read_recipe(ROOT / "configs/pretrain/nano.yaml"), where="nano")
    assert recipe == build(PretrainSettings, {"model": {"size": "nano"}}, where="code")


def test_there_is_a_recipe_for_every_task():
    assert {path.stem for path in TASKS} == set(PluginHost.installed(Silent()).tasks())


@pytest.mark.parametrize("path", TASKS, ids=lambda path: path.stem)
def test_a_task_recipe_says_the_defaults_of_the_code(path):
    given = read_recipe(path)
    spec = PluginHost.installed(Silent()).tasks()[given["target"]]
    usual = with_task_defaults(build(FinetuneSettings, {}, where="code"), {}, spec)
    recipe = with_task_defaults(build(FinetuneSettings, given, where=path), given, spec)
    assert build(spec.config, recipe.task, where=path) == spec.config()
    assert recipe.model_copy(update={"target": None, "task": {}}) == usual


@pytest.fixture(scope="module")
def longer(backbone_folder, tmp_path_factory):
    """The small backbone with a context that the example rows fit into."""
    backbone, tokenizer = load_backbone(backbone_folder)
    other = Backbone(replace(backbone.config, context=192))
    other.load_state_dict(backbone.state_dict())
    folder = tmp_path_factory.mktemp("longer")
    save_backbone(folder, other, tokenizer)
    return folder


@pytest.mark.parametrize("path", TASKS, ids=lambda path: path.stem)
def test_a_task_recipe_trains_a_step(path, tmp_path, longer):
    small = ["--backbone", str(longer), "--max-steps", "1", "--limit", "60", "--set", "validations=1"]
    assert main(["run", "--config", str(path), "--out", str(tmp_path / "run"), "-q", *small]) == 0
    assert (tmp_path / "run" / "model" / "heads" / path.stem / "config.json").is_file()
