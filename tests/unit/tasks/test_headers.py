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


LABELLED = [[f"I said so {n} times", "glad" if n % 2 else "sad"] for n in range(12)]
EXTRA = [[*row, "yes" if n % 3 else "no"] for n, row in enumerate(LABELLED)]


@pytest.mark.parametrize(
    ("first", "rest"),
    [
        ("text,label,ticket #", [[*row, str(n)] for n, row in enumerate(LABELLED)]),
        ("text,label,Resolved?", EXTRA),
        ("text,label,Would you recommend us to a friend?", EXTRA),
        ("review,stars,Q&A", [["dull", "1", "Is it so?"], ["fine", "5", "Yes"]]),
        ("2023 text,label", LABELLED),
        ("msg,spam?", LABELLED),
        ("Customer comment (free text),Verdict #1", LABELLED),
        ("What did you think of our product?,How would you rate it overall?", LABELLED),
        (
            "Timestamp,What did you think of our product?,How would you rate it overall?",
            [["3/14/2024 9:26:53", "It broke.", "1"], ["3/15/2024 10:00:00", "Fine so far.", "4"]],
        ),
        (
            "Created At,Ticket #,Msg Body,Cat.",
            [["2024-03-01 10:00", "17", "It broke.", "bug"], ["2024-03-02 11:30", "18", "How do I", "ask"]],
        ),
        ("编号,评价（文本）,标签", [["1", "好", "正面"], ["2", "坏", "负面"]]),
        ("编号,评价（文本）,结果", [["1", "好", "正面"], ["2", "坏", "负面"]]),
        ("text,label," + "a very long question " * 9, EXTRA),
    ],
)
def test_headers_as_people_write_them(first: str, rest: list[list[str]]) -> None:
    assert is_header(first.split(","), rest, KNOWN_NAMES)


@pytest.mark.parametrize(
    "rows",
    [
        [["3", "Shares fell", "They fell again."], ["2", "Cup", "They won."], ["2", "review", "A book."]],
        [["3", "review", "They fell again."], ["2", "Cup", "They won."]],
        [
            ["0", "1467810369", "Mon Apr 06 22:19:45 PDT 2009", "NO_QUERY", "one", "I am upset"],
            ["4", "1467810672", "Mon Apr 06 22:19:49 PDT 2009", "NO_QUERY", "two", "so happy today"],
        ],
        [["It was neither here nor there, that film of theirs.", "neutral"], *LABELLED],
        [["review " * 20, "topic"], *LABELLED],
        [["Hallo", "Hello"], ["Danke sehr", "Thank you"], ["Ja", "Yes"]],
    ],
)
def test_rows_without_a_header(rows: list[list[str]]) -> None:
    assert not is_header(rows[0], rows[1:], KNOWN_NAMES)


def test_names_that_are_set_are_known_too() -> None:
    assert is_header(["Remark", "Mood"], [["a", "b"]], {"mood"})


@pytest.mark.parametrize("name", ["Review Text", "review-text", "reviewText", " REVIEW_TEXT "])
def test_names_are_compared_whatever_their_spelling(name: str) -> None:
    assert normal_name(name) == "review_text"


def test_nameless_columns_are_named_by_place_and_doubles_refused() -> None:
    assert column_names(["", " text "], Path("a.csv")) == ("column 1", "text")
    with pytest.raises(UserError, match="two columns"):
        column_names(["text", "text"], Path("a.csv"))
