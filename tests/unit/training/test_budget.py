from __future__ import annotations

import pytest

from nlpsuite.errors import UserError
from nlpsuite.people import people_bytes, people_count, people_time
from nlpsuite.training.budget import DEFAULT_SECONDS, Budget, plan_budget


@pytest.mark.parametrize(
    ("said", "budget"),
    [
        ((60.0, None, None), Budget(seconds=60.0)),
        ((None, 1000, None), Budget(steps=4)),
        ((None, None, 7), Budget(steps=7)),
        ((None, None, None), Budget(seconds=DEFAULT_SECONDS)),
    ],
)
def test_what_the_user_said_becomes_a_budget(said, budget):
    assert plan_budget(*said, batch_tokens=256) == budget


def test_two_budgets_are_one_too_many():
    with pytest.raises(UserError, match="--time and --max-steps"):
        plan_budget(60.0, None, 5, batch_tokens=256)


def test_figures_for_people():
    assert [people_time(s) for s in (42, 725, 12_000)] == ["42 s", "12 min 5 s", "3 h 20 min"]
    assert [people_bytes(n) for n in (512, 1.5e6, 2.1e9)] == ["512 B", "1.5 MB", "2.1 GB"]
    assert [people_count(n) for n in (950, 12_300, 6.82e6)] == ["950", "12.3k", "6.8M"]
