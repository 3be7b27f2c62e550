from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from nlpsuite.errors import UserError
from nlpsuite.tasks.task import Row
from nlpsuite.tasks.text_reader import TextReader
from nlpsuite.tasks.text_settings import TextClassificationSettings

if TYPE_CHECKING:
    from pathlib import Path


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8", newline="")
    return path


def reader(spy, **settings) -> TextReader:
    return TextReader(TextClassificationSettings(**settings), spy)


def test_pairs_are_read_and_said(tmp_path: Path, spy) -> None:
    path = write(tmp_path / "train.tsv", "premise\thypothesis\tlabel\nIt rains.\tIt is wet.\tyes\nA\tB\tno\n")
    own = reader(spy)
    rows = list(own.read(path, "train"))
    assert rows[0] == Row({"text": "It rains.", "text_pair": "It is wet."}, "yes", f"{path}:2")
    assert "text in `premise`, its pair in `hypothesis`, labels in `label`" in spy.said[0]
    again = reader(spy)
    again.restore(json.loads(json.dumps(own.state())))
    assert [row.inputs for row in again.read_lines(["a\tb\n", "c\td\n"], "<stdin>")] == [
        {"text": "a", "text_pair": "b"},
        {"text": "c", "text_pair": "d"},
    ]
    line = json.dumps({"premise": "a", "hypothesis": "b"})
    assert next(again.read_lines([line], "<stdin>")).inputs == {"text": "a", "text_pair": "b"}
    with pytest.raises(UserError, match=r"<stdin>:2: .*pairs of texts.*TEXT<TAB>TEXT"):
        list(again.read_lines(["a\tb\n", "alone\n"], "<stdin>"))


def test_one_side_of_a_pair_may_be_empty(tmp_path: Path, spy) -> None:
    path = write(tmp_path / "train.tsv", "text_a\ttext_b\tlabel\nx\t\tyes\n\ty\tno\n")
    assert [row.inputs["text"] for row in reader(spy).read(path, "train")] == ["x", ""]
    assert spy.warned == [f"{path}: 2 pairs have nothing on one side, the first at {path}:2"]


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        (
            "train.jsonl",
            '{"text": "t", "tags": ["a", "b"], "labels": ["a", "b"]}\n{"text": "u", "labels": []}\n',
            "labels in `labels`, any number for a text;",
        ),
        (
            "train.csv",
            "text,labels\nt,a|b\nu,\nv,a\n",
            "labels in `labels`, any number for a text, set apart by `|`",
        ),
        (
            "train.csv",
            "text,a,b\nt,1,1\nu,0,0\n",
            "labels are the columns of 0 and 1 `a`, `b`, any number for a text",
        ),
    ],
)
def test_several_labels_are_read_and_said(tmp_path: Path, spy, name: str, text: str, said: str) -> None:
    own = reader(spy)
    rows = list(own.read(write(tmp_path / name, text), "train"))
    assert [row.target for row in rows[:2]] == [("a", "b"), ()]
    assert own.several
    assert said in spy.said[0]
    later = reader(spy)
    later.restore(json.loads(json.dumps(own.state())))
    assert [row.target for row in later.read(tmp_path / name, "test")] == [row.target for row in rows]
    found = list(later.read(write(tmp_path / "new.jsonl", '{"text": "x"}\n'), "predict"))
    assert found[0].target is None


def test_parquet_with_lists(tmp_path: Path, spy) -> None:
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    pq.write_table(pa.table({"text": ["t", "u"], "labels": [["a", "b"], []]}), tmp_path / "train.parquet")
    rows = list(reader(spy).read(tmp_path / "train.parquet", "train"))
    assert [row.target for row in rows] == [("a", "b"), ()]


def test_numbered_classes_get_their_names_everywhere(tmp_path: Path, spy) -> None:
    write(tmp_path / "classes.txt", "World\nSports\n")
    lines = "".join(f'"{n % 2 + 1}","Title {n}","Some longer text of row {n}."\n' for n in range(8))
    own = reader(spy)
    rows = list(own.read(write(tmp_path / "train.csv", lines), "train"))
    assert [row.target for row in rows[:2]] == ["World", "Sports"]
    assert rows[0].inputs == {"text": "Title 0\nSome longer text of row 0."}
    assert any("classes are named" in line and "1 World, 2 Sports" in line for line in spy.said)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    later = reader(spy)
    later.restore(json.loads(json.dumps(own.state())))
    assert next(later.read(write(elsewhere / "test.csv", lines), "test")).target == "World"


def test_rows_without_labels_are_counted_to_the_end(tmp_path: Path, spy) -> None:
    path = write(tmp_path / "train.tsv", "text\tlabel\n" + "a\tx\n" * 3 + "b\t\n" * 5 + "\ty\n")
    with pytest.raises(
        UserError, match="5 of 9 rows without a label, this is the first; 1 with an empty text"
    ) as caught:
        list(reader(spy).read(path, "train"))
    assert caught.value.line == 5


@pytest.mark.parametrize("source", ["file", "lines"])
def test_empty_texts_to_predict_are_predicted_and_counted(tmp_path: Path, spy, source: str) -> None:
    text = "one\n\n \ntwo\n\u200b\n"
    path = write(tmp_path / "new.txt", text)
    own = reader(spy)
    rows = own.read(path, "predict") if source == "file" else own.read_lines(text.splitlines(True), str(path))
    assert len(list(rows)) == 5
    assert spy.warned == [f"{path}: 3 texts are empty, the first at {path}:2; labels of empty texts mean nothing"]


REMARKS = "remark,mood\n" + "".join(f"I say so {n} times,{'sad' if n % 2 else 'glad'}\n" for n in range(10))


def trained(tmp_path: Path, spy, text: str) -> TextReader:
    own = reader(spy)
    list(own.read(write(tmp_path / "train.csv", text), "train"))
    spy.said.clear()
    return own


@pytest.mark.parametrize(
    ("lines", "texts"),
    [
        (["id,remark,mood\n", '7,"a, b",glad\n', "8,c,\n"], ["a, b", "c"]),
        (["\ufeffid\tRemark\n", "7\ta, b\n"], ["a, b"]),
        (["text;label\n", "a;glad\n"], ["a"]),
        (["remark\n", "a, b\n", '"c"\n'], ["a, b", "c"]),
    ],
)
def test_a_table_that_streams_in_is_read_as_one(tmp_path: Path, spy, lines: list[str], texts: list[str]) -> None:
    own = trained(tmp_path, spy, REMARKS)
    rows = list(own.read_lines(lines, "<stdin>"))
    assert [row.inputs["text"] for row in rows] == texts
    assert rows[0].where == "<stdin>:2"
    assert spy.said[0] == "<stdin>: the first line names columns, so this is read as a table"
    if "id" in lines[0]:
        assert rows[0].inputs["id"] == "7"
    path = write(tmp_path / "new.txt", "".join(lines))
    assert [row.inputs["text"] for row in own.read(path, "predict")] == texts


@pytest.mark.parametrize(
    "first", ["Well, a remark\n", "a remark, my mood\n", "I like it\tso\n", "text\n", '"remark, mood\n']
)
def test_a_line_of_text_is_no_header(tmp_path: Path, spy, first: str) -> None:
    own = trained(tmp_path, spy, REMARKS)
    rows = list(own.read_lines([first, "b\n"], "<stdin>"))
    assert [row.inputs["text"] for row in rows] == [first.removesuffix("\n"), "b"]


def test_a_table_is_read_as_it_streams(tmp_path: Path, spy) -> None:
    own = trained(tmp_path, spy, REMARKS)
    taken = []

    def lines():
        for text in ("remark,mood\n", *(f"{n},\n" for n in range(9))):
            taken.append(text)
            yield text

    rows = own.read_lines(lines(), "<stdin>")
    assert next(rows).inputs == {"text": "0"}
    # The row after the header may be needed to know that there is one; from then on each is given as it comes.
    for n in range(1, 9):
        assert next(rows).inputs == {"text": str(n)}
        assert len(taken) == n + 2


def test_a_json_array_streams_in_whole(tmp_path: Path, spy) -> None:
    own = trained(tmp_path, spy, REMARKS)
    rows = list(own.read_lines(["[\n", '{"remark": "a"},\n', '{"remark": "b"}]'], "<stdin>"))
    assert [(row.inputs["text"], row.where) for row in rows] == [("a", "<stdin>:1"), ("b", "<stdin>:2")]


def test_the_header_of_a_later_file_is_known_from_the_training_file(tmp_path: Path, spy) -> None:
    own = trained(tmp_path, spy, REMARKS)
    rows = list(own.read(write(tmp_path / "test.csv", "remark,mood\nYes,glad\n"), "test"))
    assert rows == [Row({"text": "Yes"}, "glad", f"{tmp_path}/test.csv:2")]


def test_a_first_row_that_may_be_a_header_is_told(tmp_path: Path, spy) -> None:
    rows = "I say so,glad\nNot me,sad\nI do,glad\nNot I,sad\nAnd I,glad\nSo do I,sad\n"
    list(reader(spy).read(write(tmp_path / "train.csv", "what they said,feeling\n" + rows), "train"))
    (line,) = spy.warned
    assert "looks like a header: no other row has its label `feeling`" in line
    assert "--set task.header=true" in line
    for settings in ({"header": False}, {"header": True}):
        spy.warned.clear()
        list(reader(spy, **settings).read(tmp_path / "train.csv", "train"))
        assert not spy.warned
    list(reader(spy).read(write(tmp_path / "train.csv", rows), "train"))
    assert not spy.warned


def test_a_test_file_without_header_is_read_as_the_training_file_is(tmp_path: Path, spy) -> None:
    train = write(
        tmp_path / "train.txt", "".join(f"这是第{n}号新闻的标题\t{'财经' if n % 2 else '体育'}\n" for n in range(20))
    )
    test = write(tmp_path / "test.txt", "又一条新闻\t财经\n还有一条\t体育\n")
    own = reader(spy)
    list(own.read(train, "train"))
    again = reader(spy)
    again.restore(json.loads(json.dumps(own.state())))
    for each in (own, again):
        rows = list(each.read(test, "predict"))
        assert [(row.inputs["text"], row.target) for row in rows] == [("又一条新闻", "财经"), ("还有一条", "体育")]
    plain = write(tmp_path / "plain.txt", "又一条新闻\n还有一条\n")
    assert [row.target for row in again.read(plain, "predict")] == [None, None]
    assert not spy.warned
    mixed = write(tmp_path / "mixed.txt", "又一条新闻\t财经\n还有一条\n")
    assert [row.inputs["text"] for row in again.read(mixed, "predict")] == ["又一条新闻\t财经", "还有一条"]
    assert "some lines, not all, have as many tabs as rows of the training file" in spy.warned[0]
