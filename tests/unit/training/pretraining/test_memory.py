from __future__ import annotations

from dataclasses import replace

from nlpsuite.backbone.config import BackboneConfig, preset
from nlpsuite.training.pretraining.data import StepRows
from nlpsuite.training.pretraining.memory import peak_memory
from nlpsuite.training.pretraining.settings import PretrainSettings

BASE = preset("base")


def peak(at_once: int, shape: BackboneConfig = BASE, world: int = 1, **values: object) -> float:
    return peak_memory(shape, StepRows(64, at_once, world), PretrainSettings.model_validate(values))


def test_more_rows_at_once_take_more():
    assert peak(64) > 1.5 * peak(16)


def test_muons_update_works_in_more_than_few_rows_take():
    # It keeps one state where AdamW keeps two, and works in copies of the matrices once the activations are gone.
    adamw = {"optimizer": {"name": "adamw"}}
    short = replace(BASE, context=64)
    assert peak(1, short) > peak(1, short, **adamw)
    assert peak(64) == peak(64, **adamw) - 4 * BASE.parameters


def test_a_divided_network_takes_less():
    assert peak(1, world=4, strategy="fsdp") < peak(1, world=4)
