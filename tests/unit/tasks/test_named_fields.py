"""Rows of columns with fixed names, in every usual format, and what is said of those that are not as they should be."""

from __future__ import annotations

import gzip
import json

import pytest

from nlpsuite.errors import UserError
from nlpsuite.report import Silent
from nlpsuite.tasks.named_fields import NamedFields, text_cell, words_cell

EXAMPLES = ({"text": "a", "mark": "b"}, {"text": "c", "mark": "d"})
ONE = NamedFields({"text": text_cell}, "mark", text_cell, EXAMPLES)
TWO = NamedFields({"words": words_cell, "more": text_cell}, "tags", words_cell, ({"words": "a b"}, {"words": "c"}))
NONE = NamedFields({"text": text_cell}, None, text_cell, ({"text": "a"}, {"text": "c"}))
ROWS = [{"text": 'Say "yes", now.', "mark": "x"}, {"text": "王小明", "mark": "y"}]


def write(path, rows):
    if path.suffix in (".csv", ".tsv"):
        apart = "," if path.suffix == ".csv" else "\t"
        lines = [
            apart.join(rows[0]),
            *(apart.join('"' + v.replace('"', '""') + '"' for v in row.values()) for row in rows),
        ]
    elif path.suffix == ".json":
        lines = [json.dumps(rows)]
    else:
        lines = [json.dumps(row) for row in rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("suffix", ["csv", "tsv", "jsonl", "json"])
@pytest.mark.parametrize("split", ["train", "valid", "test"])
def test_the_same_rows_come_of_every_format(tmp_path, suffix, split):
    path = write(tmp_path / f"rows.{suffix}", ROWS)
    rows = list(ONE.read(path, split, Silent()))
    assert [row.inputs for row in rows] == [{"text": row["text"]} for row in ROWS]
    assert [row.target for row in rows] == ["x", "y"]
    first = 2 if suffix in ("csv", "tsv") else 1
    assert [row.where for row in rows] == [f"{path}:{first}", f"{path}:{first + 1}"]


def test_a_compressed_file_is_read(tmp_path):
    path = write(tmp_path / "rows.jsonl", ROWS)
    packed = tmp_path / "rows.jsonl.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert [row.target for row in ONE.read(packed, "train", Silent())] == ["x", "y"]


def test_names_of_columns_are_forgiven_their_case(tmp_path):
    path = write(tmp_path / "rows.jsonl", [{"Text": "a", "MARK": "b"}])
    assert [(row.inputs, row.target) for row in ONE.read(path, "train", Silent())] == [({"text": "a"}, "b")]


def test_words_are_a_list_or_stand_apart(tmp_path):
    rows = [{"words": ["a", "b c"], "more": "m", "tags": ["O", "O"]}, {"words": "a b", "more": "m", "tags": "O O"}]
    read = list(TWO.read(write(tmp_path / "rows.jsonl", rows), "train", Silent()))
    assert [row.inputs["words"] for row in read] == [["a", "b c"], ["a", "b"]]
    assert [row.target for row in read] == [["O", "O"], ["O", "O"]]


@pytest.mark.parametrize("split", ["test", "predict"])
def test_a_target_may_be_missing_where_nothing_is_learned(tmp_path, split):
    rows = [{"text": "a"}, {"text": "b", "mark": None}, {"text": "c", "mark": " "}, {"text": "d", "mark": "x"}]
    read = list(ONE.read(write(tmp_path / "rows.jsonl", rows), split, Silent()))
    assert [row.target for row in read] == [None, None, None, "x"]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([ROWS[0], {"text": "b"}], ":2: no `mark`; the row has `text`; name the columns text, mark"),
        ([ROWS[0], {"text": "b", "mark": ""}], ":2: `mark` must be text, and it is "),
        ([ROWS[0], {"text": 7, "mark": "x"}], ":2: `text` must be text, and it is 7"),
        ([{"text": ["a"] * 50, "mark": "x"}], r":1: `text` must be text, and it is \[.*\.\.\.; correct the row"),
        ([{"text": "\ud83d", "mark": "x"}], ":1: half a surrogate pair in the text"),
    ],
)
def test_what_is_wrong_is_said_with_its_line_and_two_good_rows(tmp_path, rows, said):
    path = write(tmp_path / "rows.jsonl", rows)
    with pytest.raises(UserError, match=f"{path}{said}") as caught:
        list(ONE.read(path, "train", Silent()))
    assert "rows look like" in str(caught.value)


@pytest.mark.parametrize("value", [[], "  ", ["a", ""], ["a", 1], 3, None])
def test_what_is_no_list_of_words_is_refused(value):
    with pytest.raises(ValueError, match="must be a list of words"):
        words_cell(value)


def test_a_folder_is_refused(tmp_path):
    with pytest.raises(UserError, match="a folder where a file is needed"):
        list(ONE.read(tmp_path, "train", Silent()))


def test_plain_text_is_read_to_predict_and_where_there_is_no_target(tmp_path):
    path = tmp_path / "texts.txt"
    path.write_text('one\n\n{"text": "two"}\r\n{three}\n')
    for fields, split in ((ONE, "predict"), (NONE, "predict"), (NONE, "train")):
        read = list(fields.read(path, split, Silent()))
        assert [row.inputs["text"] for row in read] == ["one", "two", "{three}"]
        assert [row.where for row in read] == [f"{path}:1", f"{path}:3", f"{path}:4"]
    with pytest.raises(UserError):
        list(ONE.read(path, "train", Silent()))


def test_a_stream_is_read_as_it_comes():
    def lines():
        yield "one\n"
        raise AssertionError("read ahead")

    assert next(ONE.read_lines(lines(), "<stdin>", Silent())).inputs == {"text": "one"}


def test_a_stream_of_several_inputs_must_be_json():
    rows = list(TWO.read_lines(['{"words": ["a"], "more": "b"}\n'], "<stdin>", Silent()))
    assert rows[0].inputs == {"words": ["a"], "more": "b"}
    with pytest.raises(UserError, match="<stdin>:1: not valid JSON"):
        list(TWO.read_lines(["one\n"], "<stdin>", Silent()))


class Spy(Silent):
    def __init__(self):
        self.said = []

    def say(self, text):
        self.said.append(text)


def test_an_id_is_handed_on_and_what_is_not_used_is_told(tmp_path):
    spy = Spy()
    path = write(tmp_path / "rows.jsonl", [{"ID": 7, "text": "a", "mark": "b", "note": "c"}])
    assert [row.inputs for row in ONE.read(path, "train", spy)] == [{"text": "a", "id": 7}]
    assert spy.said == ["rows.jsonl: not used: `note`"]


def test_blank_lines_are_counted():
    spy = Spy()
    assert len(list(ONE.read_lines(["a\n", "\n", " \n", "b\n"], "<stdin>", spy))) == 2
    assert spy.said == ["<stdin>: 2 blank lines left out"]


def test_what_a_parser_says_stays_on_one_line(tmp_path):
    def wrong(value):
        raise ValueError("must be\nanother")

    fields = NamedFields({"text": wrong}, None, text_cell, EXAMPLES)
    with pytest.raises(UserError, match="`text` must be another, and it is"):
        list(fields.read(write(tmp_path / "rows.jsonl", ROWS), "train", Silent()))


@pytest.mark.parametrize("apart", ["\t", ","])
def test_a_text_file_with_a_header_is_a_table_to_predict_too(tmp_path, apart):
    path = tmp_path / "test.txt"
    path.write_text(f"text{apart}mark\none{apart}x\ntwo{apart}y\n")
    assert [(row.inputs["text"], row.target) for row in ONE.read(path, "predict", Silent())] == [
        ("one", "x"),
        ("two", "y"),
    ]
    path.write_text("text\nthe mark\n")
    assert [row.inputs["text"] for row in ONE.read(path, "predict", Silent())] == ["text", "the mark"]
