from __future__ import annotations

import pytest

from nlpsuite.report import Silent
from nlpsuite.tasks.byte_tokens import byte_share, warn_of_bytes
from nlpsuite.text.train_tokenizer import train_tokenizer

ENGLISH = ["The cat sat on the mat and looked at the rain.", "A warm day, <0x41> and nothing to do."]
CHINESE = ["今天天气很好。", "我们去公园吧。"]


class Warned(Silent):
    def __init__(self) -> None:
        self.warned: list[str] = []

    def warn(self, text: str) -> None:
        self.warned.append(text)


@pytest.fixture(scope="module")
def tokenizer():
    return train_tokenizer(ENGLISH * 20, vocab_size=400, report=Silent())


def test_a_script_that_the_tokenizer_does_not_know_is_single_bytes(tokenizer):
    assert byte_share(tokenizer, ENGLISH) == 0
    assert byte_share(tokenizer, CHINESE) > 0.9
    mixed = byte_share(tokenizer, ["a 今"])
    assert mixed == pytest.approx(3 / len(tokenizer.encode("a 今")))
    assert byte_share(tokenizer, []) == byte_share(tokenizer, [""]) == 0


def test_it_is_warned_of_with_the_share(tokenizer):
    report = Warned()
    warn_of_bytes(tokenizer, ENGLISH, "the targets", report)
    assert not report.warned
    warn_of_bytes(tokenizer, CHINESE, "the targets", report)
    (said,) = report.warned
    assert said.startswith("the targets: the tokenizer hardly knows this script, 100 % of the tokens")
    assert "--backbone scratch" in said


def test_many_texts_are_sampled(tokenizer):
    texts = [ENGLISH[0]] * 5000 + [CHINESE[0]] * 5000
    assert 0.3 < byte_share(tokenizer, texts) < 0.7
