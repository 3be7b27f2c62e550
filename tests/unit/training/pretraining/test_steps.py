"""What a step computes depends on the seed and its number alone, however its rows are divided."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from nlpsuite.backbone.config import preset
from nlpsuite.backbone.model import Backbone
from nlpsuite.backbone.objectives import objective_loss
from nlpsuite.report import Silent
from nlpsuite.training.pretraining.data import PretrainSteps, StepRows
from nlpsuite.training.pretraining.prepare import prepare_text
from nlpsuite.training.pretraining.settings import ObjectiveSettings

TOTAL = 12
CONTEXT = 32


@pytest.fixture
def text(tiny_request):
    request = tiny_request()
    return prepare_text(request.text, request.settings, 320, request.cache, Silent())


def steps(text, rows: StepRows, *, rank: int = 0, first: int = 0, share: float = 0.5, **more: bool) -> PretrainSteps:
    objective = ObjectiveSettings(name="hybrid", masked_share=share)
    return PretrainSteps(
        text.order(CONTEXT, 3),
        tokenizer=text.tokenizer,
        objective=objective,
        rows=rows,
        first=first,
        rank=rank,
        **more,
    )


def gradient(text, rows: StepRows, number: int, share: float) -> torch.Tensor:
    """The gradient of a step, as the devices' mean."""
    backbone = Backbone(preset("nano", vocab_size=text.tokenizer.vocab_size, context=CONTEXT, d_model=32, n_layers=1))
    backbone.initialise(1)
    for rank in range(rows.world):
        for part in steps(text, rows, rank=rank, share=share)[number]:
            (objective_loss(backbone, part.example, z_loss=1e-3) * part.weight / rows.world).backward()
    return torch.cat([p.grad.flatten() for p in backbone.parameters() if p.grad is not None])


@pytest.mark.parametrize("share", [0.0, 0.3, 0.5, 1.0])
@pytest.mark.parametrize(("at_once", "world"), [(1, 1), (5, 1), (2, 2), (1, 3), (12, 4)])
def test_the_gradient_of_a_step_does_not_depend_on_how_it_is_divided(text, share, at_once, world):
    whole = gradient(text, StepRows(total=TOTAL, at_once=TOTAL), 2, share)
    divided = gradient(text, StepRows(total=TOTAL, at_once=at_once, world=world), 2, share)
    torch.testing.assert_close(divided, whole, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(("at_once", "world"), [(1, 2), (2, 3), (5, 4)])
def test_devices_in_step_compute_as_many_parts_and_the_same_gradient(text, at_once, world):
    rows = StepRows(total=TOTAL, at_once=at_once, world=world)
    uneven = False
    for number in range(4):
        apart = [steps(text, rows, rank=rank, share=0.3)[number] for rank in range(world)]
        together = [steps(text, rows, rank=rank, share=0.3, in_step=True)[number] for rank in range(world)]
        assert len({len(parts) for parts in together}) == 1
        uneven |= len({len(parts) for parts in apart}) > 1
        for some, more in zip(apart, together, strict=True):
            assert [part.weight for part in more] == [part.weight for part in some] + [0.0] * (len(more) - len(some))
    assert uneven or at_once == 1, "a case that needs it"


@pytest.mark.parametrize("world", [1, 2, 3])
def test_devices_share_the_rows_of_every_step(text, world):
    whole = steps(text, StepRows(total=TOTAL, at_once=4))
    shared = [steps(text, StepRows(total=TOTAL, at_once=2, world=world), rank=rank) for rank in range(world)]
    for number in (0, 1, 7):
        expected = sorted(row for part in whole[number] for row in rows_of(part))
        found = [[row for part in each[number] for row in rows_of(part)] for each in shared]
        assert sorted(row for rows in found for row in rows) == expected
        assert {len(rows) for rows in found} == {TOTAL // world}, "every device has as many"


def rows_of(part):
    ids = part.example.ids_BT.numpy()
    return [(part.example.mode, row.tobytes()) for row in ids]


def test_a_step_depends_on_its_number_alone(text):
    rows = StepRows(total=TOTAL, at_once=4)
    one, other = steps(text, rows), steps(text, rows, first=5)
    for number in (5, 6, 9):
        for part, again in zip(one[number], other[number - 5], strict=True):
            assert torch.equal(part.example.ids_BT, again.example.ids_BT)
            assert torch.equal(part.example.targets_N, again.example.targets_N)
            assert part.weight == again.weight


def test_weights_add_up_to_what_a_full_step_has(text):
    for share in (0.0, 0.5, 1.0):
        total = sum(part.weight for part in steps(text, StepRows(total=TOTAL, at_once=3), share=share)[0])
        # Padding takes from it, and nothing adds to it but the rounding of the number of masked tokens.
        assert 0.85 < total < 1.02
    assert np.isclose(
        sum(p.weight for p in steps(text, StepRows(total=TOTAL, at_once=3))[0]),
        sum(p.weight for p in steps(text, StepRows(total=TOTAL, at_once=1))[0]),
    )
