from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from nlpsuite.errors import UserError
from nlpsuite.tasks.columns import KNOWN_NAMES, ColumnChoice, Columns, choose_columns, join_texts
from nlpsuite.tasks.tables import read_table

if TYPE_CHECKING:
    from pathlib import Path

ANY = ColumnChoice()


def chosen(tmp_path: Path, text: str, choice: ColumnChoice = ANY, *, need_label: bool = True) -> Columns:
    path = tmp_path / "rows.csv"
    path.write_text(text, encoding="utf-8")
    return choose_columns(read_table(path, known=KNOWN_NAMES), choice, need_label=need_label)


@pytest.mark.parametrize(
    ("header", "text", "label"),
    [
        ("sentence,label", ("sentence",), "label"),
        ("label,text_a", ("text_a",), "label"),
        ("review,sentiment", ("review",), "sentiment"),
        ("PhraseId,SentenceId,Phrase,Sentiment", ("Phrase",), "Sentiment"),
        ("Class Index,Title,Description", ("Title", "Description"), "Class Index"),
        ("id,title,body,stars", ("title", "body"), "stars"),
        ("tweet_id,airline_sentiment,name,text", ("text",), "airline_sentiment"),
        ("comment,category,score", ("comment",), "category"),
    ],
)
def test_columns_are_found_by_name(tmp_path: Path, header: str, text: tuple[str, ...], label: str) -> None:
    row = ",".join("x" for _ in header.split(","))
    assert chosen(tmp_path, f"{header}\n{row}\n") == Columns(text, label)


@pytest.mark.parametrize(
    ("header", "first", "second"),
    [
        ("premise,hypothesis,gold_label", "premise", "hypothesis"),
        ("index,question,sentence,label", "question", "sentence"),
        ("id,qid1,qid2,question1,question2,is_duplicate", "question1", "question2"),
        ("Quality,#1 ID,#2 ID,#1 String,#2 String", "#1 String", "#2 String"),
        ("label,Sentence 1,Sentence 2", "Sentence 1", "Sentence 2"),
    ],
)
def test_pairs_are_found_by_name(tmp_path: Path, header: str, first: str, second: str) -> None:
    row = ",".join(f"x{n}" for n, _ in enumerate(header.split(",")))
    columns = chosen(tmp_path, f"{header}\n{row}\n")
    assert (columns.text, columns.pair) == ((first,), second)


def test_the_pair_may_be_set(tmp_path: Path) -> None:
    text = "title,body,note,label\na,b,c,d\n"
    expected = Columns(("title", "body"), "label", pair="note")
    assert chosen(tmp_path, text, ColumnChoice(pair="note")) == expected
    assert chosen(tmp_path, text, ColumnChoice(("body",), pair=1)) == Columns(("body",), "label", pair="title")
    with pytest.raises(UserError, match="both text and the other text"):
        chosen(tmp_path, text, ColumnChoice(("body",), pair="body"))


def test_a_pair_of_training_must_be_there_later(tmp_path: Path) -> None:
    trained = ColumnChoice(trained=Columns(("premise",), "label", pair="hypothesis"))
    assert chosen(tmp_path, "sentence1,sentence2\na,b\n", trained, need_label=False).pair == "sentence2"
    with pytest.raises(UserError, match="no second text"):
        chosen(tmp_path, "premise,id\na,b\n", trained, need_label=False)


def test_columns_of_0_and_1_are_labels_where_nothing_else_is(tmp_path: Path) -> None:
    rows = "".join(f"remark {'x' * n} of many,{n % 2},{n % 3 % 2},{n}7\n" for n in range(12))
    found = chosen(tmp_path, "comment_text,rude,spam,number\n" + rows)
    assert found == Columns(("comment_text",), None, flags=("rude", "spam"))
    mood = "".join(f"remark {n} of many,{n % 2},{n % 3 % 2},{'sad' if n % 5 else 'glad'}\n" for n in range(12))
    assert chosen(tmp_path, "comment_text,read,sent,mood\n" + mood) == Columns(("comment_text",), "mood")
    named = ColumnChoice(label=("spam", "rude"))
    assert chosen(tmp_path, "comment_text,rude,spam,number\n" + rows, named).flags == ("spam", "rude")


def headerless(*rows: str) -> str:
    return "".join(row + "\n" for row in rows)


def test_columns_are_found_by_what_they_hold(tmp_path: Path) -> None:
    rows = [f'{n % 3 + 1},"Title number {"x" * n}","A longer text, of row {n}."' for n in range(12)]
    assert chosen(tmp_path, headerless(*rows)) == Columns(("column 2", "column 3"), "column 1")


def test_numbers_names_and_dates_are_not_text(tmp_path: Path) -> None:
    rows = [
        f"{n % 2 * 4},14678{n},Mon Apr 06 22:19:{n + 10} PDT 2009,NO_QUERY,user_{n},I said so {n}" for n in range(12)
    ]
    assert chosen(tmp_path, headerless(*rows)) == Columns(("column 6",), "column 1")


def test_an_empty_column_without_a_name_may_hold_text_elsewhere(tmp_path: Path) -> None:
    rows = [f'"{n % 2}","","Some text, of row {n}."' for n in range(8)]
    assert chosen(tmp_path, headerless(*rows)) == Columns(("column 2", "column 3"), "column 1")


def test_labels_sorted_in_the_file_are_still_found(tmp_path: Path) -> None:
    rows = [f"{'neg' if n < 1500 else 'pos'},text of row {n}" for n in range(3000)]
    assert chosen(tmp_path, headerless(*rows)) == Columns(("column 2",), "column 1")


def test_two_rows_are_enough_where_one_column_is_much_shorter(tmp_path: Path) -> None:
    assert chosen(tmp_path, "I liked every minute of it,1\nI left before the end,0\n") == Columns(
        ("column 1",), "column 2"
    )


def test_of_unknown_names_the_longest_text_is_taken(tmp_path: Path) -> None:
    rows = "".join(f"city {n},I thought about it for {n} days,{'sad' if n % 2 else 'glad'}\n" for n in range(12))
    assert chosen(tmp_path, "place,remark,mood\n" + rows) == Columns(("remark",), "mood")


def test_settings_override_by_name_or_number(tmp_path: Path) -> None:
    text = "text,summary,label,grade\na,b,c,d\n"
    assert chosen(tmp_path, text, ColumnChoice(("Summary",), ("grade",))) == Columns(("summary",), "grade")
    assert chosen(tmp_path, text, ColumnChoice((2, 1), (4,))) == Columns(("summary", "text"), "grade")


@pytest.mark.parametrize(
    ("choice", "words"),
    [
        (ColumnChoice(("txet",)), "did you mean `text`"),
        (ColumnChoice((7,)), "columns: `text`, `label`"),
        (ColumnChoice(label=("stars",)), "no column `stars`"),
        (ColumnChoice(("label",), ("label",)), "both text and label"),
    ],
)
def test_a_setting_that_fits_no_column_is_refused(tmp_path: Path, choice: ColumnChoice, words: str) -> None:
    with pytest.raises(UserError, match=words):
        chosen(tmp_path, "text,label\na,b\n", choice)


def test_without_labels_only_prediction_is_possible(tmp_path: Path) -> None:
    assert chosen(tmp_path, "id,sentence\n1,fine\n", need_label=False) == Columns(("sentence",))
    with pytest.raises(UserError, match="no column of labels"):
        chosen(tmp_path, "id,sentence\n1,fine\n")
    with pytest.raises(UserError, match="no column of text"):
        chosen(tmp_path, "1,2\n3,4\n", need_label=False)


def test_the_columns_of_training_are_preferred(tmp_path: Path) -> None:
    named = ColumnChoice(trained=Columns(("summary",), "grade"))
    assert chosen(tmp_path, "text,summary,label,grade\na,b,c,d\n", named) == Columns(("summary",), "grade")
    assert chosen(tmp_path, "text,summary\na,b\n", named, need_label=False) == Columns(("summary",))
    placed = ColumnChoice(trained=Columns(("column 2", "column 3"), "column 1"))
    assert chosen(tmp_path, "3,a,b\n3,c,d\n", placed) == Columns(("column 2", "column 3"), "column 1")
    texts = "Title one here,Body one here\nTitle two here,Body two here\n"
    assert chosen(tmp_path, texts, placed, need_label=False) == Columns(("column 1", "column 2"))


def test_texts_are_joined_by_line_without_empty_ones() -> None:
    columns = Columns(("title", "body"))
    assert join_texts({"title": "T ", "body": "B"}, columns) == "T \nB"
    assert join_texts({"title": " ", "body": "B"}, columns) == "B"
    assert join_texts({"body": None}, columns) == ""
    assert join_texts({"title": " as it is "}, Columns(("title",))) == " as it is "
    with pytest.raises(TypeError):
        join_texts({"title": ["a"]}, Columns(("title",)))
