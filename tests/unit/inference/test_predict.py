from __future__ import annotations

import os
import threading

import pytest

from nlpsuite.errors import UserError
from nlpsuite.inference.open_model import batch_tokens_for, open_task_model
from nlpsuite.inference.predict import POOL_ROWS, predict_groups, prediction_record, rows_to_predict
from nlpsuite.inference.predictor import predict_rows
from nlpsuite.tasks.task import Row


@pytest.fixture
def model(run_folder, spy):
    return open_task_model(str(run_folder), spy)


def predicted(model, source, **options) -> list[dict]:
    with rows_to_predict(model.task, str(source)) as groups:
        return [
            prediction_record(row, prediction)
            for row, prediction in predict_groups(model, groups, **({"batch_tokens": 512} | options))
        ]


def test_a_run_and_its_model_folder_are_the_same(model, run_folder, spy):
    again = open_task_model(str(run_folder / "model"), spy)
    row = Row({"text": "rain"})
    one, two = (
        list(predict_rows(m.task, m.head, m.backbone, [row], 3, batch_tokens=64, pool=1)) for m in (model, again)
    )
    assert one == two
    assert not model.head.training
    assert not model.backbone.training


def test_a_backbone_alone_predicts_nothing(backbone_folder, spy):
    with pytest.raises(UserError, match="no task head"):
        open_task_model(str(backbone_folder), spy)


def test_one_line_is_one_prediction_empty_ones_too(model, tmp_path, spy):
    path = tmp_path / "in.txt"
    path.write_bytes(b"The cat\n\nrain, again\r\n   \nlast")
    records = predicted(model, path)
    assert [record["text"] for record in records] == ["The cat", "", "rain, again", "   ", "last"]
    for record in records:
        assert record.keys() == {"text", "label", "probabilities"}
        assert record["probabilities"].keys() == {"bad", "good"}
        assert sum(record["probabilities"].values()) == pytest.approx(1.0)
        assert record["label"] == max(record["probabilities"], key=record["probabilities"].get)
    assert any("one text a line" in line for line in spy.said)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("in.tsv", "text\tlabel\nThe cat\tgood\nrain\tbad\n"),
        ("in.csv", "id,text\n1,The cat\n2,rain\n"),
        ("in.jsonl", '{"text": "The cat"}\n{"text": "rain", "label": "bad"}\n'),
        ("in.txt", '{"text": "The cat"}\n{"text": "rain"}\n'),
    ],
)
def test_tables_are_found_by_looking(model, tmp_path, name, content):
    (tmp_path / name).write_text(content)
    assert [record["text"] for record in predicted(model, tmp_path / name)] == ["The cat", "rain"]


def test_many_rows_of_all_lengths_stay_in_order(model, tmp_path):
    texts = [f"{number} " + "rain " * (number * 7 % 50) for number in range(POOL_ROWS + 100)]
    (tmp_path / "in.txt").write_text("".join(text + "\n" for text in texts))
    records = predicted(model, tmp_path / "in.txt")
    assert [record["text"] for record in records] == texts
    some = predicted(model, tmp_path / "in.txt", batch_tokens=40, limit=20)
    for record, other in zip(some, records, strict=False):
        assert record["label"] == other["label"]
        assert record["probabilities"] == pytest.approx(other["probabilities"], abs=1e-4)


@pytest.mark.parametrize("limit", [1, 2, 5])
def test_a_limit(model, tmp_path, limit):
    (tmp_path / "in.txt").write_text("a\nb\nc\n")
    assert len(predicted(model, tmp_path / "in.txt", limit=limit)) == min(3, limit)


def test_answers_from_a_pipe_come_before_the_next_question(model, tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    answered = threading.Event()
    waited: list[bool] = []

    def ask() -> None:
        with path.open("w") as file:
            file.write("The cat\n")
            file.flush()
            waited.append(answered.wait(timeout=20))
            file.write("rain\n")

    writer = threading.Thread(target=ask)
    writer.start()
    with rows_to_predict(model.task, str(path)) as groups:
        answers = predict_groups(model, groups, batch_tokens=64)
        first, _ = next(answers)
        answered.set()
        rest = [row.inputs["text"] for row, _ in answers]
    writer.join()
    assert waited == [True]
    assert [first.inputs["text"], *rest] == ["The cat", "rain"]


def test_rows_before_a_bad_one_are_still_answered(model, tmp_path):
    path = tmp_path / "in.txt"
    path.write_bytes(b"The cat\nrain\ncaf\xe9\nmore\n")
    with rows_to_predict(model.task, str(path)) as groups:
        answers = predict_groups(model, groups, batch_tokens=64)
        assert [next(answers)[0].inputs["text"] for _ in range(2)] == ["The cat", "rain"]
        with pytest.raises(UserError, match=r"in\.txt:3"):
            next(answers)


def test_no_such_file(model, tmp_path):
    with pytest.raises(UserError, match="no such file"), rows_to_predict(model.task, str(tmp_path / "gone")):
        pass


def test_long_texts_are_not_all_held(model, tmp_path):
    line = "rain " * 200_000
    (tmp_path / "in.txt").write_text((line + "\n") * 12)
    with rows_to_predict(model.task, str(tmp_path / "in.txt")) as groups:
        sizes = [len(group) for group in groups]
    assert sum(sizes) == 12
    assert max(sizes) <= 4


def test_a_record_keeps_every_input_field():
    row = Row({"text": "x", "label": "mine", "id": 7}, target="good")
    prediction = {"label": "bad", "probabilities": {"bad": 1.0}}
    assert prediction_record(row, prediction) == {"text": "x", "input_label": "mine", "id": 7, **prediction}
    with_target = prediction_record(row, prediction, with_target=True)
    assert with_target == {"text": "x", "input_label": "mine", "id": 7, "target": "good", **prediction}


def test_batch_tokens(model):
    assert batch_tokens_for(model.backbone, None) == 4096
    assert batch_tokens_for(model.backbone, 7) == 7
