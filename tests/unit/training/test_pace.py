"""How far a run has come, by steps or by the clock."""

from __future__ import annotations

import pytest

from nlpsuite.training.budget import Budget, Stopwatch
from nlpsuite.training.pace import Pace


def test_progress_by_steps_ignores_the_clock():
    clock = Stopwatch()
    clock.start(1e9)
    pace = Pace(Budget(steps=10), clock)
    pace.begin(0.0)
    assert [pace.progress(step) for step in (0, 5, 12)] == [0.0, 0.5, 1.0]


def test_progress_by_the_clock_counts_from_the_first_step_and_never_falls():
    clock = Stopwatch()
    clock.start(100.0)
    pace = Pace(Budget(seconds=300.0), clock)
    pace.begin(0.0)
    assert pace.progress(0) == pytest.approx(0.0, abs=0.01)
    clock.start(200.0)
    assert pace.progress(7) == pytest.approx(0.5, abs=0.01)
    pace.reserve = 100.0
    assert pace.progress(8) == 1.0
    pace.reserve = 0.0
    assert pace.progress(9) == 1.0


def test_progress_goes_on_where_a_stopped_run_was():
    clock = Stopwatch()
    clock.start(100.0)
    pace = Pace(Budget(seconds=200.0), clock)
    pace.begin(0.6)
    clock.start(150.0)
    assert pace.progress(1) == pytest.approx(0.8, abs=0.01)
