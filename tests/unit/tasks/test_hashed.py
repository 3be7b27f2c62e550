from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st

from nlpsuite.tasks.hashed import NO_FEATURE, HashedLinear, hash_features


@given(st.lists(st.text(max_size=8), max_size=20), st.integers(1, 1000))
def test_buckets_are_in_range_and_depend_on_the_feature_alone(features: list[str], buckets: int) -> None:
    found = hash_features(features, buckets)
    assert all(0 <= each < buckets for each in found)
    assert found == [hash_features([feature], buckets)[0] for feature in features]


def test_the_layer_sums_rows_of_weights_and_nothing_for_no_feature() -> None:
    layer = HashedLinear(5, 2, scale=2.0)
    layer.weight.data = torch.arange(10.0).view(5, 2)
    out = layer(torch.tensor([[1, 3], [NO_FEATURE, NO_FEATURE], [3, NO_FEATURE]]))
    torch.testing.assert_close(out, torch.tensor([[16.0, 20.0], [0.0, 0.0], [12.0, 14.0]]))


def test_a_fresh_layer_adds_nothing() -> None:
    assert not HashedLinear(5, 2)(torch.tensor([[1, 2], [3, 4]])).any()


def test_features_are_hidden_in_training_only() -> None:
    layer = HashedLinear(50, 1, dropout=0.5)
    torch.nn.init.ones_(layer.weight)
    items = torch.arange(1, 41).view(1, 40)
    assert layer.eval()(items).item() == 400
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        assert 50 < layer.train()(items).item() < 350
