from __future__ import annotations

import pytest
import torch

from nlpsuite.backbone.cache import KeyValueCache

CLOSE = {"atol": 1e-5, "rtol": 1e-4}


def draw_ids(rows: int, length: int) -> torch.Tensor:
    return torch.randint(0, 64, (rows, length), generator=torch.Generator().manual_seed(1))


def new_cache(backbone, rows: int, positions: int = 32) -> KeyValueCache:
    return KeyValueCache(backbone.config, rows, positions, torch.float32, torch.device("cpu"))


@pytest.mark.parametrize("steps", [[1] * 12, [5, 1, 6], [12], [1, 11]])
@pytest.mark.parametrize("changes", [{}, {"n_kv_heads": 4}, {"n_kv_heads": 1}])
def test_with_a_cache_states_are_the_same(make_backbone, steps, changes):
    backbone = make_backbone(**changes)
    ids = draw_ids(2, 12)
    cache = new_cache(backbone, 2)
    parts = []
    for step in steps:
        at = cache.length
        parts.append(backbone(ids[:, at : at + step], cache=cache))
    assert cache.length == 12
    torch.testing.assert_close(torch.cat(parts, 1), backbone(ids), **CLOSE)


def test_prefix_first_then_one_by_one(make_backbone):
    backbone = make_backbone()
    ids = draw_ids(2, 10)
    prefix = torch.tensor([6, 6])
    cache = new_cache(backbone, 2)
    parts = [backbone(ids[:, :6], mode="prefix", prefix_B=prefix, cache=cache)]
    parts += [backbone(ids[:, at : at + 1], cache=cache) for at in range(6, 10)]
    torch.testing.assert_close(torch.cat(parts, 1), backbone(ids, mode="prefix", prefix_B=prefix), **CLOSE)


def test_left_padded_rows_with_segments(make_backbone):
    backbone = make_backbone()
    ids = draw_ids(2, 9)
    segments = torch.zeros(2, 9, dtype=torch.long)
    segments[0, :3] = -1
    cache = new_cache(backbone, 2)
    parts = [backbone(ids[:, :5], segments_BT=segments[:, :5], cache=cache)]
    parts += [backbone(ids[:, at : at + 1], segments_BT=segments[:, : at + 1], cache=cache) for at in range(5, 9)]
    states = torch.cat(parts, 1)
    torch.testing.assert_close(states[:1, 3:], backbone(ids[:1, 3:]), **CLOSE)
    torch.testing.assert_close(states[1:], backbone(ids[1:]), **CLOSE)


def test_more_than_it_holds_is_refused(make_backbone):
    backbone = make_backbone()
    cache = new_cache(backbone, 1, positions=4)
    backbone(draw_ids(1, 3), cache=cache)
    with pytest.raises(ValueError, match="the cache holds 4 positions, 5 are needed"):
        backbone(draw_ids(1, 2), cache=cache)


def test_more_than_the_context_is_refused(make_backbone):
    backbone = make_backbone()
    cache = new_cache(backbone, 1, positions=64)
    backbone(draw_ids(1, 30), cache=cache)
    with pytest.raises(ValueError, match="33 positions do not fit the context of 32"):
        backbone(draw_ids(1, 3), cache=cache)
