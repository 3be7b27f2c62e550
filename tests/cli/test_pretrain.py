"""`suite pretrain` as a user types it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from nlpsuite.cli.app import main

TINY = [
    item
    for value in (
        "vocab_size=320",
        "context=32",
        "d_model=32",
        "n_layers=1",
        "n_heads=2",
        "n_kv_heads=1",
        "head_dim=16",
        "d_ff=64",
    )
    for item in ("--set", f"model.{value}")
]
SMALL = ["--size", "nano", *TINY, "--batch-tokens", "256", "--set", "valid_tokens=256", "--set", "samples=1"]


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_json_is_the_last_thing_on_stdout_and_the_rest_is_on_stderr(text_file, capsys):
    assert main(["pretrain", str(text_file), *SMALL, "--max-steps", "3", "--out", "run", "--json"]) == 0
    out, err = capsys.readouterr()
    answer = json.loads(out)
    assert answer["command"] == "pretrain"
    assert answer["run"] == "run"
    assert set(answer["metrics"]) >= {
        "val/loss",
        "val/perplexity",
        "val/bits_per_byte",
        "train/loss",
    }
    for word in ("device", "parameters", "tokens", "steps", "time", "memory", "disk"):
        assert f"  {word} " in err, "the plan is told before the run starts"
    assert "validation loss" in err
    assert "→" in err, "continuations are shown"


def test_without_json_the_figures_and_the_next_commands_are_the_result(text_file, capsys):
    assert main(["pretrain", str(text_file), *SMALL, "--max-steps", "2", "--out", "a run", "-q"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert "bits per byte" in out
    assert "suite generate 'a run' --prompt" in out


def test_tokens_are_kept_and_used_again(text_file, capsys):
    assert main(["pretrain", str(text_file), *SMALL, "--max-steps", "1", "--out", "runs/one"]) == 0
    assert "using those made before" not in capsys.readouterr().err
    assert main(["pretrain", str(text_file), *SMALL, "--max-steps", "1", "--out", "runs/two"]) == 0
    assert "using those made before" in capsys.readouterr().err


def test_text_comes_from_standard_input_too(text_file, tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "nlpsuite.cli", "pretrain", "-", *SMALL, "--max-steps", "2", "--out", "piped", "--json"],
        input=text_file.read_bytes(), capture_output=True, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()
    assert json.loads(done.stdout)["steps"] == 2


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_saves_and_the_printed_command_goes_on(text_file, tmp_path, number, status):
    command = [sys.executable, "-m", "nlpsuite.cli", "pretrain", str(text_file), *SMALL, "--max-steps", "400"]
    process = subprocess.Popen([*command, "--out", "cut"], stderr=subprocess.PIPE, text=True, cwd=tmp_path)
    log = tmp_path / "cut" / "train.log"
    deadline = time.monotonic() + 60
    while not (log.exists() and "step 1 " in log.read_text()):
        assert time.monotonic() < deadline
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.05)
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert process.returncode == status, err
    assert err.rstrip().endswith("suite pretrain --resume --out cut")
    assert not (tmp_path / "cut" / "model").exists()
    done = subprocess.run(
        [sys.executable, "-m", "nlpsuite.cli", "pretrain", "--resume", "--out", "cut", "--json"],
        capture_output=True, text=True, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["steps"] == 400
    again = subprocess.run(
        [sys.executable, "-m", "nlpsuite.cli", "pretrain", "--resume", "--out", "cut"],
        capture_output=True, text=True, cwd=tmp_path,
    )  # fmt: skip
    assert again.returncode == 2
    assert "the run is finished" in again.stderr


def test_a_signal_before_training_leaves_nothing(text_file, tmp_path):
    command = [sys.executable, "-m", "nlpsuite.cli", "pretrain", "-", *SMALL, "--out", "early"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, cwd=tmp_path)
    process.stdin.write(text_file.read_bytes())  # and no end of file: the command waits for more
    process.stdin.flush()
    deadline = time.monotonic() + 60
    while not (tmp_path / "early").exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 143
    assert err.decode().rstrip().endswith("training had not begun, nothing is kept")
    assert not (tmp_path / "early").exists()


def write(path, data):
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return str(path)


BAD = {
    "missing": (lambda t: [str(t / "nothing.txt")], "nothing.txt: no such file"),
    "empty": (lambda t: [write(t / "empty.txt", "")], "empty"),
    "binary": (lambda t: [write(t / "photo.txt", bytes(range(256)) * 40)], "binary"),
    "latin-1": (lambda t: [write(t / "old.txt", "d\xe9j\xe0 vu, na\xefve caf\xe9\n".encode("latin-1") * 50)], "iconv"),
    "json": (lambda t: [write(t / "rows.jsonl", '{"text": "fine and good"}\n{"text": \n')], "rows.jsonl:2"),
    "field": (lambda t: [write(t / "rows.jsonl", '{"body": "fine and good"}\n')], "body"),
    "no text": (lambda t: [], "no text is named"),
    "setting": (lambda t: [write(t / "a.txt", "words " * 99), "--set", "optimizer.warm_up=1"], "did you mean `optimizer.warmup`"),
    "size": (lambda t: [write(t / "a.txt", "words " * 99), "--size", "huge"], "nano"),
    "time": (lambda t: [write(t / "a.txt", "words " * 99), "--time", "30"], "no unit"),
    "budgets": (lambda t: [write(t / "a.txt", "words " * 99), "--time", "30s", "--max-steps", "3"], "more than one budget"),
    "init": (lambda t: [write(t / "a.txt", "words " * 99), "--init", str(t / "no")], "no"),
    "recipe": (lambda t: [write(t / "a.txt", "words " * 99), "--config", write(t / "r.yaml", "model: {size: nano\n")], "r.yaml:"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_bad_input_gets_one_line_and_status_two(name, tmp_path, capsys):
    make, expected = BAD[name]
    size = [] if name == "size" else ["--size", "nano"]
    status = main(["pretrain", *make(tmp_path), *size, *TINY, "--out", "run"])
    err = capsys.readouterr().err
    errors = [line for line in err.splitlines() if line.startswith("error: ")]
    assert status == 2, err
    assert len(errors) == 1
    assert err.splitlines()[-1] == errors[0], "and nothing after it"
    assert expected in errors[0]
    assert not (tmp_path / "run").exists(), "nothing half-made is left"


def test_utf16_with_a_mark_is_read_right(tmp_path, text_file, capsys):
    (tmp_path / "wide.txt").write_bytes(text_file.read_text(encoding="utf-8").encode("utf-16"))
    assert main(["pretrain", "wide.txt", *SMALL, "--max-steps", "1", "--out", "run", "-q"]) == 0


def test_a_full_disk_is_one_line_and_leaves_no_model(tmp_path, text_file):
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = os.geteuid() == 0 and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=60k", "tmpfs", str(disk)], capture_output=True
    ).returncode == 0  # fmt: skip
    if not mounted:
        pytest.skip("a small disk can be mounted by root alone")
    try:
        done = subprocess.run(
            [
                *(sys.executable, "-m", "nlpsuite.cli", "pretrain", str(text_file), *SMALL),
                *("--max-steps", "2", "--out", str(disk / "run")),
            ],
            capture_output=True, text=True, cwd=tmp_path,
        )  # fmt: skip
        errors = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
        assert done.returncode in (1, 2), done.stderr
        assert len(errors) == 1, done.stderr
        assert "disk" in errors[0]
        assert not (disk / "run" / "model" / "config.json").exists()
    finally:
        subprocess.run(["umount", str(disk)], check=True)
