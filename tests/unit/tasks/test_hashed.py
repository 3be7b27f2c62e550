from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st

from nlpsuite.tasks.hashed import HashedLinear, hash_features


@given(st.lists(st.text(max_size=8), max_size=20), st.integers(1, 1000))
def test_buckets_are_in_range_and_depend_on_the_feature_alone(features: list[str], buckets: int) -> None:
    found = hash_features(features, buckets)
    assert all(0 <= each < buckets for each in found)
    assert found == [hash_features([feature], buckets)[0] for feature in features]


def test_the_layer_sums_weights_times_values() -> None:
    layer = HashedLinear(5, 2, scale=2.0)
    layer.weight.data = torch.arange(10.0).view(5, 2)
    out = layer([[0, 3], [], [3, 3]], [[1.0, 0.5], [], [1.0, 1.0]])
    torch.testing.assert_close(out, torch.tensor([[6.0, 9.0], [0.0, 0.0], [24.0, 28.0]]))
    torch.testing.assert_close(layer([[1]]), torch.tensor([[4.0, 6.0]]))
    assert layer.buckets == 5


def test_a_fresh_layer_adds_nothing() -> None:
    assert not HashedLinear(5, 2)([[1, 2], [3]]).any()
