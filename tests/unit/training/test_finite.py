"""Numbers gone bad: what is bad, what is said of it, and how often a run bears it."""

from __future__ import annotations

import math

import pytest
import torch

from nlpsuite.errors import UserError
from nlpsuite.training.finite import BadStep, Limit, check_finite, gradient_norm, what_is_bad


@pytest.mark.parametrize(
    ("norm", "losses", "said"),
    [
        (1.0, [2.0, 3.0], None),
        (0.0, [], None),
        (math.nan, [2.0], "the gradient became nan"),
        (math.inf, [2.0], "the gradient became inf"),
        (1.0, [2.0, -math.inf], "the loss became -inf"),
        (math.nan, [math.nan], "the loss became nan"),
    ],
)
def test_what_is_bad(norm, losses, said):
    assert what_is_bad(norm, losses) == said


def test_a_bad_step_names_a_few_sources_and_counts_the_others():
    bad = BadStep("the loss became nan", tuple(f"rows.tsv:{line}" for line in range(1, 8)), more=1000)
    told = (
        "the loss became nan at step 1,200 (rows.tsv:1, rows.tsv:2, rows.tsv:3, rows.tsv:4, rows.tsv:5 and 1,002 more)"
    )
    assert bad.told(1200) == told
    assert bad.told(1, named=7).endswith("rows.tsv:7 and 1,000 more)")
    assert BadStep("the loss became nan").told(3) == "the loss became nan at step 3"


def test_a_limit_is_reached_by_one_more_than_it_bears():
    limit = Limit(2)
    assert [limit.reached() for _ in range(4)] == [False, False, True, True]
    assert limit.met == 4
    assert Limit(0).reached()


def test_the_norm_is_of_the_gradients_that_there_are():
    first, second, frozen = (torch.nn.Parameter(torch.zeros(2)) for _ in range(3))
    first.grad, second.grad = torch.tensor([3.0, 0.0]), torch.tensor([0.0, 4.0])
    assert float(gradient_norm([first, second, frozen])) == 5.0
    second.grad[0] = math.nan
    assert math.isnan(float(gradient_norm([first, second, frozen])))


def test_figures_made_of_weights_must_be_finite():
    check_finite({"val/loss": 2.0}, 5, "lower it")
    with pytest.raises(UserError, match="val/loss became nan at step 5"):
        check_finite({"val/loss": math.nan}, 5, "lower it")
