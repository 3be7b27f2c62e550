"""Whether a run attends by documents: what the user says, what a trial finds, and that a trial finds what is wrong."""

from __future__ import annotations

import pytest
import torch

from nlpsuite.backbone.attention import make_mask
from nlpsuite.backbone.config import preset
from nlpsuite.backbone.machine import Machine
from nlpsuite.backbone.model import Backbone
from nlpsuite.errors import UserError
from nlpsuite.report import Silent
from nlpsuite.training.pretraining import documents_trial
from nlpsuite.training.pretraining.compile_trial import WORTH_A_TRIAL
from nlpsuite.training.pretraining.data import StepRows
from nlpsuite.training.pretraining.documents_trial import TOLERANCE, Trial, choose_by_documents, row_lengths
from nlpsuite.training.pretraining.prepare import prepare_text
from nlpsuite.training.pretraining.trial import trial_parts

GPU = Machine(torch.device("cuda"), "bf16-mixed", "a GPU")
CPU = Machine(torch.device("cpu"), "32-true", "a CPU")
LENGTH = 256


@pytest.fixture
def tiny_run(tiny_request):
    """A network, and text whose rows hold several documents, with the settings of a run."""

    def make(**values):
        request = tiny_request(**{"model": {"context": LENGTH}} | values)
        text = prepare_text(request.text, request.settings, 320, request.cache, Silent())
        backbone = Backbone(preset("nano", **request.settings.model.model_dump(exclude={"size"})))
        backbone.initialise(1)
        return backbone, text, request.settings, StepRows(8, 4)

    return make


@pytest.fixture
def on_gpu(tiny_run, monkeypatch, spy):
    """Choose as on a GPU whose trial finds what is told."""

    def choose(apart, gain, **values):
        backbone, text, settings, rows = tiny_run(**values)
        parts = trial_parts(backbone, text, settings, rows, CPU)
        assert parts
        assert not any(part.example.whole for part in parts)

        class Found:
            def __init__(self, shape, example, length, machine):
                assert (length, machine) == (LENGTH, GPU)

            def apart(self):
                if isinstance(apart, Exception):
                    raise apart
                return apart

            def gain(self):
                return gain

        monkeypatch.setattr(documents_trial, "trial_parts", lambda *arguments: parts)
        monkeypatch.setattr(documents_trial, "Trial", Found)
        return choose_by_documents(backbone, text, settings, rows, GPU, spy), spy.said

    return choose


@pytest.mark.parametrize("said", [None, False])
def test_a_processor_attends_under_a_mask(tiny_run, monkeypatch, said):
    monkeypatch.setattr(documents_trial, "trial_parts", None)
    assert choose_by_documents(*tiny_run(by_documents=said), CPU, Silent()) is False


def test_a_processor_cannot_attend_by_documents(tiny_run):
    with pytest.raises(UserError, match=r"by_documents: .*GPU only"):
        choose_by_documents(*tiny_run(by_documents=True), CPU, Silent())


@pytest.mark.parametrize("said", [True, False])
def test_the_user_is_not_asked_twice(tiny_run, monkeypatch, said):
    monkeypatch.setattr(documents_trial, "trial_parts", None)
    assert choose_by_documents(*tiny_run(by_documents=said), GPU, Silent()) is said


@pytest.mark.parametrize(
    ("apart", "gain", "budget", "chosen"),
    [
        (0.004, 1.5, {"max_steps": None}, True),
        (0.004, 1.5, {"max_steps": None, "time": WORTH_A_TRIAL}, True),
        (0.004, 1.0, {"max_steps": None, "time": WORTH_A_TRIAL}, False),
        (0.004, 0.8, {"max_steps": 3}, True),
        (0.5, 1.5, {"max_steps": 3}, False),
        (float("nan"), 1.5, {"max_steps": 3}, False),
    ],
)
def test_a_trial_decides_and_says_what_it_found(on_gpu, apart, gain, budget, chosen):
    found, said = on_gpu(apart, gain, **budget)
    assert found is chosen
    assert len(said) == 1
    assert said[0].startswith("attention by documents" if chosen else "attention under a mask")
    assert f"{gain:.2f} times the speed, {apart:.1%} apart" in said[0]


def test_a_short_run_is_not_worth_the_compiling(tiny_run, monkeypatch):
    monkeypatch.setattr(documents_trial, "trial_parts", None)
    assert choose_by_documents(*tiny_run(max_steps=None, time=WORTH_A_TRIAL - 1), GPU, Silent()) is False


@pytest.mark.parametrize(
    ("context", "short_rows", "lengths"),
    [(2048, 0.7, [512, 1024, 2048]), (2048, 0.0, [2048]), (256, 0.7, [256]), (128, 0.7, [])],
)
def test_every_length_of_row_is_tried_that_is_of_more_than_one_tile(context, short_rows, lengths):
    assert row_lengths(context, short_rows) == lengths


def test_a_kernel_that_cannot_be_made_is_not_used(on_gpu):
    found, said = on_gpu(RuntimeError("no Triton here\nmore lines"), 1.0)
    assert found is False
    assert said == ["attention under a mask: no Triton here"]


@pytest.mark.parametrize(("forgets", "wrong"), [(False, False), (True, True)])
def test_a_trial_sees_a_kernel_that_does_not_know_documents(tiny_run, monkeypatch, forgets, wrong):
    def in_place_of_tiles(mode, length, *, segments_BT, by_documents):
        if by_documents and forgets:
            segments_BT = torch.zeros_like(segments_BT)
        return make_mask(mode, length, segments_BT=segments_BT)

    monkeypatch.setattr(documents_trial, "make_mask", in_place_of_tiles)
    backbone, text, settings, rows = tiny_run()
    part = trial_parts(backbone, text, settings, rows, CPU)[0]
    trial = Trial(backbone.config, part.example, LENGTH, CPU)
    assert (trial.apart() > TOLERANCE) is wrong
    assert trial.gain() > 0
