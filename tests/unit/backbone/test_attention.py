from __future__ import annotations

import pytest
import torch

from nlpsuite.backbone.attention import make_mask


def allowed(*arguments, **options) -> torch.Tensor:
    mask = make_mask(*arguments, **options)
    assert mask.allowed_B1TS is not None
    assert not mask.is_causal
    return mask.allowed_B1TS[:, 0]


@pytest.mark.parametrize(("mode", "is_causal"), [("causal", True), ("bidirectional", False)])
def test_one_document_a_row_needs_no_mask_tensor(mode, is_causal):
    mask = make_mask(mode, 5)
    assert mask.allowed_B1TS is None
    assert mask.is_causal is is_causal


def test_causal_with_segments_stays_in_its_document():
    segments = torch.tensor([[0, 0, 1, 1, -1]])
    expected = torch.tensor(
        [
            [1, 0, 0, 0, 0],
            [1, 1, 0, 0, 0],
            [0, 0, 1, 0, 0],
            [0, 0, 1, 1, 0],
            [0, 0, 0, 0, 1],
        ],
        dtype=torch.bool,
    )
    assert torch.equal(allowed("causal", 5, segments_BT=segments)[0], expected)


def test_bidirectional_with_segments_stays_in_its_document():
    segments = torch.tensor([[0, 0, 1, -1], [3, -1, 3, 3]])
    first, second = allowed("bidirectional", 4, segments_BT=segments)
    assert first.int().tolist() == [[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]
    assert second.int().tolist() == [[1, 0, 1, 1], [0, 1, 0, 0], [1, 0, 1, 1], [1, 0, 1, 1]]


def test_prefix_sees_the_prefix_both_ways_and_the_rest_backwards():
    mask = allowed("prefix", 4, prefix_B=torch.tensor([2, 0]))
    assert mask[0].int().tolist() == [[1, 1, 0, 0], [1, 1, 0, 0], [1, 1, 1, 0], [1, 1, 1, 1]]
    assert torch.equal(mask[1], torch.ones(4, 4).tril().bool())


def test_prefix_of_the_whole_row_is_bidirectional():
    assert bool(allowed("prefix", 3, prefix_B=torch.tensor([3])).all())


def test_prefix_with_padding():
    segments = torch.tensor([[0, 0, 0, -1]])
    mask = allowed("prefix", 4, prefix_B=torch.tensor([2]), segments_BT=segments)
    assert mask[0].int().tolist() == [[1, 1, 0, 0], [1, 1, 0, 0], [1, 1, 1, 0], [0, 0, 0, 1]]


def test_prefix_without_its_length_is_a_programming_error():
    with pytest.raises(ValueError, match="prefix_B"):
        make_mask("prefix", 4, segments_BT=torch.zeros(1, 4, dtype=torch.long))


def test_cached_positions_come_before_the_queries():
    mask = allowed("causal", 2, past=3)
    assert mask.shape == (1, 2, 5)
    assert mask[0].int().tolist() == [[1, 1, 1, 1, 0], [1, 1, 1, 1, 1]]


def test_cached_positions_with_segments():
    segments = torch.tensor([[-1, 0, 0, 0]])
    assert allowed("causal", 1, past=3, segments_BT=segments)[0].int().tolist() == [[0, 1, 1, 1]]


@pytest.mark.parametrize("mode", ["causal", "bidirectional", "prefix"])
def test_every_query_may_look_somewhere(mode):
    segments = torch.randint(-1, 3, (8, 12), generator=torch.Generator().manual_seed(0))
    prefix = torch.arange(8) if mode == "prefix" else None
    assert bool(allowed(mode, 12, segments_BT=segments, prefix_B=prefix).any(-1).all())
