from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from nlpsuite.cli.app import main

RUN = "import sys; from nlpsuite.cli.app import main; sys.exit(main())"


@pytest.fixture
def suite(capsys, run_folder):
    """Call `suite predict` with the tiny run."""

    def call(*arguments: str, target: str | None = None) -> tuple[int, str, str]:
        status = main(["predict", target or str(run_folder), *arguments])
        out, err = capsys.readouterr()
        return status, out, err

    return call


@pytest.fixture
def texts(tmp_path):
    path = tmp_path / "in.txt"
    path.write_text("The cat\n\nNobody knows; 今天 🦉\n")
    return path


def started(run_folder, *arguments: str, **streams) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", RUN, "predict", str(run_folder), *arguments]
    return subprocess.Popen(command, stderr=subprocess.PIPE, **streams)


def test_json_lines_in_order(suite, texts):
    status, out, err = suite(str(texts))
    assert status == 0
    records = [json.loads(line) for line in out.splitlines()]
    assert [record["text"] for record in records] == ["The cat", "", "Nobody knows; 今天 🦉"]
    for record in records:
        assert list(record) == ["text", "label", "probabilities"]
        assert set(record["probabilities"]) == {"bad", "good"}
    assert "one text a line" in err
    assert "3 predictions in" in err


def test_a_model_folder_and_a_limit(suite, texts, run_folder):
    out = suite(str(texts), "-q")[1]
    assert suite(str(texts), target=str(run_folder / "model"))[1] == out
    assert len(suite(str(texts), "--limit", "2")[1].splitlines()) == 2
    small = [json.loads(line) for line in suite(str(texts), "--batch-tokens", "1")[1].splitlines()]
    for one, two in zip(small, map(json.loads, out.splitlines()), strict=True):
        assert one["probabilities"] == pytest.approx(two["probabilities"], abs=1e-5)


def test_out_is_the_same_and_json_a_summary(suite, texts, tmp_path):
    shown = suite(str(texts))[1]
    path = tmp_path / "out.jsonl"
    status, out, _ = suite(str(texts), "--out", str(path), "--json")
    assert status == 0
    assert [json.loads(line) for line in path.read_text().splitlines()] == [
        json.loads(line) for line in shown.splitlines()
    ]
    summary = json.loads(out)
    assert (summary["command"], summary["task"], summary["rows"]) == ("predict", "sentiment", 3)
    assert summary["out"] == str(path)


def test_nothing_of_the_users_is_overwritten_and_no_half_is_left(suite, tmp_path):
    taken = tmp_path / "taken.jsonl"
    taken.write_text("mine")
    bad = tmp_path / "bad.txt"
    bad.write_bytes(b"fine\ncaf\xe9\n")
    status, _, err = suite(str(bad), "--out", str(taken))
    assert status == 2
    assert "exists already" in err
    assert taken.read_text() == "mine"
    status, _, err = suite(str(bad), "--out", str(tmp_path / "new.jsonl"))
    assert status == 2
    assert "bad.txt:2" in err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.txt", "taken.jsonl"]
    status, _, err = suite(str(bad), "--out", str(tmp_path / "no" / "new.jsonl"))
    assert status == 2
    assert "mkdir" in err


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["gone.txt"], "no such file"),
        (["empty.txt"], "empty"),
        (["in.txt", "--json"], "--out"),
        (["in.txt", "--limit", "0"], "--limit"),
        (["in.txt", "--batch-tokens", "x"], "--batch-tokens"),
        (["table.tsv"], "table.tsv"),
    ],
)
def test_bad_input_is_one_line(suite, texts, monkeypatch, arguments, word):
    monkeypatch.chdir(texts.parent)
    (texts.parent / "empty.txt").write_text("")
    (texts.parent / "table.tsv").write_text("text\tlabel\na\tb\nc\td\te\n")
    status, _, err = suite(*arguments)
    assert status == 2
    assert word in err
    assert len([line for line in err.splitlines() if line.startswith("error: ")]) == 1


def test_a_backbone_is_refused(suite, texts, backbone_folder):
    status, out, err = suite(str(texts), target=str(backbone_folder))
    assert (status, out) == (2, "")
    assert "no task head" in err


def test_from_standard_input_each_answer_comes_at_once(run_folder):
    with started(run_folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for text in ("The cat", "", "今天"):
            process.stdin.write(text.encode() + b"\n")
            process.stdin.flush()
            # Blocks for ever if the answer waits for more input.
            assert json.loads(process.stdout.readline())["text"] == text
        process.stdin.close()
        assert process.stdout.read() == b""
        assert process.wait(60) == 0


def test_nobody_reading_any_more_is_quiet(run_folder, tmp_path):
    path = tmp_path / "many.txt"
    path.write_text("The cat\n" * 20_000)
    with started(run_folder, str(path), "-q", stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["text"] == "The cat"
        process.stdout.close()
        assert process.stderr is not None
        assert process.stderr.read() == b""
        process.wait(60)


def test_no_input_at_all_is_told(run_folder):
    with started(run_folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=dict(os.environ)) as process:
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (0, b"")
    assert b"no input" in err
