from __future__ import annotations

from pathlib import Path

import pytest

from nlpsuite.errors import Interrupted, UserError


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({}, "what"),
        ({"where": "a.csv"}, "a.csv: what"),
        ({"where": Path("a.csv"), "line": 3}, "a.csv:3: what"),
        ({"fix": "do this"}, "what; do this"),
        ({"where": "--set", "fix": "do this"}, "--set: what; do this"),
        ({"line": 3}, "what"),
    ],
)
def test_a_user_error_says_what_where_and_what_to_do(arguments, text):
    assert str(UserError("what", **arguments)) == text


def test_the_parts_are_kept():
    error = UserError("what", where="a", line=1, fix="f")
    assert (error.what, error.where, error.line, error.fix) == ("what", "a", 1, "f")


def test_interrupted_says_how_to_go_on():
    error = Interrupted(15, "suite pretrain --resume")
    assert error.signal_number == 15
    assert str(error) == "stopped by signal 15; go on with: suite pretrain --resume"
