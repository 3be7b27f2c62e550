from __future__ import annotations

from nlpsuite.people import counted


def test_counts_have_their_noun_in_the_right_number():
    assert counted(1, "row") == "1 row"
    assert counted(0, "row") == "0 rows"
    assert counted(2_000, "entity", "entities") == "2,000 entities"
