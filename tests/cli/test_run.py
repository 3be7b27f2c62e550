from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from nlpsuite.backbone.checkpoint import save_backbone
from nlpsuite.backbone.config import BackboneConfig
from nlpsuite.backbone.model import Backbone
from nlpsuite.cli.app import main
from nlpsuite.config import build, read_recipe
from nlpsuite.report import Silent
from nlpsuite.text.train_tokenizer import train_tokenizer
from nlpsuite.training.finetuning.settings import FinetuneSettings

if TYPE_CHECKING:
    from collections.abc import Callable

RECIPE = Path(__file__).parents[2] / "configs" / "tasks" / "sentiment.yaml"


@pytest.fixture(scope="module")
def backbone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    tokenizer = train_tokenizer(["the film was good and the book was bad"], vocab_size=280, report=Silent())
    shape = {"context": 64, "d_model": 16, "n_layers": 1, "n_heads": 2, "n_kv_heads": 1, "head_dim": 8, "d_ff": 24}
    network = Backbone(BackboneConfig(vocab_size=tokenizer.vocab_size, **shape))
    network.initialise(0)
    folder = tmp_path_factory.mktemp("backbone")
    save_backbone(folder, network, tokenizer)
    return folder


@pytest.fixture
def data(tmp_path: Path) -> Path:
    rows = [f"the film number {n} was {('good', 'bad')[n % 2]}\t{('yes', 'no')[n % 2]}" for n in range(30)]
    path = tmp_path / "rows.tsv"
    path.write_text("\n".join(["text\tlabel", *rows]) + "\n")
    return path


@pytest.fixture
def suite(
    backbone: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[int, str, str]]:
    """Call `suite run` with the tiny backbone and data, in a folder of its own."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str, given: bool = True) -> tuple[int, str, str]:
        usual = ["--backbone", str(backbone), "--data", str(data)] if given else []
        status = main(["run", *arguments, *usual])
        out, err = capsys.readouterr()
        return status, out, err

    return call


Suite = Any


def test_the_end_is_a_table_and_the_next_command(suite: Suite, tmp_path: Path):
    status, out, err = suite("sentiment", "--set", "max_steps=2", "--out", "r")
    assert status == 0, err
    lines = out.splitlines()
    assert lines[0].split() == ["metric", "value", "simplest", "guess"]
    assert lines[1].startswith("val/accuracy")
    assert lines[-2:] == ["model: r/model", "next: suite predict r FILE"]
    assert "fine-tuning" in err
    assert (tmp_path / "r" / "model" / "heads" / "sentiment" / "config.json").is_file()


def test_json_is_one_object(suite: Suite):
    status, out, _ = suite("sentiment", "--set", "max_steps=2", "--out", "r", "--json", "-q")
    assert status == 0
    result = json.loads(out)
    assert (result["command"], result["run"], result["task"]) == ("run", "r", "sentiment")
    assert result["model"] == "r/model"
    assert {"val/accuracy", "test/f1_macro"} <= result["metrics"].keys()
    assert {"seconds", "tokens_per_second", "baseline"} <= result.keys()


def test_the_default_folder_is_named_after_the_task(suite: Suite, tmp_path: Path):
    assert suite("sentiment", "--set", "max_steps=1", "-q")[0] == 0
    assert [path.name.rpartition("-")[0].rpartition("-")[0] for path in (tmp_path / "runs").iterdir()] == ["sentiment"]


def test_flags_win_over_set_over_recipe(suite: Suite, tmp_path: Path):
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text("target: sentiment\nmax_steps: 1\nlr: 1.0\nwarmup: 0.2\nclip: 2.0\ntask: {overlap: 0.5}\n")
    arguments = ["--config", str(recipe), "--set", "warmup=0.3", "--set", "lr=0.5", "--lr", "1e-4", "--out", "r"]
    status, _, err = suite(*arguments, "--set", "task.dropout=0.2", "--seed", "9")
    assert status == 0, err
    config = yaml.safe_load((tmp_path / "r" / "config.yaml").read_text())
    assert (config["lr"], config["warmup"], config["clip"], config["seed"]) == (1e-4, 0.3, 2.0, 9)
    assert (config["task"]["overlap"], config["task"]["dropout"]) == (0.5, 0.2)
    # What a run has resolved is itself a recipe.
    assert suite("--config", "r/config.yaml", "--out", "again", given=False)[0] == 0
    again = yaml.safe_load((tmp_path / "again" / "config.yaml").read_text())
    assert again == config
    first, second = (json.loads((tmp_path / name / "metrics.json").read_text()) for name in ("r", "again"))
    assert first["val/accuracy"] == second["val/accuracy"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "no task is named"),
        (["sentimnt"], "did you mean `sentiment`"),
        (["sentiment", "sentiment"], "named twice"),
        (["sentiment", "--set", "lrr=1"], "unknown setting `lrr`; did you mean `lr`"),
        (["sentiment", "--set", "task.overlp=1"], "unknown setting `overlp`; did you mean `overlap`"),
        (["sentiment", "--tune", "most"], "setting `tune` = 'most'"),
        (["sentiment", "--time", "10"], "`10` has no unit"),
        (["sentiment", "--time", "10m", "--epochs", "2"], "more than one budget"),
        (["sentiment", "--resume"], "--resume needs the run's folder"),
        (["sentiment", "--resume", "--out", "nothing"], "no such run"),
        (["sentiment", "--config", "nothing.yaml"], "no such recipe"),
    ],
)
def test_wrong_input_is_one_line_and_status_2(suite: Suite, tmp_path: Path, arguments: list[str], message: str):
    status, out, err = suite(*arguments)
    assert (status, out) == (2, "")
    assert message in err.splitlines()[-1]
    assert not list(tmp_path.glob("runs/*"))


def test_several_tasks_are_one_object_too_and_those_finished_before_are_in_it(suite: Suite, tmp_path: Path):
    words = ("sentiment", "classification", "--set", "max_steps=2", "--out", "all", "--json", "-q")
    status, out, err = suite(*words)
    assert status == 0, err
    found = json.loads(out)
    assert [each["run"] for each in found["runs"]] == ["all/sentiment", "all/classification"]
    status, out, _ = suite(*words)
    assert (status, json.loads(out)) == (0, found), "both finished before"
    (tmp_path / "all" / "classification" / "metrics.json").unlink()
    again = json.loads(suite(*words)[1])
    assert [each["metrics"] for each in again["runs"]] == [each["metrics"] for each in found["runs"]]


def test_a_resumed_run_knows_its_folders_by_what_was_typed(
    suite: Suite, tmp_path: Path, backbone: Path, data: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(backbone.parent)
    words = ("--backbone", backbone.name, "--data", str(data), "--set", "max_steps=2", "--out", str(tmp_path / "r"))
    assert suite("sentiment", *words, given=False)[0] == 0
    (tmp_path / "r" / "metrics.json").unlink()
    status, _, err = suite("--resume", "--set", "target=classification", *words, given=False)
    assert (status, "the run is of task `sentiment`" in err) == (2, True)
    status, _, err = suite("--resume", "--set", "target=sentiment", *words, given=False)
    assert status == 0, err


def test_a_plugin_that_is_not_installed_is_named_to_be_before_its_model_is_used(suite: Suite, tmp_path: Path):
    package = Path(__file__).parents[1] / "thirdparty" / "nlpsuite-topics"
    examples = package / "nlpsuite_topics" / "examples"
    words = ("--data", str(examples), "--backbone", "scratch", "--set", "max_steps=2", "--out", "r")
    status, out, err = suite(str(package), *words, given=False)
    assert status == 0, err
    assert out.splitlines()[-1] == f"next: pip install -e {package} && suite predict r FILE"


def test_missing_backbone_and_data(suite: Suite):
    status, _, err = suite("sentiment", "--backbone", "no/such", "--data", "no.tsv", "--out", "r", given=False)
    assert status == 2
    assert "no/such: no such folder" in err
    assert (
        "no.tsv: no such file or folder"
        in suite("sentiment", "--backbone", "scratch", "--data", "no.tsv", given=False)[2]
    )


def test_a_stopped_run_goes_on_only_with_its_own_settings(suite: Suite, tmp_path: Path):
    assert suite("sentiment", "--set", "max_steps=2", "--out", "r", "-q")[0] == 0
    (tmp_path / "r" / "metrics.json").unlink()
    status, _, err = suite("--resume", "--out", "r", "--lr", "1e-3", given=False)
    assert status == 2
    assert "setting `lr` differs" in err
    assert suite("--resume", "--out", "r", given=False)[0] == 0


def test_the_recipe_holds_the_defaults():
    recipe = read_recipe(RECIPE)
    settings = build(FinetuneSettings, recipe, where=RECIPE)
    for name in recipe.keys() - {"target", "task"}:
        assert getattr(settings, name) == FinetuneSettings.model_fields[name].get_default(), name
