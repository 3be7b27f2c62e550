from __future__ import annotations

import pytest

from nlpsuite.errors import UserError
from nlpsuite.inference.evaluate_rows import evaluate_rows, file_to_score
from nlpsuite.inference.open_model import open_task_model

ROWS = [("The cat", "good"), ("rain", "bad"), ("rain again", "good"), ("late", "good"), ("mat", "bad")]


@pytest.fixture
def model(run_folder, spy):
    return open_task_model(str(run_folder), spy)


@pytest.fixture
def data(tmp_path):
    path = tmp_path / "test.tsv"
    path.write_text("text\tlabel\n" + "".join(f"{text}\t{label}\n" for text, label in ROWS))
    return path


def test_scores_are_those_of_the_predictions(model, data, spy):
    records: list[dict] = []
    score = evaluate_rows(model, data, batch_tokens=512, write=records.append, report=spy)
    assert [(record["text"], record["target"]) for record in records] == ROWS
    right = sum(record["label"] == record["target"] for record in records)
    assert score.metrics["accuracy"] == pytest.approx(right / 5)
    assert set(score.metrics) == {"accuracy", "f1_macro", "f1_micro", "mcc", "ece"}
    majority = model.task.labels.majority
    said = sum(label == majority for _, label in ROWS)
    assert score.baseline["accuracy"] == pytest.approx(said / 5), "always saying what most training rows have"
    assert score.rows == 5
    assert score.seconds > 0
    assert spy.updates[-1] == 5


def test_a_limit(model, data, spy):
    assert evaluate_rows(model, data, batch_tokens=512, limit=2, report=spy).rows == 2


def test_a_file_with_one_label_is_scored(model, tmp_path, spy):
    path = tmp_path / "test.tsv"
    path.write_text("text\tlabel\nThe cat\tgood\nrain\tgood\n")
    score = evaluate_rows(model, path, batch_tokens=512, report=spy)
    assert 0 <= score.metrics["accuracy"] <= 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("text\tlabel\nThe cat\tgood\nrain\tugly\n", "ugly"),
        ("text\tlabel\nThe cat\tgood\nrain\t\n", "test.tsv:3: a row without a label"),
        ("text\tlabel\n", "no rows"),
        ("", "empty"),
    ],
)
def test_rows_that_cannot_be_scored_are_named(model, tmp_path, spy, content, message):
    path = tmp_path / "test.tsv"
    path.write_text(content)
    with pytest.raises(UserError, match=message) as caught:
        evaluate_rows(model, path, batch_tokens=512, report=spy)
    assert "\n" not in str(caught.value)


def test_of_a_folder_with_splits_the_test_data(model, data, tmp_path, spy):
    for name in ("train.tsv", "dev.tsv"):
        (tmp_path / name).write_text(data.read_text())
    assert file_to_score(model.task, tmp_path, spy) == data
    assert any("test.tsv" in line for line in spy.said)
    data.unlink()
    assert file_to_score(model.task, tmp_path, spy).name == "dev.tsv"
    (tmp_path / "dev.tsv").unlink()
    with pytest.raises(UserError, match=r"train\.tsv"):
        file_to_score(model.task, tmp_path, spy)


def test_a_file_or_folders_of_labels_are_taken_as_they_are(model, data, tmp_path, spy):
    assert file_to_score(model.task, data, spy) == data
    folder = tmp_path / "reviews"
    for label, text in (("good", "The cat"), ("bad", "rain")):
        (folder / label).mkdir(parents=True)
        (folder / label / "1.txt").write_text(text)
    assert file_to_score(model.task, folder, spy) == folder
    assert evaluate_rows(model, folder, batch_tokens=512, report=spy).rows == 2
    with pytest.raises(UserError, match="no such file"):
        file_to_score(model.task, tmp_path / "gone", spy)
