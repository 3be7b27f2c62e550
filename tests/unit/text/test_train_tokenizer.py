from __future__ import annotations

import random

import pytest

from nlpsuite.errors import UserError
from nlpsuite.report import Silent
from nlpsuite.text.train_tokenizer import MIN_VOCAB_SIZE, train_tokenizer

ENGLISH = [
    "A tokenizer cuts words into pieces that come up often.",
    "The pieces that come up often are short words and the ends of words.",
    "Numbers such as 1984 and 2025 are cut into digits.",
]
CHINESE = ["今天的天气很好，我们去公园散步。", "图书馆里很安静，大家都在看书。"]


class Heard(Silent):
    def __init__(self) -> None:
        self.lines: list[str] = []
        self.warnings: list[str] = []

    def say(self, text: str) -> None:
        self.lines.append(text)

    def warn(self, text: str) -> None:
        self.warnings.append(text)


def test_the_same_lines_give_the_same_model() -> None:
    first = train_tokenizer(ENGLISH, vocab_size=340, report=Silent())
    again = train_tokenizer(iter(ENGLISH), vocab_size=340, report=Silent())
    assert first.model_bytes == again.model_bytes
    assert first.vocab_size == 340


def test_frequent_words_become_pieces_and_digits_stay_apart() -> None:
    tokenizer = train_tokenizer(ENGLISH * 20, vocab_size=400, report=Silent())
    assert [tokenizer.piece(index) for index in tokenizer.encode(" words")] == ["\u2581words"]
    assert [tokenizer.piece(index) for index in tokenizer.encode("1984")] == ["1", "9", "8", "4"]


def test_too_little_text_gives_a_smaller_vocabulary_and_says_so() -> None:
    heard = Heard()
    tokenizer = train_tokenizer(["ab ab", "ba"], vocab_size=8192, report=heard)
    assert 264 < tokenizer.vocab_size < 280
    assert tokenizer.decode(tokenizer.encode("anything 漢")) == "anything 漢"
    assert any("too small for 8,192 pieces" in line for line in heard.warnings)


@pytest.mark.parametrize("lines", [[], [""], ["   ", "\n\t"], ["\u2581\u2585\x00"]])
def test_text_without_a_visible_character_is_refused(lines: list[str]) -> None:
    with pytest.raises(UserError, match="no text"):
        train_tokenizer(lines, vocab_size=300, report=Silent())


def test_a_vocabulary_below_the_least_is_refused() -> None:
    with pytest.raises(UserError, match=r"263 is too small.*264"):
        train_tokenizer(ENGLISH, vocab_size=MIN_VOCAB_SIZE - 1, report=Silent())
    assert train_tokenizer(ENGLISH, vocab_size=MIN_VOCAB_SIZE, report=Silent()).vocab_size == MIN_VOCAB_SIZE


def test_text_without_spaces_gives_a_tokenizer_that_writes_them() -> None:
    tokenizer = train_tokenizer(CHINESE, vocab_size=300, report=Silent())
    assert tokenizer.decode(tokenizer.encode(" a  b ")) == " a  b "
    assert tokenizer.piece(tokenizer.encode(" ")[0]) == "\u2581"


def test_many_characters_leave_room_for_words() -> None:
    heard = Heard()
    rng = random.Random(3)
    rare = ["".join(chr(0x4E00 + rng.randrange(3000)) for _ in range(200)) for _ in range(20)]
    tokenizer = train_tokenizer(CHINESE * 100 + rare, vocab_size=350, report=heard)
    pieces = [tokenizer.piece(index) for index in range(262, tokenizer.vocab_size)]
    assert any(len(piece) >= 4 for piece in pieces)
    assert sum(len(piece) == 1 for piece in pieces) <= 40
    assert "rarer ones are written as bytes" in heard.lines[0]


def test_odd_text_is_trained_on() -> None:
    odd = [
        "x" * 50_000,
        "<s> <mask> <unk>",
        "tab\tand\x00nul",
        "lone \ud800 surrogate",
        "[^-]&&||~~--\\d",
        "\u2585 block",
    ]
    tokenizer = train_tokenizer(ENGLISH + odd, vocab_size=340, report=Silent())
    assert all(len(tokenizer.decode([index])) <= 1 for index in tokenizer.encode("\t\n\x00"))
    assert tokenizer.decode(tokenizer.encode("[^-]&&||~~--\\d")) == "[^-]&&||~~--\\d"


def test_training_is_silent(capfd: pytest.CaptureFixture[str]) -> None:
    train_tokenizer(ENGLISH, vocab_size=8192, report=Silent())
    captured = capfd.readouterr()
    assert captured.out == ""
    assert captured.err == ""
