from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import nlpsuite_qa
from nlpsuite.api import UserError

from .conftest import CONTEXT

if TYPE_CHECKING:
    from collections.abc import Callable

    from nlpsuite.api import Task

    from .conftest import Notes

PACKAGE = Path(nlpsuite_qa.__file__).parent
WHO, WHEN = "Who built the mill?", "When did it burn down?"
ANNA = ("Anna Berg", 35)


def squad(*questions: dict[str, Any], context: str = CONTEXT) -> str:
    return json.dumps({"version": "x", "data": [{"paragraphs": [{"context": context, "qas": list(questions)}]}]})


def question(text: str, start: int, **more: Any) -> dict[str, Any]:
    return {"question": WHO, "id": "q7", "answers": [{"text": text, "answer_start": start}], **more}


@pytest.fixture
def read(make_task: Callable[..., Task], tmp_path: Path) -> Callable[..., list[Any]]:
    def of(text: str, name: str = "train.json", split: str = "train") -> list[Any]:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return list(make_task().read(path, split))

    return of


def test_squad_1_and_2_are_read(read: Callable[..., list[Any]]) -> None:
    several = [{"text": "1902", "answer_start": 72}, {"text": "in 1902", "answer_start": 69}]
    rows = read(
        squad(
            question("Anna Berg", 35, is_impossible=False),
            {"question": WHEN, "id": "b", "answers": several},
            {
                "question": "Who burned it?",
                "id": "c",
                "answers": [],
                "is_impossible": True,
                "plausible_answers": several,
            },
        )
    )
    assert [row.target for row in rows] == [(ANNA,), (("1902", 72), ("in 1902", 69)), ()]
    assert rows[0].inputs == {"question": WHO, "context": CONTEXT, "id": "q7"}
    assert rows[0].inputs["context"] is rows[2].inputs["context"]


@pytest.mark.parametrize(
    ("answers", "target"),
    [
        ({"answers": {"text": ["Anna Berg"], "answer_start": [35]}}, (ANNA,)),
        ({"answers": {"text": [], "answer_start": []}}, ()),
        ({"answers": [{"text": "Anna Berg", "answer_start": 35}]}, (ANNA,)),
        ({"answers": ["Anna Berg"]}, (ANNA,)),
        ({"answer": "Anna Berg", "answer_start": 35}, (ANNA,)),
        ({"answer": "Anna Berg"}, (ANNA,)),
        ({"answer": ""}, ()),
    ],
)
@pytest.mark.parametrize("form", ["lines", "list"])
def test_rows_in_json_are_read(read: Callable[..., list[Any]], answers: Any, target: Any, form: str) -> None:
    line = json.dumps({"question": WHO, "context": CONTEXT, **answers})
    (row,) = read(line if form == "lines" else f"[{line}]", "train.jsonl" if form == "lines" else "train.json")
    assert row.target == target


def test_tables_are_read_with_and_without_a_header(read: Callable[..., list[Any]]) -> None:
    (row,) = read(f"{WHO}\t{CONTEXT}\tAnna Berg\n", "train.tsv")
    assert (row.inputs["question"], row.target) == (WHO, (ANNA,))
    rows = read(f'context,answer,question,answer_start\n"{CONTEXT}",it,Who?,54\n"{CONTEXT}",,{WHO},\n', "train.csv")
    assert [row.target for row in rows] == [(("it", 97),), ()]


def test_words_of_their_own_are_found_before_parts_of_words(read: Callable[..., list[Any]]) -> None:
    rows = [
        json.dumps({"question": WHO, "context": "The bus must wait for us.", "answer": each}) for each in ("us", "mus")
    ]
    assert [row.target for row in read("\n".join(rows), "train.jsonl")] == [(("us", 22),), (("mus", 8),)]


def test_repairs_are_counted_and_said(read: Callable[..., list[Any]], notes: Notes) -> None:
    rows = read(squad(question("in", 60), question(" Anna Berg ", 34), question("anna berg", 35)))
    assert [row.target for row in rows] == [(("in", 69),), (ANNA,), (ANNA,)]
    assert len(notes.warned) == 3
    assert "2 answers did not stand where" in notes.warned[0]
    assert "1 answers had white space" in notes.warned[1]
    assert "1 answers are spelt" in notes.warned[2]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("train.json", squad(question("Bo", 3)), "train.json: question q7: the answer 'Bo' is not in the context"),
        ("train.json", squad(question(" ", 3)), "question q7: an empty answer"),
        ("train.json", squad({"question": WHO, "id": "q7"}), "question q7: a question without `answers`"),
        ("train.json", squad({"id": "q7"}), "question 1 has no text `question`"),
        ("train.json", '{"data": [{"paragraphs": [{"qas": []}]}]}', "a paragraph has no text `context`"),
        ("train.json", '{"data": []}', "no questions in the file"),
        ("train.json", '{"data": [', "not valid JSON"),
        (
            "train.jsonl",
            json.dumps({"question": WHO, "context": CONTEXT, "answer": "Bo"}),
            "train.jsonl:1: the answer 'Bo'",
        ),
        ("train.jsonl", json.dumps({"question": WHO, "context": CONTEXT}), "no column `answers`"),
        ("train.jsonl", json.dumps({"question": WHO, "answer": "Bo"}), "no column `context`"),
        ("train.jsonl", json.dumps({"question": WHO, "context": " ", "answer": ""}), "a row with an empty context"),
        (
            "train.jsonl",
            json.dumps({"question": WHO, "context": CONTEXT, "answers": {"text": ["it"], "answer_start": [1, 2]}}),
            "1 answers and 2 places",
        ),
        ("train.tsv", "one\ttwo\tthree\tfour\n", "4 fields a row"),
    ],
)
def test_what_is_not_as_it_should_be_is_an_error_with_its_place_and_two_rows(
    read: Callable[..., list[Any]], name: str, text: str, message: str
) -> None:
    with pytest.raises(UserError) as error:
        read(text, name)
    assert message in str(error.value)
    assert "rows look like" in str(error.value)
    assert "\n" not in str(error.value)


def test_rows_to_predict_need_no_answers(read: Callable[..., list[Any]], make_task: Callable[..., Task]) -> None:
    assert [row.target for row in read(squad({"question": WHO, "id": "a"}), split="predict")] == [None]
    assert [row.target for row in read(squad(question("Bo", 3)), split="predict")] == [(("Bo", -1),)]
    assert [row.target for row in read(f"{WHO}\t{CONTEXT}\n", "new.tsv", "predict")] == [None]
    lines = io.StringIO(f"{WHO}\t{CONTEXT}\n\n{WHEN}\t{CONTEXT}\n")
    rows = list(make_task().read_lines(lines, "<stdin>"))
    assert [(row.inputs["question"], row.where) for row in rows] == [(WHO, "<stdin>:1"), (WHEN, "<stdin>:3")]
    lines = io.StringIO(json.dumps({"question": WHO, "context": CONTEXT, "id": 4}) + "\n")
    assert [row.inputs["id"] for row in make_task().read_lines(lines, "<stdin>")] == [4]


def test_a_plain_line_is_an_error_that_shows_rows(make_task: Callable[..., Task]) -> None:
    with pytest.raises(UserError, match=r"<stdin>:1: a line with no tab.*rows look like"):
        list(make_task().read_lines(io.StringIO("Who built the mill?\n"), "<stdin>"))


def test_a_plain_file_to_predict_is_an_error_that_shows_rows(read: Callable[..., list[Any]]) -> None:
    with pytest.raises(UserError, match=r"new.txt:2: a line with no tab.*rows look like"):
        read(f"{WHO}\t{CONTEXT}\nWho, then, built it?\n", "new.txt", "predict")
    (row,) = read(f"question\tcontext\n{WHO}\t{CONTEXT}\n", "new.txt", "predict")
    assert row.inputs["question"] == WHO


def test_lines_are_read_as_they_come(make_task: Callable[..., Task]) -> None:
    taken: list[int] = []

    def lines() -> Any:
        for number in range(3):
            taken.append(number)
            yield f"{WHO}\t{CONTEXT}\n"

    rows = make_task().read_lines(lines(), "<stdin>")
    next(rows)
    assert taken == [0]


def test_rows_as_the_readme_shows_them_are_read(read: Callable[..., list[Any]]) -> None:
    readme = (PACKAGE.parent / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```\n(.*?)```", readme.split("## Rows")[1].split("## Predictions")[0], re.DOTALL)
    names = ["train.json", "train.jsonl", "train.jsonl", "train.tsv", "new.tsv"]
    assert len(blocks) == len(names)
    for name, text in zip(names, blocks, strict=True):
        rows = read(text, name, "predict" if name == "new.tsv" else "train")
        assert len(rows) == 2
        assert all(row.inputs["context"].startswith("The mill") for row in rows)
        if name != "new.tsv":
            assert rows[0].target == (("Anna Berg", 22),)


def test_blank_lines_among_questions_are_counted(make_task: Callable[..., Task], notes: Notes) -> None:
    lines = [f"{WHO}\t{CONTEXT}\n", "\n", "  \n", f"{WHO}\t{CONTEXT}\n"]
    assert len(list(make_task().read_lines(lines, "<stdin>"))) == 2
    assert any("2 blank lines" in warning for warning in notes.warned)
