"""The size that a run chose is kept with it: where it goes on nothing is measured, and no text is looked at."""

from __future__ import annotations

import os
from dataclasses import replace

import torch
import yaml

from nlpsuite.backbone.machine import find_machine
from nlpsuite.report import Silent
from nlpsuite.training.pretraining import plan
from nlpsuite.training.pretraining.plan import choose_shape, found_shape
from nlpsuite.training.pretraining.pretrain import pretrain
from nlpsuite.training.pretraining.settings import PretrainSettings


def test_what_was_found_is_the_same_shape_again(monkeypatch):
    machine = find_machine("32")
    first = PretrainSettings.model_validate({"max_steps": 1})
    shape = choose_shape(["-"], first, machine, Silent())
    again = PretrainSettings.model_validate({"max_steps": 1, "model": {"size": "auto", **found_shape(shape, first)}})

    def measured(device):
        raise AssertionError("something was measured")

    monkeypatch.setattr(plan, "matrix_speed", measured)
    assert choose_shape(["no/such/text"], again, machine, Silent()) == shape


def test_auto_counts_all_devices_and_a_gpus_longer_steps(monkeypatch, tmp_path):
    text = tmp_path / "text.txt"
    with text.open("wb") as file:
        file.truncate(40_000_000_000)
    monkeypatch.setattr(plan, "matrix_speed", lambda device: 1e13)
    cpu = find_machine("32")
    gpu = replace(cpu, device=torch.device("cuda"))

    def parameters(machine, world, **budget):
        settings = PretrainSettings.model_validate(budget)
        return choose_shape([str(text)], settings, machine, Silent(), world=world).parameters

    assert parameters(cpu, 32, time=600) > parameters(cpu, 1, time=600)
    assert parameters(gpu, 1, max_steps=1_000) > parameters(cpu, 1, max_steps=1_000)
    assert parameters(gpu, 1, max_tokens=10**7) == parameters(cpu, 1, max_tokens=10**7)


def test_a_run_keeps_what_it_found(tiny_request):
    request = tiny_request(max_steps=1)
    pretrain(request, Silent())
    kept = yaml.safe_load((request.out / "config.yaml").read_text())["model"]
    assert None not in kept.values()
    assert (kept["d_model"], kept["n_layers"], kept["vocab_size"]) == (32, 2, 320)


def test_a_pipe_is_left_to_the_reading(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    settings = PretrainSettings.model_validate({"max_steps": 1})
    # To open it would wait for ever.
    assert choose_shape([str(pipe)], settings, find_machine("32"), Silent()).n_layers
