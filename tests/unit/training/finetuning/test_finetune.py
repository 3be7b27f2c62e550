"""Fine-tuning from rows to a model, on the sentiment plugin."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
from contextlib import contextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
import torch

from nlpsuite.backbone.checkpoint import load_backbone
from nlpsuite.backbone.model import Backbone
from nlpsuite.backbone.writing import save_weights
from nlpsuite.errors import Interrupted, UserError
from nlpsuite.host.manager import PluginHost
from nlpsuite.inference.artifact import load_task_model
from nlpsuite.inference.predictor import predict_rows
from nlpsuite.report import Silent
from nlpsuite.tasks.batches import collate
from nlpsuite.tasks.masking import masked_loss, random_tokens
from nlpsuite.tasks.task import Window
from nlpsuite.training.finetuning.finetune import _compare
from nlpsuite.training.finetuning.module import FinetuneModule
from nlpsuite.training.finetuning.plan import calibration_rows
from nlpsuite.training.finetuning.watch import costly_scoring
from nlpsuite_sentiment.task import Sentiment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from nlpsuite.report import Progress
    from nlpsuite.training.finetuning.result import FinetuneResult

HOST = PluginHost.installed(Silent())


class Spy(Silent):
    """Keeps what it is told, and does something at a certain step."""

    def __init__(self, at: str = "never", action: Callable[[], object] = lambda: None):
        self.lines: list[str] = []
        self.warnings: list[str] = []
        self._at, self._action = at, action

    def say(self, text: str) -> None:
        self.lines.append(text)

    def warn(self, text: str) -> None:
        self.warnings.append(text)

    @contextmanager
    def progress(self, title: str, total: float | None, unit: str) -> Iterator[Progress]:
        yield self

    def update(self, completed: float, note: str = "") -> None:
        if note.startswith(self._at):
            self._action()


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_backbone(folder)[0].state_dict()


def validated(folder: Path) -> list[int]:
    with (folder / "metrics.csv").open() as file:
        return [int(row["step"]) for row in csv.DictReader(file) if row["val/accuracy"]]


def test_rows_to_model(run: Callable[..., FinetuneResult], tmp_path: Path):
    result = run(tmp_path / "r", epochs=12)
    assert result.metrics["val/accuracy"] == result.metrics["test/accuracy"] == 1.0
    assert result.baseline["test/accuracy"] == 0.5
    assert result.epochs == pytest.approx(12, abs=0.5)
    files = "config.yaml metrics.json metrics.csv predictions.jsonl environment.json train.log model checkpoints"
    assert {path.name for path in result.run.iterdir()} == set(files.split())
    figures = json.loads((result.run / "metrics.json").read_text())
    assert figures["test/accuracy"] == 1.0
    assert figures["baseline"] == result.baseline
    assert {"seconds", "tokens_per_second", "epochs"} <= figures.keys()
    assert "| test/accuracy | 1.0000 | 0.5000 |" in (result.model / "README.md").read_text()


def test_the_saved_model_makes_the_very_predictions_that_were_scored(
    run: Callable[..., FinetuneResult], tmp_path: Path
):
    for tune in ("full", "lora"):
        result = run(tmp_path / tune, epochs=2, tune=tune)
        model = load_task_model(result.model, HOST)
        lines = [json.loads(line) for line in (result.run / "predictions.jsonl").read_text().splitlines()]
        rows = list(model.task.read_lines((json.dumps({"text": line["text"]}) for line in lines), "kept"))
        again = list(predict_rows(model.task, model.head, model.backbone, rows, model.tokenizer.pad_id))
        kept = [{name: line[name] for name in ("label", "probabilities")} for line in lines]
        assert [prediction for _, prediction in again] == kept
        right = sum(line["label"] == line["target"] for line in lines)
        assert result.metrics["test/accuracy"] == pytest.approx(right / len(lines), abs=1e-6)


def test_the_seed_decides_everything(run: Callable[..., FinetuneResult], tmp_path: Path):
    one, two, other = (run(tmp_path / name, epochs=2, seed=seed) for name, seed in (("a", 3), ("b", 3), ("c", 4)))
    assert one.metrics == two.metrics
    for file in ("model.safetensors", "heads/sentiment/model.safetensors"):
        assert (one.model / file).read_bytes() == (two.model / file).read_bytes()
        assert (one.model / file).read_bytes() != (other.model / file).read_bytes()


def test_chance_outside_is_left_alone(run: Callable[..., FinetuneResult], tmp_path: Path):
    torch.manual_seed(11)
    expected = torch.rand(4)
    torch.manual_seed(11)
    run(tmp_path / "r", max_steps=2)
    assert torch.equal(torch.rand(4), expected)


def test_tune_head_leaves_the_backbone(run: Callable[..., FinetuneResult], tiny_backbone: Path, tmp_path: Path):
    result = run(tmp_path / "r", epochs=3, tune="head")
    before, after = weights(tiny_backbone), weights(result.model)
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_tune_lora_changes_matrices_of_blocks_alone(
    run: Callable[..., FinetuneResult], tiny_backbone: Path, tmp_path: Path
):
    result = run(tmp_path / "r", epochs=3, tune="lora")
    before, after = weights(tiny_backbone), weights(result.model)
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert changed == {name for name in before if name.startswith("blocks.") and "norm" not in name}


def test_the_best_weights_are_kept_and_training_stops(
    run: Callable[..., FinetuneResult], sentiment_data: Path, tmp_path: Path
):
    data = tmp_path / "data"
    data.mkdir()
    swap = {"positive": "negative", "negative": "positive"}
    (data / "train.tsv").write_text((sentiment_data / "train.tsv").read_text())
    lines = (sentiment_data / "valid.tsv").read_text().splitlines()
    # The more is learned, the worse the score: the best weights are early ones.
    wrong = [f"{text}\t{swap.get(label, label)}" for text, label in (line.split("\t") for line in lines)]
    (data / "valid.tsv").write_text("\n".join(wrong) + "\n")
    spy = Spy()
    result = run(tmp_path / "r", spy, data=str(data), max_steps=200, patience=3, validation_share=1.0, validations=50)
    assert result.stopped_early
    assert result.steps < 200
    assert result.best_step < result.steps
    with (result.run / "metrics.csv").open() as file:
        scores = [float(row["val/accuracy"]) for row in csv.DictReader(file) if row["val/accuracy"]]
    assert result.metrics["val/accuracy"] == max(scores) > scores[-1]
    assert any("stopped early" in line for line in spy.lines)


@pytest.mark.parametrize(("number", "step"), [(signal.SIGINT, 5), (signal.SIGTERM, 5), (signal.SIGTERM, 6)])
def test_stopped_and_resumed_is_as_never_stopped(
    run: Callable[..., FinetuneResult], tmp_path: Path, number: signal.Signals, step: int
):
    # Two micro-batches a step, and validations before and after the stop; one of them is due after step 6.
    values = {"max_steps": 12, "micro_tokens": 128, "batch_tokens": 256, "validation_share": 1.0, "validations": 4}
    whole = run(tmp_path / "whole", **values)
    stopped = tmp_path / "stopped"
    with pytest.raises(Interrupted, match=f"suite run --resume --out {stopped}"):
        run(stopped, Spy(f"step {step} ", lambda: os.kill(os.getpid(), number)), **values)
    assert not (stopped / "model").exists()
    resumed = run(stopped, resume=True, **values)
    assert resumed.steps == whole.steps == 12
    assert validated(stopped) == validated(tmp_path / "whole") == [3, 6, 9, 12]
    assert resumed.metrics == whole.metrics
    assert resumed.best_step == whole.best_step
    for file in ("model.safetensors", "heads/sentiment/model.safetensors"):
        assert (resumed.model / file).read_bytes() == (whole.model / file).read_bytes()


def test_patience_ends_where_it_would_have_though_the_run_was_stopped_in_that_validation(
    run: Callable[..., FinetuneResult], tmp_path: Path
):
    values = {"max_steps": 40, "validation_share": 1.0, "validations": 20, "patience": 2}
    whole = run(tmp_path / "whole", **values)
    assert whole.stopped_early
    stopped = tmp_path / "stopped"
    with pytest.raises(Interrupted):
        run(stopped, Spy(f"step {whole.steps} ", lambda: os.kill(os.getpid(), signal.SIGINT)), **values)
    resumed = run(stopped, resume=True, **values)
    assert resumed.stopped_early
    assert (resumed.steps, resumed.best_step, resumed.metrics) == (whole.steps, whole.best_step, whole.metrics)


def test_adapters_of_a_stopped_run_go_on_with_the_backbone_that_they_are_for(
    run: Callable[..., FinetuneResult], tiny_backbone: Path, tmp_path: Path
):
    base = tmp_path / "base"
    shutil.copytree(tiny_backbone, base)
    values = {"max_steps": 6, "tune": "lora", "backbone": str(base)}
    whole = run(tmp_path / "whole", **values)
    for name in ("stopped", "spoilt"):
        with pytest.raises(Interrupted):
            run(tmp_path / name, Spy("step 3 ", lambda: os.kill(os.getpid(), signal.SIGINT)), **values)
    resumed = run(tmp_path / "stopped", resume=True, **values)
    for file in ("adapter_model.safetensors", "heads/sentiment/model.safetensors"):
        assert (resumed.model / file).read_bytes() == (whole.model / file).read_bytes()
    other = Backbone(load_backbone(base)[0].config)
    other.initialise(7)
    save_weights(base, other)
    with pytest.raises(UserError, match="the backbone has changed since the run began"):
        run(tmp_path / "spoilt", resume=True, **values)


def test_adapters_know_the_backbone_as_it_was_when_training_began(
    run: Callable[..., FinetuneResult], tiny_backbone: Path, tmp_path: Path
):
    base = tmp_path / "base"
    shutil.copytree(tiny_backbone, base)

    def replaced() -> None:
        other = Backbone(load_backbone(base)[0].config)
        other.initialise(7)
        save_weights(base, other)

    result = run(tmp_path / "r", Spy("step 3 ", replaced), max_steps=6, tune="lora", backbone=str(base))
    with pytest.raises(UserError, match="have changed since"):
        load_task_model(result.model, HOST)


def test_a_finished_run_is_not_resumed(run: Callable[..., FinetuneResult], tmp_path: Path):
    run(tmp_path / "r", max_steps=2)
    with pytest.raises(UserError, match="finished"):
        run(tmp_path / "r", resume=True, max_steps=2)


def test_a_run_stopped_after_training_goes_on_with_scoring(run: Callable[..., FinetuneResult], tmp_path: Path):
    whole = run(tmp_path / "whole", max_steps=3)
    out = tmp_path / "r"
    run(out, max_steps=3)
    (out / "metrics.json").unlink()
    resumed = run(out, resume=True, max_steps=3)
    assert (resumed.metrics, resumed.steps) == (whole.metrics, 3)


def test_changed_rows_are_noticed(run: Callable[..., FinetuneResult], tmp_path: Path):
    out = tmp_path / "r"
    with pytest.raises(Interrupted):
        run(out, Spy("step 2 ", lambda: os.kill(os.getpid(), signal.SIGINT)), max_steps=5)
    with pytest.raises(UserError, match="changed"):
        run(out, resume=True, max_steps=5, limit=40)


@pytest.mark.parametrize(("name", "kind"), [("train.tsv", "training"), ("valid.tsv", "validation")])
def test_a_label_that_changed_is_noticed(
    run: Callable[..., FinetuneResult], tmp_path: Path, sentiment_data: Path, name: str, kind: str
):
    data, out = tmp_path / "data", tmp_path / "r"
    shutil.copytree(sentiment_data, data)
    with pytest.raises(Interrupted):
        run(out, Spy("step 2 ", lambda: os.kill(os.getpid(), signal.SIGINT)), max_steps=5, data=str(data))
    (data / name).write_text((data / name).read_text().replace("positive", "negative", 1))
    with pytest.raises(UserError, match=f"the {kind} rows have changed"):
        run(out, resume=True, max_steps=5, data=str(data))


def test_a_time_budget_is_honoured(run: Callable[..., FinetuneResult], tmp_path: Path):
    result = run(tmp_path / "r", time=5.0, patience=0)
    assert 4.5 <= result.seconds <= 5.5
    assert result.epochs > 3


def test_more_than_one_budget_is_refused_and_leaves_nothing(run: Callable[..., FinetuneResult], tmp_path: Path):
    with pytest.raises(UserError, match="time and epochs: more than one budget"):
        run(tmp_path / "r", time=5.0, epochs=2)
    assert not (tmp_path / "r").exists()


def test_bad_data_leaves_no_folder(run: Callable[..., FinetuneResult], tmp_path: Path):
    (tmp_path / "data.tsv").write_text("text\tlabel\nfine\tyes\nnot fine\n")
    with pytest.raises(UserError, match=r"data.tsv:3"):
        run(tmp_path / "r", data=str(tmp_path / "data.tsv"))
    assert not (tmp_path / "r").exists()


def test_a_folder_with_something_in_it_is_left_alone(run: Callable[..., FinetuneResult], tmp_path: Path):
    (tmp_path / "mine.txt").write_text("precious")
    with pytest.raises(UserError, match="not empty"):
        run(tmp_path)
    assert (tmp_path / "mine.txt").read_text() == "precious"


@pytest.mark.parametrize("steps", [4, 40])
def test_divergence_is_an_error(run: Callable[..., FinetuneResult], tmp_path: Path, steps: int):
    with pytest.raises(UserError, match="loss became"):
        run(tmp_path / "r", lr=1e30, clip=0.0, max_steps=steps)
    assert not (tmp_path / "r" / "model").exists()


def test_test_rows_without_labels_are_predicted(
    run: Callable[..., FinetuneResult], sentiment_data: Path, tmp_path: Path
):
    data = tmp_path / "data"
    data.mkdir()
    for name in ("train.tsv", "valid.tsv"):
        (data / name).write_text((sentiment_data / name).read_text())
    (data / "test.tsv").write_text("text\nthe film was warm\nthe book was dull\n")
    result = run(tmp_path / "r", data=str(data), max_steps=2)
    assert not any(name.startswith("test/") for name in result.metrics)
    lines = [json.loads(line) for line in (result.run / "predictions.jsonl").read_text().splitlines()]
    assert [(line["text"], line["target"]) for line in lines] == [
        ("the film was warm", None),
        ("the book was dull", None),
    ]


def test_from_scratch_with_its_own_tokenizer(run: Callable[..., FinetuneResult], tmp_path: Path):
    result = run(tmp_path / "r", backbone="scratch", max_steps=2)
    backbone, tokenizer = load_backbone(result.model)
    assert backbone.config.n_layers == 6
    assert backbone.config.vocab_size == tokenizer.vocab_size < 600


@pytest.mark.parametrize(
    ("learned", "guess", "mode", "said"),
    [
        (0.9, 0.5, "max", ""),
        (0.5, 0.5, "max", "no better than the simplest guess"),
        (1.0, 1.0, "max", "right on every validation row"),
        (2.0, 2.5, "min", ""),
        (2.5, 2.5, "min", "no better than the simplest guess"),
    ],
)
def test_a_model_that_learned_nothing_is_told_from_rows_that_teach_nothing(spy, learned, guess, mode, said):
    _compare(learned, guess, mode, spy)
    assert [said in line for line in spy.warned] == ([True] if said else [])


def test_scoring_that_takes_much_of_the_time_is_told_with_both_times():
    said = costly_scoring(720.0, 1680.0)
    assert "about 12 min of the 28 min" in said
    assert "--time" in said


@pytest.mark.parametrize(("tune", "adapted"), [("full", 4), ("lora", 4), ("head", 0)])
def test_a_task_may_begin_with_an_objective_of_its_own(run, tmp_path, monkeypatch, tune, adapted):
    trained: list[str] = []
    loss = Sentiment.loss

    def adapt_loss(self, network, batch):
        trained.append("adapted")
        return masked_loss(network, batch, random_tokens(batch, 0.5), self.context.tokenizer.mask_id)

    def noted(self, network, batch):
        trained.append("learned")
        return loss(self, network, batch)

    monkeypatch.setattr(Sentiment, "adapt_share", 0.5)
    monkeypatch.setattr(Sentiment, "adapt_loss", adapt_loss)
    monkeypatch.setattr(Sentiment, "loss", noted)
    run(tmp_path / "r", max_steps=8, tune=tune, batch_tokens=64)
    # All micro-batches of a step have one objective, and steps have as many micro-batches.
    per_step = len(trained) // 8
    assert trained == ["adapted"] * adapted * per_step + ["learned"] * (8 - adapted) * per_step


def test_a_run_that_is_stopped_while_it_adapts_goes_on_as_if_it_had_not_been(run, tmp_path, monkeypatch):
    def adapt_loss(self, network, batch):
        return masked_loss(network, batch, random_tokens(batch, 0.5), self.context.tokenizer.mask_id)

    monkeypatch.setattr(Sentiment, "adapt_share", 0.6)
    monkeypatch.setattr(Sentiment, "adapt_loss", adapt_loss)
    values = {"max_steps": 10, "batch_tokens": 64, "dropout": 0.1}
    whole = run(tmp_path / "whole", **values)
    stop = Spy("step 3 ", lambda: os.kill(os.getpid(), signal.SIGTERM))
    with pytest.raises(Interrupted):
        run(tmp_path / "stopped", stop, **values)
    resumed = run(tmp_path / "stopped", resume=True, **values)
    assert resumed.metrics == whole.metrics
    for file in ("model.safetensors", "heads/sentiment/model.safetensors"):
        assert (resumed.model / file).read_bytes() == (whole.model / file).read_bytes()
    rows = (tmp_path / "whole" / "metrics.csv").read_text().splitlines()
    place = rows[0].split(",").index("val/accuracy")
    validated = [int(row.split(",")[0]) for row in rows[1:] if row.split(",")[place]]
    assert validated
    assert min(validated) > 6, "while it adapts there is nothing to validate"


@pytest.mark.parametrize("share", [1.0, -0.1])
def test_a_share_that_leaves_nothing_for_the_task_is_refused(run, tmp_path, monkeypatch, share):
    monkeypatch.setattr(Sentiment, "adapt_share", share)
    with pytest.raises(UserError, match="leaves nothing for the task"):
        run(tmp_path / "r", max_steps=1)


def test_calibration_rows_are_bounded_and_evenly_spread(monkeypatch):
    monkeypatch.setattr("nlpsuite.training.finetuning.plan.CALIBRATION_ROWS", 4)
    assert calibration_rows(list(range(10))) == [0, 2, 5, 7]
    assert calibration_rows([1, 2]) == [1, 2]


def test_a_task_may_calibrate_on_its_training_rows(run, tmp_path, monkeypatch):
    seen: list[int] = []

    def calibrate(self, rows, predictions):
        seen.extend([len(rows), len(predictions), len({row.where for row in rows})])
        return False

    monkeypatch.setattr(Sentiment, "calibrates_on", "train")
    monkeypatch.setattr(Sentiment, "calibrate", calibrate)
    run(tmp_path / "r", max_steps=1)
    assert seen == [48] * 3, "as many as there are training rows"


def test_tune_lora_writes_adapters_and_the_head_alone(
    run: Callable[..., FinetuneResult], tiny_backbone: Path, tmp_path: Path
):
    result = run(tmp_path / "r", epochs=3, tune="lora")
    assert not (result.model / "model.safetensors").exists()
    config = json.loads((result.model / "adapter_config.json").read_text())
    assert config["base_model_name_or_path"] == str(tiny_backbone)
    assert (config["r"], config["lora_alpha"]) == (8, 16.0)
    assert (result.model / "heads/sentiment/model.safetensors").is_file()
    state = torch.load(result.run / "checkpoints" / "last.ckpt", weights_only=True)
    assert {name.rpartition(".")[2] for name in state["state_dict"] if name.startswith("backbone.")} == {
        "first_RI",
        "second_OR",
    }
    # Another round of adapters may be trained on them.
    again = run(tmp_path / "again", epochs=1, tune="lora", backbone=str(result.run))
    assert load_task_model(again.model, HOST).name == "sentiment"


def test_a_row_of_many_windows_pulls_as_one_row() -> None:
    windows = [Window([1, 2], 0, 1.0), *[Window([1, 2, 3], 0, 0.1)] * 10]
    seen: list[float] = []
    for batch in (windows[:1], windows[1:6], windows[6:]):
        made = collate(batch, 0)
        task = SimpleNamespace(loss=lambda network, batch: torch.tensor(3.0))
        own = SimpleNamespace(_task=task, _network=None, _mean_weight=2 / 11)
        seen.append(FinetuneModule._task_loss(own, made).item() * len(batch))
    assert seen[0] == pytest.approx(seen[1] + seen[2])
