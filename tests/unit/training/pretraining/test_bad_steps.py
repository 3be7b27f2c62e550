"""Pretraining on text that makes numbers go bad: it stops, goes on without, or goes back, and says of what it came."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import torch

from nlpsuite.backbone.checkpoint import load_backbone
from nlpsuite.backbone.objectives import objective_loss
from nlpsuite.errors import UserError
from nlpsuite.report import Silent
from nlpsuite.training.pretraining import module
from nlpsuite.training.pretraining.data import PretrainSteps
from nlpsuite.training.pretraining.pretrain import pretrain


class Spy(Silent):
    def __init__(self):
        self.warnings = []

    def warn(self, text):
        self.warnings.append(text)


def weights(request):
    return load_backbone(request.out / "model")[0].state_dict()


def spoil(monkeypatch, *steps, kind="loss"):
    """Make the first part of these steps of the order bad; return the documents of that part, by step."""
    documents, parts = {}, {}
    get = PretrainSteps.__getitem__

    def noted(self, index):
        found = get(self, index)
        if self._first + index in steps:
            documents[self._first + index] = sorted(set(found[0].example.documents))
            parts[found[0].example.documents] = True
        return found

    def loss(backbone, example, **options):
        value = objective_loss(backbone, example, **options)
        if example.documents not in parts:
            return value
        # A gradient of the square root at zero: the value is sound, and the gradient is not.
        return value * float("nan") if kind == "loss" else value + (value * 0.0).sqrt()

    monkeypatch.setattr(PretrainSteps, "__getitem__", noted)
    monkeypatch.setattr(module, "objective_loss", loss)
    return documents


@pytest.mark.parametrize("kind", ["loss", "gradient"])
def test_by_default_a_run_stops_before_the_update_and_says_of_what(tiny_request, monkeypatch, kind):
    request = tiny_request(objective={"name": "causal"})
    documents = spoil(monkeypatch, 5, kind=kind)
    with pytest.raises(UserError) as stopped:
        pretrain(request, Silent())
    said = str(stopped.value)
    assert f"the {kind} became nan at step 6 (document " in said
    named = documents[5] if kind == "loss" else [documents[5][0]]
    assert all(f"document {number:,}: '" in said for number in named[:5])
    assert "--on-nan skip" in said
    state = torch.load(request.out / "checkpoints" / "last.ckpt", weights_only=True)
    assert state["global_step"] == 5
    assert state["nlpsuite"]["position"] == 5
    assert all(torch.isfinite(weight).all() for weight in state["state_dict"].values())


def test_what_stopped_can_go_on_without_the_step(tiny_request, monkeypatch):
    """Stopped and then told to skip is the very run that skipped at once."""
    spoil(monkeypatch, 5)
    stopped, skipped = tiny_request("stopped"), tiny_request("skipped", on_nan="skip")
    with pytest.raises(UserError):
        pretrain(stopped, Silent())
    with pytest.raises(UserError, match=r"at step 6"):
        pretrain(replace(stopped, resume=True), Silent())
    pretrain(replace(stopped, resume=True, settings=skipped.settings), Silent())
    spy = Spy()
    scores = pretrain(skipped, spy)
    assert scores["steps"] == 12, "a step that was passed over is made up for"
    assert scores["bad_steps"] == 1
    assert json.loads((skipped.out / "metrics.json").read_text())["bad_steps"] == 1
    assert [text for text in spy.warnings if "at step 6" in text and text.endswith("going on without it")]
    one, two = weights(stopped), weights(skipped)
    assert all(torch.equal(one[name], two[name]) for name in one)


def test_the_text_of_a_step_that_is_passed_over_is_not_learned(tiny_request, monkeypatch):
    """It is the run on an order without that step."""
    with monkeypatch.context() as patch:
        spoil(patch, 3)
        # Without a sampled output layer: what is drawn hangs on the position in the order.
        skipped = tiny_request("skipped", on_nan="skip", sampled_output=0.0)
        pretrain(skipped, Silent())
    get = PretrainSteps.__getitem__
    monkeypatch.setattr(PretrainSteps, "__getitem__", lambda self, index: get(self, index + (index >= 3)))
    without = tiny_request("without", sampled_output=0.0)
    pretrain(without, Silent())
    one, two = weights(skipped), weights(without)
    assert all(torch.equal(one[name], two[name]) for name in one)


def test_going_back_takes_the_weights_saved_last_and_goes_on_in_the_text(tiny_request, monkeypatch):
    spoil(monkeypatch, 8)
    request, spy = tiny_request(on_nan="rollback"), Spy()
    scores = pretrain(request, spy)
    assert scores["bad_steps"] == 1
    (told,) = [text for text in spy.warnings if "at step 9" in text]
    assert "back to the weights of step 6" in told
    # The same by hand: the first six steps, and then from the tenth on.
    state = torch.load(request.out / "checkpoints" / "last.ckpt", weights_only=True)
    assert state["nlpsuite"]["position"] == 13
    assert all(torch.isfinite(weight).all() for weight in weights(request).values())


def test_going_back_needs_something_to_go_back_to(tiny_request, monkeypatch):
    spoil(monkeypatch, 2)
    with pytest.raises(UserError, match=r"at step 3"):
        pretrain(tiny_request(on_nan="rollback"), Silent())


@pytest.mark.parametrize("how", ["skip", "rollback"])
def test_a_run_bears_only_so_many(tiny_request, monkeypatch, how):
    spoil(monkeypatch, 7, 8, 9)
    with pytest.raises(UserError, match=r"at step 10 .*, bad step number 3; the weights before it are saved"):
        pretrain(tiny_request(on_nan=how, on_nan_limit=2), Silent())


def test_a_network_that_is_divided_does_not_go_back(tiny_request):
    with pytest.raises(UserError, match="does not go back"):
        pretrain(tiny_request(on_nan="rollback", strategy="fsdp"), Silent())
