"""A SentencePiece model of ours as tokenizer.json: the same ids and the same text back, on real and on hostile text."""

from __future__ import annotations

import lzma

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlpsuite.backbone.checkpoint import load_backbone
from nlpsuite.inference.locate import find_backbone
from nlpsuite.text.json_tokenizer import JsonTokenizer
from nlpsuite.text.to_json import tokenizer_config, tokenizer_json

pytest.importorskip("tokenizers")

HOSTILE = (
    "", " ", "  a  b ", "\t\r\n", "a\u2581b \u2581", "<mask></s><s>", "\x00\x01", "é\u0301 ﬁ İi", "👩‍👩‍👧", "\u200d\u202e\ufeff",
    "1234 56 7,8", "aaaaaaaaaaaaaaa", "北京123", "\U0010ffff", "the<0xE2>",
)  # fmt: skip


@pytest.fixture(scope="module")
def both():
    """The tokenizer of the embedded backbone, and what other tools read."""
    own = load_backbone(find_backbone("nano"))[1]
    return own, JsonTokenizer(tokenizer_json(own), tokenizer_config(own, 256))


def test_special_tokens_are_the_same(both):
    own, other = both
    for name in ("bos_id", "eos_id", "pad_id", "mask_id", "sep_id", "vocab_size"):
        assert getattr(own, name) == getattr(other, name), name
    assert [own.piece_bytes(index) for index in range(own.vocab_size)] == [
        other.piece_bytes(index) for index in range(other.vocab_size)
    ]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_has_the_same_ids_and_spans(both, text):
    own, other = both
    assert other.encode_with_offsets(text) == own.encode_with_offsets(text)
    assert other.decode(own.encode(text)) == text


@settings(max_examples=200, deadline=None)
@given(text=st.text(st.characters(exclude_categories=["Cs"]), max_size=80))
def test_any_text_has_the_same_ids(both, text):
    own, other = both
    assert other.encode(text) == own.encode(text)


@pytest.mark.realdata
def test_ten_thousand_lines_have_the_same_ids(realdata, both):
    own, other = both
    lines = (realdata / "pretrain" / "enwiki_2015" / "valid.txt").read_text(encoding="utf-8").splitlines()
    english = [line for line in lines if line][:5000]
    with lzma.open(realdata / "zh" / "wiki" / "zhwiki.txt.xz", "rt", encoding="utf-8") as file:
        chinese = [line for _, line in zip(range(20_000), file, strict=False) if line.strip()][: 10_000 - len(english)]
    assert len(english) + len(chinese) == 10_000
    for start in range(0, 10_000, 1000):
        part = (english + chinese)[start : start + 1000]
        assert other.encode_batch(part) == own.encode_batch(part)
