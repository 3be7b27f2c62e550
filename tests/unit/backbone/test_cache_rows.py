from __future__ import annotations

import torch

from nlpsuite.backbone.cache import KeyValueCache

CLOSE = {"atol": 1e-5, "rtol": 1e-4}


def new_cache(backbone, rows: int) -> KeyValueCache:
    return KeyValueCache(backbone.config, rows, 16, torch.float32, torch.device("cpu"))


def draw_ids(rows: int, length: int) -> torch.Tensor:
    return torch.randint(0, 64, (rows, length), generator=torch.Generator().manual_seed(2))


def test_selected_rows_go_on_as_the_rows_they_were(make_backbone):
    backbone = make_backbone()
    ids, rows, more = draw_ids(3, 5), torch.tensor([2, 0, 2, 2]), draw_ids(4, 2)
    cache = new_cache(backbone, 3)
    backbone(ids, cache=cache)
    cache.select(rows)
    states = backbone(more, cache=cache)
    whole = backbone(torch.cat((ids[rows], more), 1))
    torch.testing.assert_close(states, whole[:, 5:], **CLOSE)


def test_rows_with_a_common_beginning_take_over_what_follows(make_backbone):
    backbone = make_backbone()
    ids = torch.cat((draw_ids(1, 4).expand(3, -1), draw_ids(3, 3)), 1)
    rows, more = torch.tensor([1, 1, 0]), draw_ids(3, 2)
    cache = new_cache(backbone, 3)
    backbone(ids, cache=cache)
    cache.reorder(rows, start=4)
    states = backbone(more, cache=cache)
    whole = backbone(torch.cat((ids[rows], more), 1))
    torch.testing.assert_close(states, whole[:, 7:], **CLOSE)
    assert cache.length == 9
