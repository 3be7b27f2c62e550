from __future__ import annotations

import copy
import hashlib
import io
import itertools
import subprocess
import sys
import unicodedata
from typing import TYPE_CHECKING

import numpy as np
import pytest
import sentencepiece
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nlpsuite.errors import UserError
from nlpsuite.report import Silent
from nlpsuite.text.tokenizer import Tokenizer
from nlpsuite.text.train_tokenizer import train_tokenizer

if TYPE_CHECKING:
    from pathlib import Path

LINES = [
    "The harbour was quiet, and the last ferry had left an hour before.",
    "She read the letter twice and put it back into the drawer without a word.",
    "Nobody in the village remembered when the mill had stopped turning.",
    "They planted 24 apple trees in 1998, and 17 of them still bear fruit!",
    "清晨的市场里，卖菜的人比买菜的人还多。",
    "他把旧自行车推到河边，慢慢地擦干净。",
] * 5

TROUBLESOME = [
    "",
    " ",
    "   leading, trailing and  inner   spaces   ",
    "\t\ttabs\tand\r\nnewlines\n\n\n",
    "\x00NUL\x00",
    "\u2581",
    "a \u2581 b\u2581\u2581c \u2581",
    " \u2585\u2047\ufffd\ufeff ",
    "<s></s><pad><mask><sep><unk><0x41>",
    "e\u0301 \u00e9 ﬁ Ａ ẛ̣",
    "👩\u200d👩\u200d👧\u200d👦🏳\ufe0f\u200d🌈",
    "שלום עולם مرحبا",
    "\U00020000\U0002a6d6漢字",
    "\u2028\u2029\u0085\u00a0\u3000\u200b",
    "\U0010ffff",
]

SPECIAL = ["<mask>", "<s>", "</s>", "<unk>", "<sep>", "<pad>"]

any_text = st.text(st.characters(exclude_categories=["Cs"])) | st.text(" \u2581\n\tab<s>é清👍", max_size=60)


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return train_tokenizer(LINES, vocab_size=420, report=Silent())


@pytest.fixture(scope="module")
def foreign() -> Tokenizer:
    return Tokenizer(foreign_model())


def foreign_model() -> bytes:
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(LINES), model_writer=model, vocab_size=150, model_type="bpe", minloglevel=2
    )
    return model.getvalue()


@pytest.mark.parametrize("text", TROUBLESOME)
def test_decoding_gives_the_very_text_back(tokenizer: Tokenizer, text: str) -> None:
    assert tokenizer.decode(tokenizer.encode(text)) == text


@settings(max_examples=100, deadline=None)
@given(any_text)
def test_decoding_gives_any_text_back(tokenizer: Tokenizer, text: str) -> None:
    assert tokenizer.decode(tokenizer.encode(text)) == text


@settings(max_examples=100, deadline=None)
@given(any_text)
@example("\u2581清 é👍")
def test_offsets_cover_the_text_in_order(tokenizer: Tokenizer, text: str) -> None:
    ids, spans = tokenizer.encode_with_offsets(text)
    assert ids == tokenizer.encode(text)
    assert len(spans) == len(ids)
    end = 0
    for index, (begin, next_end) in zip(ids, spans, strict=True):
        surface = text[begin:next_end]
        if tokenizer.piece(index).startswith("<0x"):
            assert next_end == begin + 1
            assert int(tokenizer.piece(index)[3:5], 16) in surface.encode()
            assert begin in (end, end - 1)
        else:
            assert tokenizer.decode([index]) == surface
            assert begin == end
        end = next_end
    assert end == len(text)


def test_all_bytes_of_a_character_carry_its_span(tokenizer: Tokenizer) -> None:
    _, spans = tokenizer.encode_with_offsets("a👍b")
    assert spans == [(0, 1), (1, 2), (1, 2), (1, 2), (1, 2), (2, 3)]


def test_special_ids_are_fixed(tokenizer: Tokenizer) -> None:
    special = [tokenizer.bos_id, tokenizer.eos_id, tokenizer.pad_id, tokenizer.mask_id, tokenizer.sep_id]
    assert special == [1, 2, 3, 4, 5]
    assert [tokenizer.piece(index) for index in range(6)] == ["<unk>", "<s>", "</s>", "<pad>", "<mask>", "<sep>"]
    assert tokenizer.vocab_size == 420


@settings(max_examples=50, deadline=None)
@given(st.lists(st.sampled_from([*SPECIAL, " ", "a", "\u2581"])).map("".join))
def test_typed_special_tokens_are_ordinary_text(tokenizer: Tokenizer, text: str) -> None:
    assert all(index > 5 for index in tokenizer.encode(text))


def test_decode_skips_special_ids(tokenizer: Tokenizer) -> None:
    ids = tokenizer.encode("the mill")
    assert tokenizer.decode([1, *ids[:1], 4, *ids[1:], 2, 3, 3]) == "the mill"


def test_decode_shows_what_is_no_utf8(tokenizer: Tokenizer) -> None:
    assert tokenizer.decode(np.array(tokenizer.encode("👍")[:2])) == "\ufffd"


def test_batches_give_what_single_texts_give(tokenizer: Tokenizer) -> None:
    expected = [tokenizer.encode(text) for text in TROUBLESOME]
    assert tokenizer.encode_batch(TROUBLESOME) == expected
    assert [ids.tolist() for ids in tokenizer.encode_arrays(TROUBLESOME)] == expected
    assert tokenizer.encode_batch([]) == []


@pytest.mark.parametrize("between", ["\n", "  ", " \n ", ""])
@pytest.mark.parametrize("end", ["\n\n   \n", "x" * 9000, " " * 9000, "字" * 9000 + " a"])
def test_a_long_text_gives_the_ids_of_its_whole(tokenizer: Tokenizer, between: str, end: str) -> None:
    text = between.join(LINES * 9) + end
    processor = sentencepiece.SentencePieceProcessor(model_proto=tokenizer.model_bytes)
    assert len(text) > 1 << 13
    assert tokenizer.encode(text) == processor.encode(text)
    assert tokenizer.encode("\u2581" + text)[3:] == processor.encode(text)
    assert tokenizer.decode(tokenizer.encode(text)) == text


@pytest.mark.parametrize("text", ["a\ud800b", "\udfff", "\ud83d\ude00 split pair"])
def test_a_lone_surrogate_is_refused(tokenizer: Tokenizer, foreign: Tokenizer, text: str) -> None:
    for encode in (tokenizer.encode, tokenizer.encode_with_offsets, foreign.encode, foreign.encode_with_offsets):
        with pytest.raises(UserError, match="lone surrogate"):
            encode(text)
    with pytest.raises(UserError, match="lone surrogate"):
        tokenizer.encode_batch(["fine", text])


def test_pieces_are_readable(tokenizer: Tokenizer) -> None:
    assert [tokenizer.piece(index) for index in tokenizer.encode(" the\n")] == ["\u2581the", "<0x0A>"]
    assert all(tokenizer.piece(index).isprintable() for index in range(tokenizer.vocab_size))
    with pytest.raises(IndexError):
        tokenizer.piece(420)


def test_saves_and_loads(tokenizer: Tokenizer, tmp_path: Path) -> None:
    file = tokenizer.save(tmp_path / "new" / "folder")
    assert [path.name for path in file.parent.iterdir()] == ["tokenizer.model"]
    for path in (file, file.parent):
        loaded = Tokenizer.load(path)
        assert loaded.model_bytes == tokenizer.model_bytes
        assert loaded.sha256 == hashlib.sha256(file.read_bytes()).hexdigest()


def test_a_copy_through_pickling_is_the_same(tokenizer: Tokenizer) -> None:
    assert copy.deepcopy(tokenizer).encode("the mill") == tokenizer.encode("the mill")


def test_what_is_no_tokenizer_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"tokenizer\.model: no such tokenizer"):
        Tokenizer.load(tmp_path)
    for junk in (b"", b"junk"):
        (tmp_path / "tokenizer.model").write_bytes(junk)
        with pytest.raises(UserError, match=r"tokenizer\.model: not a SentencePiece model"):
            Tokenizer.load(tmp_path)


def test_an_unwritable_folder_is_refused(tokenizer: Tokenizer, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot be written"):
        tokenizer.save(tmp_path / "file")


def test_a_foreign_model_works_without_our_special_tokens(foreign: Tokenizer) -> None:
    assert foreign.decode(foreign.encode("the old mill")) == "the old mill"
    assert (foreign.bos_id, foreign.eos_id) == (1, 2)
    for name in ("mask_id", "sep_id", "pad_id"):
        with pytest.raises(UserError, match=r"has no <.*> token; train a tokenizer"):
            getattr(foreign, name)


@settings(max_examples=60, deadline=None)
@given(any_text)
@example("  double  spaces  ")
@example("ﬁ ﬁnds Å")
def test_offsets_of_a_foreign_model_cover_the_text_too(foreign: Tokenizer, text: str) -> None:
    ids, spans = foreign.encode_with_offsets(text)
    assert ids == foreign.encode(text)
    assert len(spans) == len(ids)
    if spans:
        assert spans[0][0] == 0
        assert spans[-1][1] == len(text)
    for (begin, end), (next_begin, next_end) in itertools.pairwise(spans):
        assert (next_begin, next_end) == (begin, end) or next_begin == end
        assert begin < end


def test_words_of_a_foreign_model_have_their_own_spans(foreign: Tokenizer) -> None:
    text = "the  mill"
    ids, spans = foreign.encode_with_offsets(text)
    letters = [
        (foreign.piece(index).strip("\u2581"), text[begin:end].strip())
        for index, (begin, end) in zip(ids, spans, strict=True)
    ]
    assert all(unicodedata.normalize("NFKC", surface) == piece for piece, surface in letters if piece)


def test_importing_does_not_import_torch() -> None:
    modules = ", ".join(f"nlpsuite.text.{name}" for name in ("tokenizer", "train_tokenizer", "tokenfile", "encode"))
    code = f"import sys, {modules}; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
