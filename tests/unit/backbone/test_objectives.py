from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from nlpsuite.backbone.objectives import (
    Masking,
    causal_example,
    is_masked_row,
    masked_example,
    objective_loss,
    predicting_states,
)
from nlpsuite.text.order import NO_TARGET, PADDING, Rows

MASK, FIRST, VOCAB = 4, 6, 64


def make_rows(lengths: list[list[int]], width: int, seed: int = 0) -> Rows:
    """Rows with pieces of the given lengths, of distinct documents."""
    draw = np.random.default_rng(seed)
    shape = (len(lengths), width)
    ids = np.full(shape, 3, dtype=np.int64)
    following = np.full(shape, NO_TARGET, dtype=np.int64)
    segments = np.full(shape, PADDING, dtype=np.int64)
    for row, pieces in enumerate(lengths):
        at = 0
        for number, length in enumerate(pieces):
            tokens = draw.integers(FIRST, VOCAB, length + 1)
            ids[row, at : at + length], following[row, at : at + length] = tokens[:-1], tokens[1:]
            segments[row, at : at + length] = number
            at += length
    return Rows(ids, following, segments, documents=list(range(sum(map(len, lengths)))))


def mask(rows: Rows, rate: float = 0.2, longest: int = 3, seed: int = 0):
    masking = Masking(rate=rate, longest=longest, mask_id=MASK, ordinary_ids=np.arange(FIRST, VOCAB))
    return masked_example(rows, masking, [np.random.default_rng((seed, row)) for row in range(len(rows.ids_BT))])


ROWS = make_rows([[9, 7, 4], [20], [1, 1, 12], [13]], 20)


def test_causal_predicts_each_next_token_of_each_document():
    example = causal_example(ROWS)
    assert example.mode == "causal"
    assert example.tokens == 20 + 20 + 14 + 13
    assert len(example.positions_N) == example.tokens
    assert torch.equal(example.ids_BT, torch.from_numpy(ROWS.ids_BT))
    expected = ROWS.next_BT.reshape(-1)[example.positions_N.numpy()]
    assert np.array_equal(example.targets_N.numpy(), expected)
    assert NO_TARGET not in example.targets_N.tolist()
    # Within a piece the target is the next input.
    flat = ROWS.ids_BT.reshape(-1)
    inside = [p for p in example.positions_N.tolist() if p + 1 < flat.size and p % 20 not in (8, 15, 19)]
    same = [p for p in inside if ROWS.segments_BT.reshape(-1)[p] == ROWS.segments_BT.reshape(-1)[p + 1]]
    targets = dict(zip(example.positions_N.tolist(), example.targets_N.tolist(), strict=True))
    assert all(targets[p] == flat[p + 1] for p in same)
    assert same


pieces = st.lists(st.lists(st.integers(1, 8), min_size=1, max_size=4), min_size=1, max_size=5)


@settings(max_examples=100, deadline=None)
@given(pieces, st.floats(0.01, 0.9), st.integers(1, 5), st.integers(0, 2**32 - 1))
def test_masked_predicts_t_from_the_position_before_it_in_one_document(lengths, rate, longest, seed):
    rows = make_rows(lengths, 32, seed=1)
    example = mask(rows, rate, longest, seed)
    segments, flat = rows.segments_BT.reshape(-1), rows.ids_BT.reshape(-1)
    positions = example.positions_N.numpy()
    predicted = positions + 1
    assert example.mode == "bidirectional"
    assert len(set(positions.tolist())) == len(positions)
    assert np.all(positions // 32 == predicted // 32), "both in one row"
    assert np.all(segments[positions] == segments[predicted]), "both in one document"
    assert np.all(segments[predicted] != PADDING)
    assert np.array_equal(example.targets_N.numpy(), flat[predicted])
    # The rate is exact: a share of the tokens of each row that have one before them in their document.
    candidates = [sum(length - 1 for length in row) for row in lengths]
    assert len(positions) == sum(min(each, max(1, round(rate * each))) for each in candidates)
    # Nothing but predicted tokens is changed, and they become the mask, an ordinary token, or stay.
    seen = example.ids_BT.numpy().reshape(-1)
    changed = np.flatnonzero(seen != flat)
    assert set(changed.tolist()) <= set(predicted.tolist())
    assert all(token == MASK or FIRST <= token < VOCAB for token in seen[changed].tolist())
    assert np.array_equal(example.segments_BT.numpy(), rows.segments_BT)


def test_masking_leaves_its_input_as_it_was():
    before = ROWS.ids_BT.copy()
    mask(ROWS, rate=0.8)
    assert np.array_equal(ROWS.ids_BT, before)


def test_masking_is_deterministic():
    one, two, other = mask(ROWS, seed=5), mask(ROWS, seed=5), mask(ROWS, seed=6)
    assert torch.equal(one.ids_BT, two.ids_BT)
    assert torch.equal(one.positions_N, two.positions_N)
    assert not torch.equal(one.positions_N, other.positions_N)
    assert len(one.positions_N) == len(other.positions_N), "shapes are steady"


def test_nothing_to_mask_is_no_error():
    example = mask(make_rows([[1, 1], [1]], 4))
    assert len(example.positions_N) == 0


def test_shares_of_mask_random_and_kept():
    rows = make_rows([[500] for _ in range(40)], 500)
    example = mask(rows, rate=0.5)
    flat, seen = rows.ids_BT.reshape(-1), example.ids_BT.numpy().reshape(-1)
    predicted = example.positions_N.numpy() + 1
    share = float((seen[predicted] == MASK).mean())
    kept = float((seen[predicted] == flat[predicted]).mean())
    assert share == pytest.approx(0.8, abs=0.02)
    # One random token in 58 is the old one.
    assert kept == pytest.approx(0.1 + 0.1 / 58, abs=0.02)


def test_spans_are_as_long_as_asked():
    rows = make_rows([[1000] for _ in range(20)], 1000)

    def mean_run(longest: int) -> float:
        predicted = mask(rows, rate=0.05, longest=longest).positions_N.numpy()
        return len(predicted) / (1 + int((np.diff(predicted) != 1).sum()))

    assert mean_run(1) == pytest.approx(1.05, abs=0.1)
    assert mean_run(3) > 1.6
    assert mean_run(8) > 3


def test_loss_is_that_of_the_predicted_positions(make_backbone):
    backbone = make_backbone()
    for example in (causal_example(ROWS), mask(ROWS)):
        hidden = backbone(example.ids_BT, mode=example.mode, segments_BT=example.segments_BT)
        logits = backbone.logits(hidden).flatten(0, 1)[example.positions_N]
        expected = F.cross_entropy(logits, example.targets_N)
        torch.testing.assert_close(objective_loss(backbone, example), expected, rtol=1e-5, atol=1e-5)
        assert torch.equal(predicting_states(backbone, example), hidden.flatten(0, 1)[example.positions_N])
        assert objective_loss(backbone, example, z_loss=0.1) > expected


def test_the_target_itself_is_not_seen(make_backbone):
    """A causal prediction does not change with its target, nor a masked one where the target is masked."""
    backbone = make_backbone()
    example = causal_example(ROWS)
    at = 5
    other = example.ids_BT.clone()
    other[0, at + 1] = (other[0, at + 1] + 1) % VOCAB
    states = predicting_states(backbone, example)
    changed = predicting_states(backbone, dataclasses.replace(example, ids_BT=other))
    index = example.positions_N.tolist().index(at)
    assert torch.equal(states[index], changed[index])
    assert not torch.equal(states[index + 1], changed[index + 1])


def test_an_example_moves_whole():
    example = causal_example(ROWS)
    moved = example.to(torch.device("cpu"))
    assert dataclasses.asdict(moved).keys() == dataclasses.asdict(example).keys()
    assert torch.equal(moved.ids_BT, example.ids_BT)
    assert (moved.mode, moved.tokens) == (example.mode, example.tokens)


def test_a_row_is_masked_in_the_same_way_beside_any_others():
    together = mask(ROWS)
    for row in range(len(ROWS.ids_BT)):
        alone = masked_example(
            Rows(ROWS.ids_BT[row : row + 1], ROWS.next_BT[row : row + 1], ROWS.segments_BT[row : row + 1], []),
            Masking(rate=0.2, longest=3, mask_id=MASK, ordinary_ids=np.arange(FIRST, VOCAB)),
            [np.random.default_rng((0, row))],
        )
        assert torch.equal(alone.ids_BT[0], together.ids_BT[row])


def test_tokens_are_replaced_by_ordinary_ones_alone():
    ordinary = np.array([VOCAB + 7, VOCAB + 9, VOCAB + 30])
    masking = Masking(rate=0.5, longest=3, mask_id=MASK, ordinary_ids=ordinary)
    generators = [np.random.default_rng((0, row)) for row in range(len(ROWS.ids_BT))]
    ids = masked_example(ROWS, masking, generators).ids_BT.numpy()
    changed = set(ids[ids != ROWS.ids_BT].tolist())
    assert changed - {MASK}
    assert changed <= {MASK, *ordinary.tolist()}


def test_hybrid_spreads_masked_rows_evenly():
    assert not any(is_masked_row("causal", number, 0.5) for number in range(50))
    assert all(is_masked_row("masked", number, 0.5) for number in range(50))
    for share in (0.0, 0.25, 0.5, 0.9, 1.0):
        masked = [is_masked_row("hybrid", number, share) for number in range(100)]
        assert sum(masked) == round(100 * share)
        assert abs(sum(masked[:50]) - 50 * share) <= 1
    assert [is_masked_row("hybrid", number, 0.5) for number in range(4)] == [False, True, False, True]


def test_rows_of_one_document_need_no_segments(make_backbone):
    backbone = make_backbone()
    rows = make_rows([[20], [20]], 20)
    example = causal_example(rows)
    assert example.whole
    assert not causal_example(ROWS).whole
    told = dataclasses.replace(example, whole=False)
    torch.testing.assert_close(predicting_states(backbone, example), predicting_states(backbone, told))


def test_a_cut_row_is_rows_that_each_see_themselves_alone(make_backbone):
    backbone = make_backbone()
    for rows in (ROWS, make_rows([[20], [20]], 20)):
        example = causal_example(rows)
        cut = predicting_states(backbone, example, row=5)
        pieces = Rows(
            rows.ids_BT.reshape(-1, 5), rows.next_BT.reshape(-1, 5), rows.segments_BT.reshape(-1, 5), rows.documents
        )
        torch.testing.assert_close(cut, predicting_states(backbone, causal_example(pieces)))
        assert not torch.allclose(cut, predicting_states(backbone, example))
