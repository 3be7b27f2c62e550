"""Whether a run compiles its network: what the user says, what a trial finds, and where none is made."""

from __future__ import annotations

import shutil

import pytest
import torch

from nlpsuite.backbone.config import preset
from nlpsuite.backbone.machine import find_machine
from nlpsuite.backbone.model import Backbone
from nlpsuite.report import Silent
from nlpsuite.training.pretraining import compile_trial
from nlpsuite.training.pretraining.compile_trial import WORTH_A_TRIAL, choose_compiled
from nlpsuite.training.pretraining.data import StepRows
from nlpsuite.training.pretraining.prepare import prepare_text
from nlpsuite.training.pretraining.pretrain import pretrain


@pytest.fixture
def choose(tiny_request, spy):
    """Choose for a tiny run, and return the choice and what was said."""

    def run(**values) -> tuple[bool, list[str]]:
        request = tiny_request(**values)
        text = prepare_text(request.text, request.settings, 320, request.cache, Silent())
        backbone = Backbone(preset("nano", **request.settings.model.model_dump(exclude={"size"})))
        backbone.initialise(1)
        chosen = choose_compiled(backbone, text, request.settings, StepRows(8, 4), find_machine("32"), spy)
        assert all(parameter.grad is None for parameter in backbone.parameters())
        assert not backbone.compiled
        return chosen, spy.said

    return run


@pytest.fixture
def no_trial(monkeypatch):
    def fail(*arguments):
        raise AssertionError("a trial was made")

    monkeypatch.setattr(compile_trial, "trial_parts", fail)


@pytest.mark.parametrize("said", [True, False])
def test_the_user_is_not_asked_twice(choose, no_trial, said):
    assert choose(compile=said, time=WORTH_A_TRIAL, max_steps=None) == (said, [])


@pytest.mark.parametrize("budget", [{"max_steps": 10_000}, {"max_steps": None, "time": WORTH_A_TRIAL - 1}])
@pytest.mark.skipif(torch.cuda.is_available(), reason="on a GPU it is always compiled")
def test_counted_and_short_runs_are_not_compiled(choose, no_trial, budget):
    assert choose(**budget) == (False, [])


@pytest.mark.parametrize(("gain", "chosen"), [(1.5, True), (1.0, False), (0.7, False)])
def test_a_trial_decides_and_says_what_it_found(choose, monkeypatch, gain, chosen):
    made = []
    monkeypatch.setattr(compile_trial, "compile_blocks", made.append)
    monkeypatch.setattr(compile_trial, "run_parts", lambda network, parts, machine: network in made)
    monkeypatch.setattr(compile_trial, "per_second", lambda call, device, seconds: gain if call() else 1.0)
    found, said = choose(time=WORTH_A_TRIAL, max_steps=None)
    assert found is chosen
    assert len(said) == 1
    assert f"{gain:.2f} times the speed" in said[0]
    assert said[0].startswith("compiled") is chosen


def test_a_machine_without_a_compiler_trains_without_and_says_so(choose, monkeypatch):
    def fail(network):
        raise RuntimeError("InvalidCxxCompiler: No working C++ compiler found\nmore lines")

    monkeypatch.setattr(compile_trial, "compile_blocks", fail)
    found, said = choose(time=WORTH_A_TRIAL, max_steps=None)
    assert found is False
    assert said == ["not compiled: InvalidCxxCompiler: No working C++ compiler found"]


@pytest.mark.skipif(not shutil.which("g++"), reason="torch compiles for a CPU with a C++ compiler")
@pytest.mark.filterwarnings("ignore")  # what torch warns of inside its own compiler would end it here
def test_a_compiled_run_learns_what_another_learns(tiny_request):
    plain = pretrain(tiny_request("plain", compile=False), Silent())
    torch._dynamo.utils.counters.clear()
    compiled = pretrain(tiny_request("compiled", compile=True), Silent())
    assert torch._dynamo.utils.counters["stats"]["unique_graphs"] > 0
    torch._dynamo.reset()
    assert compiled["val/loss"] == pytest.approx(plain["val/loss"], rel=1e-3)
    assert compiled["steps"] == plain["steps"]
