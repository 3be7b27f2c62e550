from __future__ import annotations

from dataclasses import FrozenInstanceError, asdict

import pytest

from nlpsuite.backbone.config import PRESETS, BackboneConfig, pick_size, preset
from nlpsuite.errors import UserError

SHAPE = {
    "vocab_size": 64,
    "context": 32,
    "d_model": 16,
    "n_layers": 2,
    "n_heads": 4,
    "n_kv_heads": 2,
    "head_dim": 8,
    "d_ff": 24,
}


@pytest.mark.parametrize("name", SHAPE)
@pytest.mark.parametrize("value", [0, -1, 10**12, 8.0, "8", None])
def test_absurd_values_are_refused_by_name(name, value):
    with pytest.raises(UserError, match=name) as caught:
        BackboneConfig(**(SHAPE | {name: value}))
    assert "\n" not in str(caught.value)


def test_heads_must_fit_together():
    with pytest.raises(UserError, match="n_heads = 4 is not a multiple of n_kv_heads = 3"):
        BackboneConfig(**(SHAPE | {"n_kv_heads": 3}))
    with pytest.raises(UserError, match="n_heads = 2 is not a multiple of n_kv_heads = 4"):
        BackboneConfig(**(SHAPE | {"n_heads": 2, "n_kv_heads": 4}))
    with pytest.raises(UserError, match="head_dim = 7 is odd"):
        BackboneConfig(**(SHAPE | {"head_dim": 7}))


def test_it_cannot_be_changed():
    with pytest.raises(FrozenInstanceError):
        BackboneConfig(**SHAPE).d_model = 8


@pytest.mark.parametrize(
    ("name", "low", "high"), [("nano", 6e6, 8e6), ("micro", 12e6, 18e6), ("small", 28e6, 34e6), ("base", 118e6, 130e6)]
)
def test_presets_have_the_sizes_their_names_promise(name, low, high):
    assert low < PRESETS[name].parameters < high


def test_nano_is_as_the_issue_says():
    nano = PRESETS["nano"]
    assert (nano.n_layers, nano.d_model, nano.vocab_size) == (6, 256, 8192)


def test_preset_with_another_vocabulary_and_context():
    changed = preset("nano", vocab_size=500, context=64)
    assert (changed.vocab_size, changed.context) == (500, 64)
    assert asdict(changed) == asdict(PRESETS["nano"]) | {"vocab_size": 500, "context": 64}
    assert preset("nano") == PRESETS["nano"]
    with pytest.raises(UserError, match="no size `huge`; use auto, nano, micro, small, base"):
        preset("huge")


def test_flops_grow_with_context():
    nano = PRESETS["nano"]
    assert nano.flops_per_token(512) > nano.flops_per_token() > 6 * nano.block_parameters


def test_pick_size_takes_what_time_and_text_can_train():
    plenty = 10**12
    assert pick_size(60, 1e11, plenty) == "nano"
    assert pick_size(3600 * 1000, 1e14, plenty) == "base"
    assert pick_size(3600 * 1000, 1e14, 1000) == "nano"
    order = list(PRESETS)
    picked = [order.index(pick_size(hours * 3600, 1e11, plenty)) for hours in (0.1, 1, 10, 100, 1000, 10_000)]
    assert picked == sorted(picked)
    assert picked[-1] == 3
