from __future__ import annotations

import csv
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
    places = [(WHO, "<stdin>:1"), ("", "<stdin>:2"), (WHEN, "<stdin>:3")]
    assert [(row.inputs["question"], row.where) for row in rows] == places
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


def test_every_row_to_predict_is_one_and_blank_ones_are_counted(
    make_task: Callable[..., Task], read: Callable[..., list[Any]], notes: Notes
) -> None:
    lines = ["\n", f"{WHO}\t{CONTEXT}\n", "\n", "Who?\t\n", f" \t{CONTEXT}\n"]
    rows = list(make_task().read_lines(lines, "<stdin>"))
    assert [row.inputs["context"] for row in rows] == ["", CONTEXT, "", "", CONTEXT]
    assert [row.inputs["question"] for row in rows] == ["", WHO, "", "Who?", " "]
    assert notes.warned == [
        "<stdin>: rows with an empty context: 3, the first at <stdin>:1; their answers are empty",
        "<stdin>: rows with an empty question: 1, the first at <stdin>:5; their answers mean nothing",
    ]
    notes.warned.clear()
    for answer in ({}, {"answer": "it"}):
        rows = read(json.dumps({"question": "", "context": CONTEXT} | answer), "new.jsonl", "predict")
        assert [row.inputs["question"] for row in rows] == [""]
    assert len(notes.warned) == 2
    rows = read(json.dumps({"question": WHO, "context": None}), "new.jsonl", "predict")
    assert [row.inputs["context"] for row in rows] == [""]


def test_rows_to_predict_are_shown_without_answers(read: Callable[..., list[Any]]) -> None:
    with pytest.raises(UserError, match=r'rows look like `{"question": "[^"]*", "context": "[^"]*"}` and `{'):
        read(json.dumps({"question": WHO}), "new.jsonl", "predict")


ANNA_BERG = {"question": WHO, "context": CONTEXT, "answer": "Anna Berg"}


@pytest.mark.parametrize("form", ["squad", "list", "lines", "table", "contexts"])
def test_impossible_counts_before_answers_in_every_format(
    read: Callable[..., list[Any]], notes: Notes, form: str
) -> None:
    item = {"question": WHO, "answers": [{"text": "Anna Berg", "answer_start": 35}], "is_impossible": True}
    line = json.dumps({"context": CONTEXT} | item)
    texts = {
        "squad": ("train.json", squad(item)),
        "list": ("train.json", f"[{line}]"),
        "lines": ("train.jsonl", line),
        "table": ("train.tsv", f"question\tcontext\tanswer\tis_impossible\n{WHO}\t{CONTEXT}\tAnna Berg\tTrue\n"),
        "contexts": ("train.json", json.dumps([{"context": CONTEXT, "qas": [item]}])),
    }
    name, text = texts[form]
    assert [row.target for row in read(text, name)] == [()]
    assert "1 questions with is_impossible beside answers" in notes.warned[-1]


def test_a_question_said_to_have_an_answer_needs_one_in_every_format(read: Callable[..., list[Any]]) -> None:
    row = {"question": WHO, "context": CONTEXT, "answers": [], "is_impossible": False}
    with pytest.raises(UserError, match=r"train.jsonl:1: a question without an answer, said not to be impossible"):
        read(json.dumps(row), "train.jsonl")
    assert [row.target for row in read(json.dumps(row), "test.jsonl", "predict")] == [None]
    impossible = json.dumps({"question": WHO, "context": CONTEXT, "is_impossible": 1})
    assert [row.target for row in read(impossible, "train.jsonl")] == [()]
    with pytest.raises(UserError, match=r"is_impossible is 'perhaps'"):
        read(json.dumps(row | {"is_impossible": "perhaps"}), "train.jsonl")


def test_null_is_no_answer_as_an_empty_cell_is(read: Callable[..., list[Any]], notes: Notes) -> None:
    rows = [ANNA_BERG, ANNA_BERG | {"answer": None}, ANNA_BERG | {"answer": float("nan")}]
    text = "\n".join(map(json.dumps, rows))
    assert [row.target for row in read(text, "train.jsonl")] == [(ANNA,), (), ()]
    assert notes.warned == [notes.warned[0]]
    assert "2 questions with an answer that is null; they are taken to have no answer" in notes.warned[0]
    assert [row.target for row in read(text, "test.jsonl", "predict")] == [(ANNA,), None, None]
    with pytest.raises(UserError, match=r"train.jsonl:2: a row without answers"):
        read(json.dumps(ANNA_BERG) + "\n" + json.dumps({"question": WHO, "context": CONTEXT}), "train.jsonl")


@pytest.mark.parametrize(
    ("cell", "target"),
    [
        ("{'text': ['Anna Berg'], 'answer_start': [35]}", (ANNA,)),
        ('{"text": ["Anna Berg"], "answer_start": [35]}', (ANNA,)),
        (
            "{'text': array(['Anna Berg', 'Berg'],\n      dtype=object), 'answer_start': array([35, 40])}",
            (ANNA, ("Berg", 40)),
        ),
        ("{'text': array([], dtype=object), 'answer_start': array([], dtype=int32)}", ()),
        ("[{'text': 'Anna Berg', 'answer_start': 35}]", (ANNA,)),
        ("['Anna Berg']", (ANNA,)),
        ("[]", ()),
    ],
)
def test_cells_that_hold_lists_and_dicts_are_read(read: Callable[..., list[Any]], cell: str, target: Any) -> None:
    file = io.StringIO()
    csv.writer(file).writerows([["question", "context", "answers"], [WHO, CONTEXT, cell]])
    assert [row.target for row in read(file.getvalue(), "train.csv")] == [target]


def test_cells_of_texts_and_of_places_go_together(read: Callable[..., list[Any]]) -> None:
    rows = [["question", "context", "answers", "answer_start"], [WHO, CONTEXT, "['Berg', 'Anna Berg']", "[40, 35]"]]
    file = io.StringIO()
    csv.writer(file).writerows([*rows, [WHO, CONTEXT, "['Anna Berg']", ""], [WHO, CONTEXT, "[]", "[]"]])
    targets = [row.target for row in read(file.getvalue(), "train.csv")]
    assert targets == [(("Berg", 40), ANNA), (ANNA,), ()]


@pytest.mark.parametrize("answer", ["[1]", "{x}", "{1, 2}", "[sic"])
def test_text_in_brackets_is_text(read: Callable[..., list[Any]], answer: str) -> None:
    rows = read(f"question\tcontext\tanswer\n{WHO}\tIt was {answer} then\t{answer}\n", "train.tsv")
    assert [row.target for row in rows] == [((answer, 7),)]


def test_places_that_pandas_made_floats_of_are_read(read: Callable[..., list[Any]]) -> None:
    text = f"question\tcontext\tanswer\tanswer_start\n{WHO}\t{CONTEXT}\tAnna Berg\t35.0\n{WHO}\t{CONTEXT}\t\t\n"
    assert [row.target for row in read(text, "train.tsv")] == [(ANNA,), ()]
    assert [row.target for row in read(json.dumps(ANNA_BERG | {"answer_start": 35.0}), "train.jsonl")] == [(ANNA,)]
    with pytest.raises(UserError, match=r"answer_start is 35\.5"):
        read(json.dumps(ANNA_BERG | {"answer_start": 35.5}), "train.jsonl")


@pytest.mark.parametrize(
    "header",
    ["Question,Passage,Answer", "QUESTION,Paragraph,Answer Text", "query,document,answers", "Query,Text,answer"],
)
def test_columns_are_known_by_usual_names_in_any_case(read: Callable[..., list[Any]], header: str) -> None:
    (row,) = read(f'{header}\n{WHO},"{CONTEXT}",Anna Berg\n', "train.csv")
    assert (row.inputs, row.target) == ({"question": WHO, "context": CONTEXT}, (ANNA,))


@pytest.mark.parametrize("names", [("frage", "Absatz", "ANTWORT"), (3, 1, 2), ("Frage", 1, "Antwort")])
def test_columns_can_be_set_by_name_or_number(
    make_task: Callable[..., Task], tmp_path: Path, names: tuple[str | int, ...]
) -> None:
    names_by_role = dict(zip(("question", "context", "answer"), names, strict=True))
    task = make_task(header=True, **names_by_role)
    row = {"Absatz": CONTEXT, "Antwort": "Anna Berg", "Frage": WHO, "extra": "x"}
    table = "\t".join(row) + "\n" + "\t".join(row.values()) + "\n"
    for name, text in (("train.tsv", table), ("train.jsonl", json.dumps(row)), ("train.json", json.dumps([row]))):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        (read,) = task.read(path, "train")
        assert (read.inputs, read.target) == ({"question": WHO, "context": CONTEXT}, (ANNA,))
    if isinstance(names[0], int):
        path = tmp_path / "bare.tsv"
        path.write_text("\t".join(row.values()) + "\n", encoding="utf-8")
        (read,) = make_task(**names_by_role).read(path, "train")
        assert (read.inputs["question"], read.target) == (WHO, (ANNA,))
    lines = [json.dumps({"question": WHO, "context": CONTEXT}) + "\n"]
    if not isinstance(names[1], int):
        assert [row.inputs["question"] for row in task.read_lines(lines, "<stdin>")] == [WHO]


def test_columns_that_are_not_there_are_errors_that_say_what_to_set(
    make_task: Callable[..., Task], read: Callable[..., list[Any]], tmp_path: Path
) -> None:
    path = tmp_path / "train.jsonl"
    path.write_text(json.dumps(ANNA_BERG), encoding="utf-8")
    with pytest.raises(UserError, match=r"no column `contex`, which task.context asks for; did you mean `context`\?"):
        list(make_task(context="contex").read(path, "train"))
    with pytest.raises(UserError, match=r"no column `context` among `question`, `story`; .*--set task.context=COLUMN"):
        read(json.dumps({"question": WHO, "story": CONTEXT}), "train.jsonl")
    with pytest.raises(UserError, match=r"1 field a row and no header; give question and context, or"):
        read(f"{WHO}\n{WHO}\n", "new.tsv", "predict")


@pytest.mark.parametrize("split", ["train", "predict"])
def test_an_id_comes_back_from_every_format(read: Callable[..., list[Any]], split: str) -> None:
    table = f"ID,question,context,answer\nq7,{WHO},{CONTEXT.replace(',', '')},Anna Berg\n"
    for name, text in (
        ("some.json", squad(question("Anna Berg", 35))),
        ("some.json", json.dumps([{"context": CONTEXT, "qas": [question("Anna Berg", 35)]}])),
        ("some.jsonl", json.dumps(ANNA_BERG | {"id": "q7"})),
        ("some.jsonl", json.dumps(ANNA_BERG | {"qid": "q7"})),
        ("some.json", json.dumps([ANNA_BERG | {"question_id": "q7"}])),
        ("some.csv", table),
    ):
        assert [row.inputs["id"] for row in read(text, name, split)] == ["q7"]


def test_a_list_of_contexts_with_their_questions_is_read(read: Callable[..., list[Any]]) -> None:
    paragraphs = [
        {"context": CONTEXT, "qas": [question("Anna Berg", 35, is_impossible=False), {"question": WHEN, "id": "0002"}]},
        {"context": "Nobody knows.", "qas": [{"question": WHO, "id": 3, "answers": [], "is_impossible": True}]},
    ]
    rows = read(json.dumps(paragraphs), "new.json", "predict")
    assert [(row.inputs["id"], row.target) for row in rows] == [("q7", (ANNA,)), ("0002", None), (3, ())]


def test_answered_lines_without_header_are_read_to_predict_too(read: Callable[..., list[Any]]) -> None:
    lines = f"{WHO}\t{CONTEXT}\tAnna Berg\n{WHEN}\t{CONTEXT}\t1902\n"
    trained, predicted = read(lines, "train.txt"), read(lines, "test.txt", "predict")
    assert [row.inputs for row in predicted] == [row.inputs for row in trained]
    with pytest.raises(UserError, match="more than one tab"):
        read(f"{WHO}\t{CONTEXT}\tand more of it\n", "test.txt", "predict")
    assert len(read("\n\n", "test.txt", "predict")) == 2
