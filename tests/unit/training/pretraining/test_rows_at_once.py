"""How many rows are computed at once: the fastest size that a trial finds, and no larger ones than it takes to know."""

from __future__ import annotations

import pytest

from nlpsuite.training.pretraining import trial
from nlpsuite.training.pretraining.data import StepRows


@pytest.mark.parametrize(
    ("speeds", "chosen", "tried"),
    [
        ({1: 100, 2: 120, 4: 130, 8: 131, 16: 200}, 4, [1, 2, 4, 8]),
        ({1: 100, 2: 99, 4: 130, 8: 140, 16: 150}, 16, [1, 2, 4, 8, 16]),
        ({1: 100, 2: 101, 4: 101, 8: 300, 16: 300}, 1, [1, 2, 4]),
    ],
)
def test_the_fastest_size_is_chosen_and_the_trial_ends_where_more_does_not_help(monkeypatch, speeds, chosen, tried):
    seen = []

    def measure(backbone, text, settings, rows, machine):
        seen.append(rows.at_once)
        return float(speeds[rows.at_once])

    monkeypatch.setattr(trial, "measure_speed", measure)
    found = trial.choose_rows_at_once(None, None, None, StepRows(32, 16), None)
    assert found == StepRows(32, chosen)
    assert seen == tried
