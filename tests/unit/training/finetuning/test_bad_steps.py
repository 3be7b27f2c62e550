"""Fine-tuning on rows that make numbers go bad: it stops, goes on without, or goes back, and names file and line."""

from __future__ import annotations

import pytest
import torch

from nlpsuite.backbone.checkpoint import load_backbone
from nlpsuite.errors import UserError
from nlpsuite.report import Silent
from nlpsuite_sentiment.task import Sentiment


class Spy(Silent):
    def __init__(self):
        self.warnings = []

    def warn(self, text):
        self.warnings.append(text)


@pytest.fixture
def spoil(monkeypatch):
    """Make the loss of some micro-batches bad, counted over all runs of a test."""

    def start(*numbers):
        calls = iter(range(1 << 30))
        loss = Sentiment.loss

        def spoilt(self, network, batch):
            value = loss(self, network, batch)
            return value * float("nan") if next(calls) in numbers else value

        monkeypatch.setattr(Sentiment, "loss", spoilt)

    return start


def weights(run):
    return load_backbone(run / "model")[0].state_dict()


SETTINGS = {"max_steps": 20, "validations": 2, "token_dropout": 0.0, "dropout": 0.0}


def test_by_default_a_run_stops_before_the_update_and_names_the_rows(run, spoil, tmp_path, sentiment_data):
    spoil(5)
    with pytest.raises(UserError) as stopped:
        run(tmp_path / "r", **SETTINGS)
    said = str(stopped.value)
    assert "the loss became nan at step 6 (" in said
    assert f"{sentiment_data / 'train.tsv'}:" in said
    assert "suite run --resume --out" in said
    assert "--on-nan skip" in said
    state = torch.load(tmp_path / "r" / "checkpoints" / "last.ckpt", weights_only=True)
    assert all(torch.isfinite(weight).all() for weight in state["state_dict"].values())
    assert state["nlpsuite"]["micro"] == 5


def test_a_step_that_is_passed_over_changes_nothing(run, spoil, tmp_path):
    """Neither weights nor what the optimiser knows: the run in which every step is bad has the weights it began with."""
    spoil(*range(1000))
    spy = Spy()
    result = run(tmp_path / "r", spy, on_nan="skip", on_nan_limit=100, **SETTINGS)
    assert result.bad_steps == 20
    assert sum("going on without it" in text for text in spy.warnings) == 20
    state = torch.load(tmp_path / "r" / "checkpoints" / "last.ckpt", weights_only=True)
    assert all(not parts["state"] for parts in _parts(state["optimizer_states"][0]))


def _parts(state):
    return state.get("parts", [state])


def test_going_back_takes_the_weights_saved_last(run, spoil, tmp_path, monkeypatch):
    monkeypatch.setattr("nlpsuite.training.finetuning.watch.SAVE_EVERY_SECONDS", 0.0)
    spoil(14)
    spy = Spy()
    result = run(tmp_path / "r", spy, on_nan="rollback", **SETTINGS)
    assert result.bad_steps == 1
    assert any("back to the weights of step 14" in text for text in spy.warnings)
    assert all(torch.isfinite(weight).all() for weight in weights(result.run).values())


def test_a_run_bears_only_so_many(run, spoil, tmp_path):
    spoil(3, 4)
    with pytest.raises(UserError, match=r"at step 5 .*bad step number 2; the weights before it are saved"):
        run(tmp_path / "r", on_nan="skip", on_nan_limit=1, **SETTINGS)
