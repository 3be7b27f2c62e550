from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from nlpsuite.report import Silent
from nlpsuite.tasks.task import Row, strings_in
from nlpsuite.text.train_tokenizer import train_tokenizer
from nlpsuite.training.finetuning.byte_tokens import byte_shares, warn_of_bytes

if TYPE_CHECKING:
    from pathlib import Path

ENGLISH = ["The cat sat on the mat and looked at the rain.", "A warm day, <0x41> and nothing to do."]
CHINESE = ["今天天气很好。", "我们去公园吧。"]


class Warned(Silent):
    def __init__(self) -> None:
        self.warned: list[str] = []

    def warn(self, text: str) -> None:
        self.warned.append(text)


class Texts:
    """What is asked of a task."""

    def texts(self, row):
        return strings_in(row.inputs)


@pytest.fixture(scope="module")
def tokenizer():
    return train_tokenizer(ENGLISH * 20, vocab_size=400, report=Silent())


def warned(tokenizer, *rows: list[str]) -> list[str]:
    report = Warned()
    known = [Row({"texts": texts}, None, f"f:{at}") for at, texts in enumerate(rows, 1)]
    warn_of_bytes(Texts(), tokenizer, known, report)
    return report.warned


def test_a_script_that_the_tokenizer_does_not_know_is_single_bytes(tokenizer):
    assert not byte_shares(tokenizer, ENGLISH).any()
    assert (byte_shares(tokenizer, CHINESE) > 0.9).all()
    (mixed,) = byte_shares(tokenizer, ["a 今"])
    assert mixed == pytest.approx(3 / len(tokenizer.encode("a 今")))
    assert byte_shares(tokenizer, []).tolist() == []
    assert byte_shares(tokenizer, [""]).tolist() == [0]


def test_it_is_warned_of_with_the_share_and_the_first_place(tokenizer):
    assert not warned(tokenizer)
    assert not warned(tokenizer, ENGLISH, [""])
    (said,) = warned(tokenizer, ENGLISH, CHINESE)
    assert "hardly knows the script of 50 % of the training texts" in said
    assert "(first: f:2)" in said
    assert "--backbone scratch" in said


def test_some_rows_of_symbols_alone_are_nothing_to_warn_of(tokenizer):
    assert not warned(tokenizer, *[ENGLISH[:1]] * 9, ["😀"])


def test_one_of_two_languages_is_seen_however_many_rows_there_are(tokenizer):
    assert "50 %" in warned(tokenizer, *[[ENGLISH[0], CHINESE[0]]] * 2500)[0]
    assert "50 %" in warned(tokenizer, *[ENGLISH[:1]] * 2500, *[CHINESE[:1]] * 2500)[0]


@pytest.mark.parametrize("target", ["sentiment", "ner", "qa", "generation"])
def test_every_task_warns_of_it(tokenizer, target: str, tmp_path: Path, tiny_backbone: Path, capsys):
    from nlpsuite.cli.app import main

    words = "春夏秋冬山水火风云雨雪花"
    qa = '{"question": "什么？", "context": "今天%s天气很好。", "answers": {"text": ["天气"], "answer_start": [3]}}'
    suffix, lines = {
        "sentiment": ("csv", ["text,label", *(f"今天{word}很好,{'yn'[at % 2]}" for at, word in enumerate(words))]),
        "ner": ("conll", [f"{word}天 B-X\n天气 O\n" for word in words]),
        "qa": ("jsonl", [qa % word for word in words]),
        "generation": ("txt", [f"今天{word}很好。我们去公园吧。\n" for word in words]),
    }[target]
    (tmp_path / f"train.{suffix}").write_text("\n".join(lines), encoding="utf-8")
    flags = ["--backbone", str(tiny_backbone), "--max-steps", "1", "--out", str(tmp_path / "run")]
    main(["run", target, "--data", str(tmp_path), *flags])
    assert "hardly knows the script of 100 % of the training texts" in capsys.readouterr().err
