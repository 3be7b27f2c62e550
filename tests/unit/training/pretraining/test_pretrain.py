"""The whole of pretraining on a tiny network: it learns, it is repeatable, it stops and goes on exactly."""

from __future__ import annotations

import csv
import itertools
import json
import os
import shutil
import signal
from dataclasses import replace

import pytest
import torch

from nlpsuite.backbone.checkpoint import load_backbone
from nlpsuite.errors import Interrupted, UserError
from nlpsuite.report import Silent
from nlpsuite.training.pretraining import init_rows
from nlpsuite.training.pretraining.pretrain import pretrain
from nlpsuite.training.pretraining.settings import ModelSettings
from nlpsuite.training.pretraining.validation import ValidationText
from nlpsuite.training.pretraining.watch import PretrainWatch


def weights(request):
    backbone, _ = load_backbone(request.out / "model")
    return {name: p.detach().clone() for name, p in backbone.named_parameters()}


def read_csv(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_run_learns_and_leaves_a_complete_folder(tiny_request):
    request = tiny_request(max_steps=60, optimizer={"decay": 0.5})
    scores = pretrain(request, Silent())
    uniform = torch.tensor(320.0).log().item()
    assert scores["val/loss"] < uniform - 1.0, "far better than guessing"
    assert scores["steps"] == 60
    assert scores["tokens"] <= 60 * 256
    run = request.out
    assert json.loads((run / "metrics.json").read_text())["val/bits_per_byte"] == scores["val/bits_per_byte"]
    names = {"config.yaml", "metrics.json", "metrics.csv", "environment.json", "train.log", "model", "checkpoints"}
    assert {path.name for path in run.iterdir()} == names
    card = (run / "model" / "README.md").read_text()
    assert f"{scores['tokens']:,} in 60 steps" in card
    assert "They have learnt to predict the next token, so they generate" in card
    assert "suite generate" in card
    backbone, tokenizer = load_backbone(run / "model")
    assert backbone.config.vocab_size == tokenizer.vocab_size == 320


@pytest.mark.parametrize("objective", ["causal", "masked", "hybrid"])
@pytest.mark.parametrize("optimizer", ["muon", "adamw"])
def test_the_same_seed_gives_the_same_weights(tiny_request, objective, optimizer):
    values = {"objective": {"name": objective}, "optimizer": {"name": optimizer}, "max_steps": 4}
    first, second, other = tiny_request("a", **values), tiny_request("b", **values), tiny_request("c", seed=2, **values)
    for request in (first, second, other):
        pretrain(request, Silent())
    one, two, three = weights(first), weights(second), weights(other)
    assert all(torch.equal(one[name], two[name]) for name in one)
    assert not torch.equal(one["embedding.weight"], three["embedding.weight"])


class StopAt(PretrainWatch):
    """Sends this process a signal at a step, as a user's Ctrl-C or a cluster would."""

    step, number = 5, signal.SIGTERM

    def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx):
        if trainer.global_step == self.step and self._step < self.step:
            os.kill(os.getpid(), self.number)
        super().on_train_batch_end(trainer, pl_module, outputs, batch, batch_idx)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGUSR1])
def test_a_stopped_run_goes_on_to_the_very_same_weights(tiny_request, monkeypatch, number):
    # With an average that has begun and rows that are still cut when the signal comes.
    values = {"model": {"context": 64}, "short_rows": 0.9, "optimizer": {"average": 0.8}}
    whole, broken = tiny_request("whole", **values), tiny_request("broken", **values)
    pretrain(whole, Silent())
    with monkeypatch.context() as patch:
        patch.setattr(StopAt, "number", number)
        patch.setattr("nlpsuite.training.pretraining.pretrain.PretrainWatch", StopAt)
        with pytest.raises(Interrupted) as stopped:
            pretrain(broken, Silent())
    assert stopped.value.signal_number == (signal.SIGTERM if number == signal.SIGUSR1 else number)
    assert not (broken.out / "model").exists(), "an unfinished run has no model that looks whole"
    scores = pretrain(replace(broken, resume=True), Silent())
    assert scores["steps"] == 12
    one, two = weights(whole), weights(broken)
    assert all(torch.equal(one[name], two[name]) for name in one)


def test_a_time_budget_is_kept_and_ends_at_the_lowest_rate(tiny_request, monkeypatch):
    """By a clock that ticks a tenth of a second each time it is read, so that the test does not hang on the machine."""
    ticks = itertools.count()
    monkeypatch.setattr("nlpsuite.training.budget.time.monotonic", lambda: next(ticks) / 10)
    monkeypatch.setattr("nlpsuite.training.pretraining.watch.LOG_EVERY_SECONDS", 2.0)
    request = tiny_request(max_steps=None, time=60.0, optimizer={"floor": 0.02})
    scores = pretrain(request, Silent())
    assert 54 <= scores["seconds"] <= 66
    assert scores["steps"] > 12
    factors = [float(row["lr_factor"]) for row in read_csv(request.out / "metrics.csv") if row["lr_factor"]]
    assert max(factors) > 0.9
    assert factors[-1] < 0.1


def test_a_last_validation_faster_than_the_ones_before_does_not_undo_the_end(tiny_request, monkeypatch):
    """The time kept for the end is that of the latest validation; here the first takes 20 seconds and the last none."""
    ticks, slow = itertools.count(), [20.0, 20.0]
    spent = [0.0]
    monkeypatch.setattr("nlpsuite.training.budget.time.monotonic", lambda: spent[0] + next(ticks) / 100)
    causal = ValidationText.causal

    def timed(self, backbone):
        spent[0] += slow.pop() if slow else 0.0
        return causal(self, backbone)

    monkeypatch.setattr(ValidationText, "causal", timed)
    request = tiny_request(max_steps=None, time=100.0, validations=3)
    request = replace(request, settings=request.settings.model_copy(update={"valid_tokens": 64}))
    scores = pretrain(request, Silent())
    assert (request.out / "model" / "config.json").is_file()
    assert scores["seconds"] <= 110


def test_a_failed_start_leaves_nothing_behind(tiny_request, tmp_path):
    request = replace(tiny_request("gone"), text=[str(tmp_path / "missing.txt")])
    with pytest.raises(UserError, match="no such file"):
        pretrain(request, Silent())
    assert not request.out.exists()


def test_a_folder_in_use_is_refused(tiny_request):
    request = tiny_request()
    request.out.mkdir()
    (request.out / "thesis.txt").write_text("mine")
    with pytest.raises(UserError, match="not empty"):
        pretrain(request, Silent())
    assert (request.out / "thesis.txt").read_text() == "mine"


def test_going_on_without_a_checkpoint_is_an_error(tiny_request):
    with pytest.raises(UserError, match="no such run"):
        pretrain(replace(tiny_request("nowhere"), resume=True), Silent())


def test_a_run_can_start_from_another_backbone(tiny_request):
    first = tiny_request("first")
    pretrain(first, Silent())
    second = tiny_request("second", init=first.out / "model", max_steps=2, optimizer={"lr": 1e-9, "matrix_lr": 1e-9})
    second = replace(second, settings=second.settings.model_copy(update={"model": ModelSettings()}))
    pretrain(second, Silent())
    one, two = weights(first), weights(second)
    assert all(torch.allclose(one[name], two[name], atol=1e-5) for name in one)


@pytest.mark.parametrize(("asked", "longest", "row"), [(16, 2048, 16), (None, 16, 16), (None, 2048, 32)])
def test_rows_may_be_shorter_than_the_backbone_reads(tiny_request, monkeypatch, asked, longest, row):
    first = tiny_request("first", max_steps=1)
    pretrain(first, Silent())
    monkeypatch.setattr(init_rows, "LONGEST", longest)
    second = tiny_request("second", init=first.out / "model", max_steps=2)
    second = replace(second, settings=second.settings.model_copy(update={"model": ModelSettings(context=asked)}))
    scores = pretrain(second, Silent())
    assert scores["tokens"] == pytest.approx(2 * 256, abs=2 * row)
    assert (f"rows of {row} tokens" in (second.out / "train.log").read_text()) == (row < 32)
    assert load_backbone(second.out / "model")[0].config.context == 32


def test_rows_longer_than_the_backbone_reads_are_refused(tiny_request):
    first = tiny_request("first", max_steps=1)
    pretrain(first, Silent())
    second = tiny_request("second", init=first.out / "model")
    second = replace(second, settings=second.settings.model_copy(update={"model": ModelSettings(context=64)}))
    with pytest.raises(UserError, match=r"model\.context: rows of 64 tokens, and the backbone to start from reads 32"):
        pretrain(second, Silent())


def test_going_on_where_only_the_model_was_missing_trains_no_step_more(tiny_request):
    request = tiny_request()
    scores = pretrain(request, Silent())
    finished = weights(request)
    shutil.rmtree(request.out / "model")
    again = pretrain(replace(request, resume=True), Silent())
    assert again["steps"] == scores["steps"]
    assert again["val/loss"] == scores["val/loss"]
    assert all(torch.equal(finished[name], other) for name, other in weights(request).items())


@pytest.mark.parametrize("steps", [3, 40])
def test_a_run_gone_bad_ends_in_one_line_and_leaves_no_model(tiny_request, steps):
    request = tiny_request(max_steps=steps, optimizer={"lr": 1e30, "matrix_lr": 1e30, "clip": 0.0})
    with pytest.raises(UserError, match="lower the learning rate"):
        pretrain(request, Silent())
    assert not (request.out / "model").exists()


def test_a_size_beside_another_backbone_is_refused(tiny_request):
    first = tiny_request("first", max_steps=1)
    pretrain(first, Silent())
    request = tiny_request("second", init=first.out / "model")
    with pytest.raises(UserError, match="leave --size"):
        pretrain(request, Silent())
    assert not request.out.exists()


def test_only_masked_runs_claim_no_left_to_right_score(tiny_request):
    request = tiny_request(objective={"name": "masked"}, max_steps=2)
    scores = pretrain(request, Silent())
    card = (request.out / "model" / "README.md").read_text()
    assert "have not learnt to generate" in card
    assert "suite generate" not in card
    assert "val/masked_loss" in scores
    assert "val/bits_per_byte" not in scores


@pytest.mark.parametrize(
    ("setting", "value", "said"),
    [("precision", "16", "needs a GPU"), ("strategy", "foo", "no strategy"), ("devices", "3,", "no GPU to pick")],
)
def test_where_a_run_cannot_run_is_said_first(tiny_request, setting, value, said):
    request = tiny_request(**{setting: value})
    with pytest.raises(UserError, match=said):
        pretrain(request, Silent())
    assert not request.out.exists()


def test_a_strategy_that_pretraining_cannot_use_is_refused_in_one_line(tiny_request):
    with pytest.raises(UserError, match="is not supported; use one of auto, ddp, fsdp"):
        pretrain(tiny_request(strategy="deepspeed"), Silent())
    with pytest.raises(UserError, match="started alone"):
        pretrain(tiny_request(nodes=2), Silent())


def test_weights_are_stored_as_asked(tiny_request):
    from safetensors import safe_open

    request = tiny_request(store="float16", max_steps=1)
    pretrain(request, Silent())
    with safe_open(request.out / "model" / "model.safetensors", "pt") as file:
        names = list(file.keys())
        assert {file.get_tensor(name).dtype for name in names} == {torch.float16}
