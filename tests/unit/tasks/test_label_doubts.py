from __future__ import annotations

import pytest

from nlpsuite.errors import UserError
from nlpsuite.tasks.label_doubts import doubts, refuse_scores
from nlpsuite.tasks.task import Row


def rows(*labels: object) -> list[Row]:
    return [Row({"text": f"text {n}"}, label, f"a.tsv:{n}") for n, label in enumerate(labels, start=2)]


def test_good_labels_leave_no_doubt() -> None:
    assert not list(doubts(rows("a", "b", "none", "a", "b", "none")))
    assert not list(doubts(rows(("a",), (), ("a", "b"), ("b",))))


def test_spellings_of_one_name() -> None:
    (line,) = doubts(rows("Sports", "Sports", "Sports", "sports", "sports", "a b", "a  b", "a b", "a  b"))
    assert line == (
        "labels `Sports` (3 rows) and `sports` (2 rows) differ only in case or white space, and are learned as different "
        "ones; `sports` is first at a.tsv:5; 1 more label is written in several ways"
    )


def test_cells_that_stand_for_nothing() -> None:
    (line,) = doubts(rows("nan", "a", "nan", "a", "NULL", "NULL"))
    assert line.startswith(
        "4 rows have the label `nan` or `NULL`, which often stands for no label, the first at a.tsv:2;"
    )


def test_labels_of_a_single_row() -> None:
    (line,) = doubts(rows("a", "b", "a"))
    assert line.startswith("1 label has a single training row, such as `b` at a.tsv:3")
    (line,) = doubts(rows("a", "b", "a", "c"))
    assert line.startswith("2 of 3 labels have a single training row")


def test_contradictions() -> None:
    made = [Row({"text": "t", "id": n}, label, f"a.tsv:{n}") for n, label in enumerate("abab", start=2)]
    assert list(doubts([*made, *rows("a", "b")])) == [
        "1 text has different labels in different training rows, 4 of 6, such as a.tsv:2 (`a`) and a.tsv:3 (`b`)"
    ]
    pairs = [Row({"text": "t", "text_pair": str(n)}, label, f"a.tsv:{n}") for n, label in enumerate("aabb", start=2)]
    assert not list(doubts(pairs))
    several = [Row({"text": "t"}, target, "") for target in (("a", "b"), ("b", "a"))]
    assert not list(doubts(several))


def test_scores_are_refused() -> None:
    with pytest.raises(
        UserError, match=r"20 different labels in 20 training rows, such as `0\.031`: these are numbers"
    ) as error:
        refuse_scores(rows(*(f"{0.031 * n:.3f}" for n in range(1, 21))))
    assert (error.value.where, error.value.line) == ("a.tsv", 2)
    assert "bin them" in str(error.value)


@pytest.mark.parametrize(
    "labels",
    [
        ["0.5", "1", "1.5", "2", "2.5"],
        ["1", "2", "3", "4", "5"],
        ["0.25", "0.75"] * 5,
        ["0.25", "0.3", "0.35", "0.4"] * 2,
        ["0.25", "0.3", "0.35", "0.4", "a"],
    ],
)
def test_numbers_that_are_classes_are_not(labels: list[str]) -> None:
    refuse_scores(rows(*labels))
