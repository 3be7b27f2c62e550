from __future__ import annotations

import json
import math
import shutil
from pathlib import Path

import pytest

from nlpsuite.cli.app import main

TEXT = "The cat sat on the mat.\nAnd looked.\n\nNobody knows why the train was late again, or when.\n"


@pytest.fixture
def suite(capsys):
    """Call `suite evaluate`."""

    def call(target, *arguments: str) -> tuple[int, str, str]:
        status = main(["evaluate", str(target), *arguments])
        out, err = capsys.readouterr()
        return status, out, err

    return call


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text(TEXT)
    return path


@pytest.fixture
def rows(tmp_path):
    path = tmp_path / "rows.tsv"
    path.write_text("text\tlabel\nThe cat\tgood\nrain\tbad\nlate\tgood\n")
    return path


def test_a_backbone_on_text(suite, backbone_folder, text):
    status, out, err = suite(backbone_folder, "--data", str(text), "--json")
    assert status == 0
    result = json.loads(out)
    assert result["command"] == "evaluate"
    assert result["documents"] == 2
    assert result["bytes"] == len(TEXT.encode()) - 3
    metrics = result["metrics"]
    assert metrics["perplexity"] == pytest.approx(math.exp(metrics["loss"]))
    assert metrics["bits_per_byte"] == pytest.approx(metrics["loss"] * result["tokens"] / math.log(2) / result["bytes"])
    assert result["tokens_per_second"] > 0
    assert "separated by blank lines" in err
    shown = suite(backbone_folder, "--data", str(text))[1]
    for name in ("loss", "perplexity", "bits_per_byte"):
        assert f"{metrics[name]:.4f}" in shown


def test_text_flags(suite, backbone_folder, text):
    def result(*flags: str) -> dict:
        status, out, _ = suite(backbone_folder, "--data", str(text), "--json", *flags)
        assert status == 0
        return json.loads(out)

    usual = result()
    assert result("--documents", "line")["documents"] == 3
    assert result("--documents", "file")["bytes"] == len(TEXT.encode())
    assert result("--limit-bytes", "10")["bytes"] == 10
    assert result("--batch-tokens", "1")["metrics"] == pytest.approx(usual["metrics"], rel=1e-5)
    assert result("--overlap", "0.5")["metrics"] == usual["metrics"]
    assert result("--overlap", "0", "--documents", "file")["metrics"] != result("--documents", "file")["metrics"]


def test_a_run_on_labelled_rows(suite, run_folder, rows, tmp_path):
    path = tmp_path / "out.jsonl"
    status, out, _ = suite(run_folder, "--data", str(rows), "--out", str(path), "--json")
    assert status == 0
    result = json.loads(out)
    records = [json.loads(line) for line in path.read_text().splitlines()]
    assert [(record["text"], record["target"]) for record in records] == [
        ("The cat", "good"),
        ("rain", "bad"),
        ("late", "good"),
    ]
    right = sum(record["label"] == record["target"] for record in records)
    assert result["metrics"]["accuracy"] == pytest.approx(right / 3)
    assert result["baseline"]["accuracy"] in (pytest.approx(2 / 3), pytest.approx(1 / 3))
    assert (result["task"], result["rows"], result["out"]) == ("sentiment", 3, str(path))
    status, out, _ = suite(run_folder, "--data", str(rows))
    assert status == 0
    assert out.splitlines()[0].split() == ["metric", "value", "simplest", "guess"]
    assert f"{right / 3:.4f}" in out


def test_predictions_are_kept_in_the_run_and_none_is_overwritten(suite, run_folder, rows, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(run_folder, run, ignore=shutil.ignore_patterns("evaluations"))
    places = [json.loads(suite(run, "--data", str(rows), "--json")[1])["out"] for _ in range(2)]
    assert places == [str(run / "evaluations" / name) for name in ("rows.jsonl", "rows-2.jsonl")]
    first, second = (Path(place).read_text() for place in places)
    assert first == second
    assert [json.loads(line)["target"] for line in first.splitlines()] == ["good", "bad", "good"]
    status, out, err = suite(run / "model", "--data", str(rows), "--json")
    assert (status, json.loads(out)["out"]) == (0, None)
    assert "--out FILE" in err
    assert {path.name for path in (run / "model").iterdir()} == {path.name for path in (run_folder / "model").iterdir()}


def test_rows_that_cannot_be_read_leave_no_folder_behind_but_one_with_files(suite, run_folder, rows, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(run_folder, run, ignore=shutil.ignore_patterns("evaluations"))
    bad = tmp_path / "bad.jsonl"
    bad.write_text('{"text": "The cat", "label": "good"}\n{"text": 1\n')
    status, _, err = suite(run, "--data", str(bad))
    assert (status, "bad.jsonl:2" in err) == (2, True)
    assert not (run / "evaluations").exists()
    suite(run, "--data", str(rows))
    assert suite(run, "--data", str(bad))[0] == 2
    assert [path.name for path in (run / "evaluations").iterdir()] == ["rows.jsonl"]


def test_columns_can_be_named(suite, run_folder, tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("kind,message,other\ngood,The cat,one\nbad,rain,two\n")
    place = tmp_path / "out.jsonl"
    asked = ["--set", "task.text=message", "--set", "task.label=kind", "--out", str(place)]
    status, _, err = suite(run_folder, "--data", str(path), *asked)
    assert status == 0, err
    assert [json.loads(line)["text"] for line in place.read_text().splitlines()] == ["The cat", "rain"]
    status, _, err = suite(run_folder, "--data", str(path), "--set", "lr=1")
    assert status == 2
    assert "`lr` is no setting of the task" in err
    status, _, err = suite(run_folder, "--data", str(path), "--set", "task.txt=1")
    assert status == 2
    assert "did you mean `text`" in err


def test_a_failed_evaluation_leaves_no_predictions(suite, run_folder, tmp_path):
    path = tmp_path / "rows.tsv"
    path.write_text("text\tlabel\nThe cat\tugly\nrain\tgood\n")
    status, out, err = suite(run_folder, "--data", str(path), "--out", str(tmp_path / "out.jsonl"))
    assert (status, out) == (2, "")
    assert "ugly" in err
    assert [path.name for path in tmp_path.iterdir()] == ["rows.tsv"]


@pytest.mark.parametrize(
    "flags", [["--overlap", "0"], ["--documents", "line"], ["--field", "x"], ["--limit-bytes", "5"]]
)
def test_flags_of_text_are_refused_for_a_run(suite, run_folder, rows, flags):
    status, _, err = suite(run_folder, "--data", str(rows), *flags)
    assert status == 2
    assert f"{flags[0]} is for text" in err


@pytest.mark.parametrize("flags", [["--out", "new.jsonl"], ["--limit", "3"]])
def test_flags_of_rows_are_refused_for_a_backbone(suite, backbone_folder, text, flags):
    status, _, err = suite(backbone_folder, "--data", str(text), *flags)
    assert status == 2
    assert f"{flags[0]} is for labelled rows" in err


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--data", "gone.txt"], "gone.txt"),
        (["--data", "empty.txt"], "empty"),
        (["--data", "binary.txt"], "binary"),
        (["--data", "lines.txt", "--documents", "blank"], "nothing to predict"),
        (["--data", "text.txt", "--overlap", "1"], "--overlap"),
        (["--data", "text.txt", "--documents", "page"], "--documents"),
        ([], "--data"),
    ],
)
def test_bad_input_is_one_line(suite, backbone_folder, text, monkeypatch, arguments, word):
    monkeypatch.chdir(text.parent)
    (text.parent / "empty.txt").write_text("")
    (text.parent / "lines.txt").write_text("\n\n\n")
    (text.parent / "binary.txt").write_bytes(bytes(range(32)) * 99)
    status, out, err = suite(backbone_folder, *arguments)
    assert (status, out) == (2, "")
    assert word in err
    assert len([line for line in err.splitlines() if line.startswith("error: ")]) == 1
    assert "Traceback" not in err
