from __future__ import annotations

import gzip
import itertools
import json
import lzma

import pytest
import zstandard

from nlpsuite.api import TextRow, UserError


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def jsonl(path, *records):
    return write(path, "".join(json.dumps(record) + "\n" for record in records))


@pytest.mark.parametrize(
    ("record", "prompt", "completion"),
    [
        ({"prompt": "p", "completion": "c"}, "p", "c"),
        ({"instruction": "do", "output": "done"}, "do", "done"),
        ({"instruction": "do", "input": "this", "output": "done"}, "do\nthis", "done"),
        ({"instruction": "do", "input": "", "output": "done"}, "do", "done"),
        ({"source": "s", "target": "t", "number": 7}, "s", "t"),
        ({"document": "long", "summary": "short"}, "long", "short"),
        ({"question": "how many?", "answer": 42}, "how many?", "42"),
        ({"messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "ho"}]}, "hi", "ho"),
        ({"conversations": [{"from": "human", "value": "hi"}, {"from": "gpt", "value": "ho"}]}, "hi", "ho"),
        (
            {
                "messages": [
                    {"role": r, "content": c} for r, c in (("system", "be"), ("user", "hi"), ("assistant", "ho"))
                ]
            },
            "be\nhi",
            "ho",
        ),
    ],
)
def test_prompts_and_completions_by_name(make_task, tmp_path, record, prompt, completion):
    path = jsonl(tmp_path / "train.jsonl", record, record)
    rows = list(make_task().read(path, "train"))
    assert [(row.inputs, row.target) for row in rows] == [({"prompt": prompt}, completion)] * 2
    assert [row.where for row in rows] == [f"{path}:1", f"{path}:2"]
    if "completion" not in record or len(record) == 2:
        (row, _) = make_task().read(path, "predict")
        assert row.inputs == {"prompt": prompt}


def test_tables_with_and_without_a_header(make_task, tmp_path):
    for text in (
        "prompt\tcompletion\nWho goes there?\tA friend.\nWhat now?\tTea.\n",
        "Who goes there?\tA friend.\nWhat now?\tTea.\n",
    ):
        rows = list(make_task().read(write(tmp_path / "train.tsv", text), "train"))
        assert [(row.inputs["prompt"], row.target) for row in rows] == [
            ("Who goes there?", "A friend."),
            ("What now?", "Tea."),
        ]


def test_parquet(make_task, tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    parquet.write_table(pyarrow.table({"article": ["long"], "highlights": ["short"]}), tmp_path / "train.parquet")
    (row,) = make_task().read(tmp_path / "train.parquet", "train")
    assert (row.inputs, row.target) == ({"prompt": "long"}, "short")


def test_columns_that_are_set(make_task, tmp_path):
    path = jsonl(tmp_path / "train.jsonl", {"headline": "h", "lead": "l", "text": "t"})
    (row,) = make_task(prompt="headline", completion="lead").read(path, "train")
    assert (row.inputs, row.target) == ({"prompt": "h"}, "l")
    (row,) = make_task(text="lead").read(path, "train")
    assert isinstance(row, TextRow)
    assert row.inputs == {"text": "l"}
    with pytest.raises(UserError, match="did you mean `headline`"):
        list(make_task(prompt="headlin", completion="lead").read(path, "train"))
    other = jsonl(tmp_path / "new.jsonl", {"prompt": "p"})
    (row,) = make_task(prompt="headline", completion="lead").read(other, "predict")
    assert row.inputs == {"prompt": "p"}


@pytest.mark.parametrize(
    ("second", "what"),
    [
        ({"prompt": "p"}, "a prompt without a completion"),
        ({"prompt": "p", "completion": "  "}, "a prompt without a completion"),
        ({"prompt": "", "completion": "c"}, "a row with an empty prompt"),
        ({"prompt": "p", "completion": ["c"]}, "`completion` is not a text but list"),
        ({"prompt": "p", "completion": "\ud800"}, "half a surrogate pair"),
    ],
)
def test_a_broken_row_is_an_error_with_file_and_line_and_example_rows(make_task, tmp_path, second, what):
    path = jsonl(tmp_path / "train.jsonl", {"prompt": "p", "completion": "c"}, second)
    with pytest.raises(UserError, match=what) as error:
        list(make_task().read(path, "train"))
    assert (str(error.value.where), error.value.line) == (str(path), 2)
    assert '{"prompt": ' in error.value.fix


def test_chats_that_no_assistant_ends_are_refused_in_training_and_continued_else(make_task, tmp_path):
    path = jsonl(tmp_path / "train.jsonl", {"messages": [{"role": "user", "content": "hi"}]})
    with pytest.raises(UserError, match="not an assistant's"):
        list(make_task().read(path, "train"))
    (row,) = make_task().read(path, "predict")
    assert (row.inputs, row.target) == ({"prompt": "hi"}, None)
    with pytest.raises(UserError, match="no list of messages"):
        list(make_task().read(jsonl(path, {"messages": "hi"}), "train"))


def test_chats_with_several_answers_are_counted_in_a_warning(make_task, tmp_path, spy):
    turns = [{"from": who, "value": who} for who in ("system", "human", "gpt", "human", "gpt")]
    path = jsonl(tmp_path / "train.jsonl", {"conversations": turns[:3]}, {"conversations": turns})
    rows = list(make_task().read(path, "train"))
    assert [row.inputs["prompt"] for row in rows] == ["system\nhuman", "system\nhuman\ngpt\nhuman"]
    assert spy.warned == [
        f"{path}: 1 chat has several answers, of which the last is the completion and the others are part of the prompt"
    ]


@pytest.mark.parametrize("split", ["train", "valid", "test"])
def test_labelled_rows_of_every_split_follow_the_same_rules(make_task, tmp_path, split):
    good = {"prompt": "p", "completion": "c"}
    for wrong, what in (({"prompt": " "}, "a row with an empty prompt"), ({"completion": ""}, "without a completion")):
        path = jsonl(tmp_path / "rows.jsonl", good, good | wrong)
        with pytest.raises(UserError, match=what) as error:
            list(make_task().read(path, split))
        assert error.value.line == 2
    chat = {"messages": [{"role": "user", "content": ""}, {"role": "assistant", "content": "ho"}]}
    with pytest.raises(UserError, match="a chat without a message before the assistant's"):
        list(make_task().read(jsonl(tmp_path / "chat.jsonl", chat), split))


def test_an_id_comes_back_with_its_row_and_is_no_text(make_task, tmp_path):
    chat = {"messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "ho"}]}
    for record, texts in (
        ({"prompt": "p", "completion": "c"}, ["p", "c"]), ({"text": "t"}, ["t"]), (chat, ["hi", "ho"]),
    ):  # fmt: skip
        path = jsonl(tmp_path / "train.jsonl", {"id": 7} | record)
        task = make_task()
        for split in ("train", "test", "predict"):
            (row,) = task.read(path, split)
            assert row.inputs["id"] == 7
        (row,) = task.read(path, "train")
        assert list(task.texts(row)) == texts
    (row,) = make_task().read_lines([json.dumps({"id": "a", "text": "x"})], "<stdin>")
    assert row.inputs == {"id": "a", "prompt": "x"}


def test_empty_prompts_are_counted_in_a_warning(make_task, spy):
    rows = make_task().read_lines(["short\n", "\n", " \n", "short\n"], "x")
    assert len(list(itertools.islice(rows, 3))) == 3
    rows.close()
    assert spy.warned == ["2 prompts are empty, and a text that goes on from nothing means nothing (first: x:2)"]


def test_columns_that_tell_nothing_are_an_error(make_task, tmp_path):
    path = jsonl(tmp_path / "train.jsonl", {"a": "x", "b": "y"})
    with pytest.raises(UserError, match=r"--set task\.prompt=COLUMN"):
        list(make_task().read(path, "train"))


@pytest.mark.parametrize("suffix", ["", ".gz", ".xz", ".zst"])
def test_running_text_plain_and_compressed(make_task, tmp_path, suffix):
    text = b"One day it rained.\nAnd then some.\n\nThe next day it did not.\n"
    packed = {
        "": text, ".gz": gzip.compress(text), ".xz": lzma.compress(text), ".zst": zstandard.compress(text),
    }  # fmt: skip
    path = tmp_path / f"train.txt{suffix}"
    path.write_bytes(packed[suffix])
    task = make_task()
    rows = list(task.read(path, "train"))
    assert [row.inputs["text"] for row in rows] == ["One day it rained.\nAnd then some.", "The next day it did not."]
    assert task.own_targets
    assert [row.where for row in rows] == [f"{path}:1", f"{path}:4"]


def test_text_in_json_lines_and_empty_ones_passed_over(make_task, tmp_path, spy):
    path = jsonl(tmp_path / "train.jsonl", {"text": "One."}, {"text": " "}, {"text": "word " * 60})
    rows = list(make_task(row_characters=100).read(path, "train"))
    assert [row.document for row in rows] == [0, 1, 1, 1]
    assert "".join(row.inputs["text"] for row in rows) == "One." + "word " * 60
    assert any("1 rows with an empty text" in said for said in spy.said)


def test_a_folder_of_texts(make_task, tmp_path):
    for name in ("b.txt", "a.txt", "deep/c.txt"):
        write(tmp_path / name, f"The text of {name}.\nIt has two lines.\n")
    jsonl(tmp_path / "d.jsonl", {"text": "A record."})
    rows = list(make_task(documents="file").read(tmp_path, "train"))
    assert [row.document for row in rows] == [0, 1, 2, 3]
    assert ["a.txt" in rows[0].inputs["text"], rows[3].inputs["text"]] == [True, "A record."]


def test_to_predict_a_file_holds_a_prompt_a_line(make_task, tmp_path):
    path = write(tmp_path / "prompts.txt", "\ufeffOnce upon a time\n\nIn the end\r\n")
    rows = list(make_task().read(path, "predict"))
    assert [row.inputs["prompt"] for row in rows] == ["Once upon a time", "", "In the end"]
    folder = write(tmp_path / "more" / "a.txt", "A whole\nfile.\n").parent
    (row,) = make_task().read(folder, "predict")
    assert row.inputs == {"prompt": "A whole\nfile."}


def test_lines_stream(make_task):
    def endless():
        yield "\n"
        for number in itertools.count():
            yield json.dumps({"text": f"number {number}"}) + "\n"

    rows = list(itertools.islice(make_task().read_lines(endless(), "<stdin>"), 3))
    assert [row.inputs["prompt"] for row in rows] == ["number 0", "number 1", "number 2"]
    assert rows[0].where == "<stdin>:2"


def test_long_prompts_are_counted_in_a_warning(make_task, spy):
    rows = list(make_task().read_lines(["short\n", "a cat sat on the mat " * 30, "short\n"], "x"))
    assert len(rows) == 3
    assert spy.warned == ["1 prompt is longer than the context of 32 tokens: the end of a prompt counts (first: x:2)"]


def test_rows_of_two_kinds_are_refused(make_task, tmp_path):
    write(tmp_path / "a.txt", "Running text.\n" * 20)
    jsonl(tmp_path / "b.jsonl", {"prompt": "p", "completion": "c"})
    task = make_task()
    with pytest.raises(UserError, match="running text beside prompts"):
        task.fit(list(task.read(tmp_path, "train")))
    task.fit(list(task.read(tmp_path / "a.txt", "train")))
    with pytest.raises(UserError, match="where the training rows are running text"):
        task.check(list(task.read(tmp_path / "b.jsonl", "valid")))
