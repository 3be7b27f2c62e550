from __future__ import annotations

import io
import json
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from typer.main import get_command

from nlpsuite.cli.tokenizer import make_app
from nlpsuite.errors import UserError
from nlpsuite.report import Silent
from nlpsuite.text.tokenizer import Tokenizer
from nlpsuite.text.train_tokenizer import train_tokenizer

if TYPE_CHECKING:
    from pathlib import Path

SENTENCES = [
    "The lamp above the door had been broken since spring.",
    "We walked home along the canal and counted the boats.",
    "He keeps every ticket from every film he has ever seen.",
    "It rained on the day of the fair, so the band played in the barn.",
]


def suite(*arguments: str | Path) -> None:
    get_command(make_app()).main([str(argument) for argument in arguments], "suite tokenizer", standalone_mode=False)


@pytest.fixture
def text(tmp_path: Path) -> Path:
    file = tmp_path / "text.txt"
    file.write_text("\n\n".join(f"{number}. {SENTENCES[number % 4]}\nAnd {number} again." for number in range(60)))
    return file


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train_tokenizer(SENTENCES * 5, vocab_size=320, report=Silent()).save(tmp_path_factory.mktemp("model"))


def test_trains_and_tells_what_was_used(text: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "new" / "tokenizer"
    suite("train", text, "--vocab-size", "400", "--out", out, "--seed", "3", "--json")
    captured = capsys.readouterr()
    told = json.loads(captured.out)
    tokenizer = Tokenizer.load(out)
    assert told["command"] == "tokenizer train"
    assert told["tokenizer"] == str(out / "tokenizer.model")
    assert told["sha256"] == tokenizer.sha256
    assert told["vocab_size"] == tokenizer.vocab_size
    assert told["documents_seen"] == told["documents_used"] > 50
    assert told["bytes_seen"] == told["bytes_used"] > 2000
    assert told["lines"] == 2 * told["documents_used"]
    assert told["bytes_per_token"] > 1.5
    assert told["seed"] == 3
    assert "tokenizer sample" in captured.err
    assert "rarer ones are written as bytes" in captured.err


def test_the_same_text_and_seed_give_the_same_tokenizer(text: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        suite("train", text, "--vocab-size", "400", "--out", tmp_path / name, "--max-bytes", "2k", "-q")
    one, two = (Tokenizer.load(tmp_path / name) for name in ("one", "two"))
    assert one.model_bytes == two.model_bytes


def test_a_table_is_for_people(text: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    suite("train", text, "--vocab-size", "400", "--out", tmp_path / "out", "-q")
    captured = capsys.readouterr()
    assert "bytes per token" in captured.out
    assert "lines split" in captured.out
    assert "tokenizer sample" not in captured.err


def test_the_field_of_records_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "text.jsonl"
    file.write_text("".join(json.dumps({"body": f"{number} {SENTENCES[number % 4]}"}) + "\n" for number in range(40)))
    suite("train", file, "--field", "body", "--vocab-size", "350", "--out", tmp_path / "out", "--json", "-q")
    assert json.loads(capsys.readouterr().out)["documents_seen"] > 30


def test_what_is_there_is_not_overwritten(text: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").write_text("")
    with pytest.raises(UserError, match="not empty"):
        suite("train", text, "--out", tmp_path / "out")


@pytest.mark.parametrize("size", ["100", "1.5", "-3", "many"])
def test_a_vocabulary_that_makes_no_sense_is_refused(text: Path, tmp_path: Path, size: str) -> None:
    with pytest.raises(UserError, match="vocab"):
        suite("train", text, "--out", tmp_path / "out", f"--vocab-size={size}", "-q")
    assert not (tmp_path / "out").exists()


def test_one_line_in_gives_one_line_out(model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "lines.txt"
    file.write_bytes("\ufeffThe lamp\n\n  the é\tfair\r\nlast".encode())
    tokenizer, lines = Tokenizer.load(model), ["The lamp", "", "  the é\tfair", "last"]
    suite("encode", model, file)
    ids = capsys.readouterr().out.split("\n")
    assert ids == [*(" ".join(map(str, tokenizer.encode(line))) for line in lines), ""]
    suite("encode", model.parent, file, "--pieces")
    pieces = capsys.readouterr().out.split("\n")
    assert pieces[1] == ""
    assert "<0x09>" in pieces[2].split(" ")
    suite("encode", model, file, "--offsets")
    spans = [item.split(":") for item in capsys.readouterr().out.split("\n")[2].split(" ")]
    assert int(spans[0][1]) == 0
    assert int(spans[-1][2]) == len(lines[2])
    suite("encode", model, file, "--json")
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [each["text"] for each in told] == lines
    assert [each["ids"] for each in told] == [tokenizer.encode(line) for line in lines]
    assert all(len(each["ids"]) == len(each["pieces"]) == len(each["offsets"]) for each in told)


def test_lines_come_from_stdin(
    model: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"The lamp\n")))
    suite("encode", model)
    ids = [int(index) for index in capsys.readouterr().out.split()]
    assert Tokenizer.load(model).decode(ids) == "The lamp"


def test_bad_input_is_named(model: Path, tmp_path: Path) -> None:
    file = tmp_path / "latin.txt"
    file.write_bytes(b"fine\ncaf\xe9\n")
    with pytest.raises(UserError, match=r"latin\.txt:2: not UTF-8"):
        suite("encode", model, file)
    with pytest.raises(UserError, match="only one output"):
        suite("encode", model, file, "--ids", "--pieces")
    with pytest.raises(UserError, match=r"none\.txt: cannot be read"):
        suite("encode", model, tmp_path / "none.txt")
    with pytest.raises(UserError, match="no such tokenizer"):
        suite("encode", tmp_path, file)
