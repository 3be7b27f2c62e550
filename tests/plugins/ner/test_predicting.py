"""What is predicted: a text a line, unless something says that the lines are words in columns; and nobody waits in vain."""

from __future__ import annotations

import pytest

from nlpsuite.api import UserError
from nlpsuite.inference.predict import prediction_record

POS = "Ana NNP B-PER\nmet VBD O\n\nRome NNP B-LOC\nsleeps VBZ O\n\n"


def inputs(rows):
    return [row.inputs.get("tokens", row.inputs.get("text")) for row in rows]


def from_file(task, path, text):
    path.write_text(text, encoding="utf-8")
    return inputs(task.read(path, "predict"))


def from_stream(task, text):
    return inputs(task.read_lines(text.splitlines(keepends=True), "<stdin>"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Berlin\nParis\n", ["Berlin", "Paris"]),
        ("Berlin\nParis\nHe lives in Rome\n", ["Berlin", "Paris", "He lives in Rome"]),
        ("Berlin\nParis\n\nHe lives in Rome\n", ["Berlin", "Paris", "", "He lives in Rome"]),
        ("Group O\nBlood O\nType O\n", ["Group O", "Blood O", "Type O"]),
        ("Vitamin B-12\nType O\n", ["Vitamin B-12", "Type O"]),
        ("# Berlin\nParis\n", ["# Berlin", "Paris"]),
        ("#Berlin\n", ["#Berlin"]),
        ("Ana\nmet\n\nBo\n", [["Ana", "met"], ["Bo"]]),
        ("Ana\nmet\n\n", [["Ana", "met"]]),
        ("-DOCSTART-\n\nAna\nmet\n", [["Ana", "met"]]),
        ("Ana O\nmet O\n\nBo O\n", [["Ana", "met"], ["Bo"]]),
        ("Ana B-PER\nmet O\n", [["Ana", "met"]]),
        ("Ana\tO\nmet\tO\n", [["Ana", "met"]]),
        ("王小明\n去了\n\n", ["王小明", "去了", ""]),
    ],
)
def test_lines_are_texts_unless_something_says_columns(trained, tmp_path, text, expected):
    task = trained()
    assert from_file(task, tmp_path / "new.txt", text) == expected
    if text.startswith("Berlin\nParis\n\n"):
        with pytest.raises(UserError, match="4 columns where the first line has 1"):
            from_stream(task, text)
    else:
        assert from_stream(task, text) == expected


@pytest.mark.parametrize("text", ["I like Rome\nBo likes Paris\n", "Blood type O\nBlood group O\n"])
def test_a_tag_column_that_is_set_makes_no_columns_of_texts(trained, tmp_path, text):
    task = trained(POS, tag=3)
    assert from_file(task, tmp_path / "new.txt", text) == text.splitlines()
    assert from_stream(task, text) == text.splitlines()


def test_the_suffix_and_the_setting_decide(trained, tmp_path):
    text = "Berlin\nParis\n"
    assert from_file(trained(), tmp_path / "new.conll", text) == [["Berlin", "Paris"]]
    assert from_file(trained(format="conll"), tmp_path / "new.txt", text) == [["Berlin", "Paris"]]
    assert from_stream(trained(format="conll"), text) == [["Berlin", "Paris"]]
    columns = "Ana B-PER\nmet O\n\n"
    assert from_file(trained(format="text"), tmp_path / "new.txt", columns) == ["Ana B-PER", "met O", ""]
    assert from_stream(trained(format="text"), columns) == ["Ana B-PER", "met O", ""]
    with pytest.raises(UserError, match="1 column where the first line has 2"):
        from_file(trained(), tmp_path / "broken.conll", "Ana NN\nmet\n")


def test_what_was_decided_is_said_with_how_to_say_otherwise(trained, tmp_path):
    cases = {
        "Berlin\nParis\n": "plain text, one text a line; if these are words in columns: put an empty line after each",
        "Type O\nGroup O\n": "plain text, one text a line; if these are words in columns",
        "Ana\nmet\n\nBo\n": "no tags; if each line is a text: --set task.format=text",
        "Ana met Bo.\n": "plain text, one text a line",
    }
    for text, said in cases.items():
        for read in (lambda task, text: from_file(task, tmp_path / "new.txt", text), from_stream):
            task = trained()
            read(task, text)
            assert any(said in line for line in task.context.report.said), (text, task.context.report.said)
    assert not any("columns" in line for line in task.context.report.said)


def waits_after(task, *lines: str) -> bool:
    """Tell whether a row is only there once another line comes."""

    def stream():
        yield from lines
        raise BlockingIOError

    try:
        next(task.read_lines(stream(), "<stdin>"))
    except BlockingIOError:
        return True
    return False


def test_a_line_that_tells_by_itself_is_answered_at_once(trained, make):
    for line in ('{"text": "Ana"}\n', "Ana met Bo.\n", "王小明\n", "#tag of Ana\n"):
        assert not waits_after(trained(), line), line
    for task in (trained(format="text"), make()):
        assert not waits_after(task, "Berlin\n")
    task = trained()
    assert waits_after(task, "Berlin\n")
    assert "reading goes on" in task.context.report.said[0]
    assert not waits_after(trained(), "Ana\n", "met\n", "\n")
    assert not waits_after(trained(), "Berlin\n", "He lives in Rome\n")
    assert not waits_after(trained(), "Ana B-PER\n", "met O\n", "\n")


def test_a_model_of_texts_takes_lines_as_texts_but_for_clear_columns(make, tmp_path):
    task = make()
    path = tmp_path / "train.jsonl"
    path.write_text('{"text": "Ana left", "entities": [[0, 3, "PER"]]}\n')
    task.fit(list(task.read(path, "train")))
    for text in ("Ana\nmet\n\nBo\n", "Type O\nGroup O\n"):
        assert from_file(task, tmp_path / "new.txt", text) == text.splitlines()
        assert from_stream(task, text) == text.splitlines()
    assert from_file(task, tmp_path / "new.txt", "Ana B-PER\nmet O\n") == [["Ana", "met"]]


def test_every_row_is_predicted_and_empty_ones_are_counted(trained, tmp_path):
    task = trained()
    assert from_file(task, tmp_path / "a.txt", "Ana met Bo.\n\n \nIn Rome.\n") == ["Ana met Bo.", "", " ", "In Rome."]
    assert task.context.report.warned == [
        f"{tmp_path}/a.txt: 2 rows are empty, the first in line 2; no entities are predicted there"
    ]
    task = trained()
    assert from_file(task, tmp_path / "a.jsonl", '{"text": "Ana."}\n{"text": " "}\n{"tokens": []}\n') == [
        "Ana.",
        " ",
        [],
    ]
    assert "2 rows are empty, the first in line 2" in task.context.report.warned[0]
    task = trained()
    assert from_stream(task, "Ana met Bo.\n\n") == ["Ana met Bo.", ""]
    assert "<stdin>: 1 row is empty, the first in line 2" in task.context.report.warned[0]
    assert [len(task.encode(row)) for row in task.read_lines(['{"tokens": []}\n'], "<stdin>")] == [1]


def test_empty_rows_to_score_are_refused_together(trained, tmp_path):
    path = tmp_path / "test.jsonl"
    path.write_text('{"text": "Ana", "entities": []}\n' + '{"text": " ", "entities": []}\n' * 2)
    with pytest.raises(UserError, match="2 rows with an empty text, this is the first") as error:
        list(trained().read(path, "test"))
    assert error.value.line == 2


def test_the_id_of_a_row_comes_back_and_is_no_text(trained, tmp_path):
    task = trained()
    lines = ['{"id": "a7", "text": "Ana left."}\n', '{"tokens": ["Ana"], "id": 3}\n', '{"text": "Bo"}\n']
    path = tmp_path / "a.jsonl"
    path.write_text("".join(lines))
    for rows in (list(task.read(path, "predict")), list(task.read_lines(lines, "<stdin>"))):
        assert [prediction_record(row, {"entities": []}).get("id") for row in rows] == ["a7", 3, None]
        assert [list(task.texts(row)) for row in rows] == [["Ana left."], ["Ana"], ["Bo"]]
    path.write_text('{"id": "a7", "text": "Ana left.", "entities": []}\n')
    (row,) = task.read(path, "train")
    assert "id" not in row.inputs, "rows that differ in their id alone stay on one side of a split"
