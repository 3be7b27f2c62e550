"""Which devices a run takes."""

from __future__ import annotations

import pytest
import torch

from nlpsuite.backbone import machine
from nlpsuite.backbone.machine import find_machine
from nlpsuite.errors import UserError
from nlpsuite.training.finetuning.settings import FinetuneSettings
from nlpsuite.training.lightning import devices_here, one_index, trainer_options
from nlpsuite.training.together import Together


@pytest.mark.parametrize(
    ("devices", "index", "number"),
    [("auto", None, 1), ("1", None, 1), ("3", None, 3), ("3,", 3, 1), ("0,1", None, 2), ("2,3,", None, 2)],
)
def test_what_devices_mean(devices, index, number):
    assert one_index(devices) == index
    assert devices_here(devices) == number


@pytest.mark.parametrize("group", [None, Together()])
def test_the_gpu_that_was_picked_is_the_one_that_trains(group):
    cpu = find_machine("32")
    settings = FinetuneSettings.model_validate({"data": "d", "target": "sentiment", "devices": "3,"})
    assert trainer_options(settings, cpu, group)["devices"] == [3]


def test_the_gpu_that_was_picked_becomes_the_current_one(monkeypatch):
    taken: list[int] = []
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 4)
    monkeypatch.setattr(torch.cuda, "set_device", taken.append)
    monkeypatch.setattr(machine.torch.cuda, "is_available", lambda: False)
    find_machine("32", 3)
    assert taken == [3]
    with pytest.raises(UserError, match=r"--devices: there is no GPU 4"):
        find_machine("32", 4)
