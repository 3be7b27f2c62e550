from __future__ import annotations

from pathlib import Path

import pytest

from nlpsuite.errors import UserError
from nlpsuite.tasks.columns import KNOWN_NAMES
from nlpsuite.tasks.headers import column_names, is_header, normal_name

RECURRING = [[f"I said so {n}", "glad" if n % 2 else "sad"] for n in range(12)]


@pytest.mark.parametrize(
    ("first", "rest", "expected"),
    [
        (["sentence", "label"], [["fine", "1"]], True),
        (["", "Review Text", "Stars"], [["0", "fine", "5"]], True),
        (["Class Index", "Title", "Description"], [["3", "a", "b"]], True),
        (["文本", "标签"], [["好", "1"]], True),
        (["a fine film", "1"], [["dull", "0"]], False),
        (["fine", "positive"], [["dull", "negative"]], False),
        (["What did they say to you then", "comment"], [["Is it so", "question"], ["Fine", "comment"]], False),
        (["Nice of you", "comment"], [["Is it so", "question"], ["Fine", "comment"]], False),
        (["remark", "mood"], RECURRING, True),
        (["I said so", "glad"], RECURRING, False),
        (["0", "1"], [["fine", "pos"], ["dull", "neg"]], True),
        (["0", "1"], [["0", "2"], ["4", "5"]], False),
    ],
)
def test_a_header_is_told_from_a_row(first: list[str], rest: list[list[str]], expected: bool) -> None:
    assert is_header(first, rest, KNOWN_NAMES) is expected


def test_names_that_are_set_are_known_too() -> None:
    assert is_header(["Remark", "Mood"], [["a", "b"]], {"mood"})


@pytest.mark.parametrize("name", ["Review Text", "review-text", "reviewText", " REVIEW_TEXT "])
def test_names_are_compared_whatever_their_spelling(name: str) -> None:
    assert normal_name(name) == "review_text"


def test_nameless_columns_are_named_by_place_and_doubles_refused() -> None:
    assert column_names(["", " text "], Path("a.csv")) == ("column 1", "text")
    with pytest.raises(UserError, match="two columns"):
        column_names(["text", "text"], Path("a.csv"))
