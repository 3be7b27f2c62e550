"""Tokenizers of imported models, kind by kind: the library's ids, spans of the text as it was typed, and the same interface."""

from __future__ import annotations

import json
import lzma
import pickle
import random
from itertools import islice, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlpsuite.errors import UserError
from nlpsuite.inference.generate import stream_text
from nlpsuite.tasks.continuations import never_drawn
from nlpsuite.text.json_tokenizer import JsonTokenizer
from nlpsuite.training.finetuning.byte_tokens import MOST_BYTES, byte_shares

tokenizers = pytest.importorskip("tokenizers")
transformers = pytest.importorskip("transformers")

HOSTILE = (
    "", " ", " " * 50, "  a  b ", "\t\t\r\n\n\n x \t", "a\u2581b \u2581", "\u2581x", "\x00\x01\x7f\x85", "\u0301\u0301a",
    "e\u0301x\u0301 \u00e9 e\u0301", "a\u0307\u0323b", "\u1100\u1161\u11a8 \uac01 \u1100", "\u0f73\ufb1d\u0340",
    "\u212b\u2126 ﬁ Ａ İi ẞß", "👩\u200d👩\u200d👧 🏳\ufe0f\u200d🌈", "שלום \u202eعالم\u200f 12", "\ufffd \ufeff", "x\u0301 y",
    "\U0010ffff\U00020000\U0001f9ff", "\u0378\ue000\u05ff", "1234 56 7,890", "x" * 3000, "北" * 500, "\u0301" * 40,
    "the<0xE2><0x0A>", "isn't I'LL we're", "\u00a0a\u3000b\u2028", "北京123 café", "<think>so</think> <tool_call>",
    "def f(x):\n    return  x",
)  # fmt: skip
SPELT = {
    "qwen2": ["<|im_end|>", "<|endoftext|>", "<|vision_pad|>"],
    "qwen3": ["<|im_end|>", "<|im_start|>"],
    "llama3": ["<|begin_of_text|>", "<|eot_id|>", "<|reserved_special_token_0|>"],
    "smollm2": ["<|endoftext|>", "<|im_end|>", "<repo_name>"],
    "gpt2": ["<|endoftext|>"],
    "llama2": ["<s>", "</s>", "<unk>"],
    "mistral": ["<s>", "</s>", "<unk>", "[INST]", "[/INST]"],
}
COMPOSES, LETTERS = ("qwen2", "qwen3"), ("llama2", "mistral")

any_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=40) | st.text(
    " \u2581\n\taeb<s>|im_end1\u0301\u0323\u00e9\u1100\u1161\u11a8清👍\u200d'", max_size=60
)
each_text = settings(max_examples=60, deadline=None)


@pytest.fixture(scope="session")
def ours(bpe_folder):
    return JsonTokenizer.load(bpe_folder)


@pytest.fixture(scope="session")
def theirs(bpe_folder):
    """The library, made to leave special tokens alone as we do."""
    return _library(bpe_folder, transformers.PreTrainedTokenizerFast, split_special_tokens=True)


def _library(folder, reader=transformers.AutoTokenizer, **options):
    library = reader.from_pretrained(folder, model_max_length=1 << 30, **options)
    return lambda texts: library(texts, add_special_tokens=False)["input_ids"]


def _read(kind, text):
    """What of a text a tokenizer of a kind reads."""
    if kind in COMPOSES:
        return tokenizers.normalizers.NFC().normalize_str(text)
    return text.replace("\u2581", " ") if kind in LETTERS else text


def _check_spans(kind, tokenizer, text):
    ids, spans = tokenizer.encode_with_offsets(text)
    assert ids == tokenizer.encode(text)
    assert len(ids) == len(spans)
    pieces = [tokenizer.piece_bytes(index) for index in ids]
    read = _read(kind, text)
    if kind in LETTERS and b"".join(pieces) != read.encode():
        # The space that is put before a text.
        assert pieces[0].startswith(b" ")
        pieces[0] = pieces[0][1:]
    assert b"".join(pieces) == read.encode()
    assert [spans[0][0], spans[-1][1]] == [0, len(text)] if spans else not text
    for (begin, end), (next_begin, next_end) in pairwise(spans):
        assert begin <= next_begin <= end <= next_end
    for piece, (begin, end) in zip(pieces, spans, strict=True):
        within = _read(kind, text[begin:end]).encode()
        if read == (text.replace("\u2581", " ") if kind in LETTERS else text):
            # No character is there in which the piece has no part.
            assert piece in within
            starts = [byte for byte in piece if byte & 0xC0 != 0x80]
            assert end - begin == len(starts) + (piece[:1] not in (b"", bytes(starts[:1])))
    before = b""
    for piece, (_, end), following in zip(pieces, spans, [*spans[1:], (len(text), 0)], strict=False):
        before += piece
        # Where characters before and after a place do not change one another.
        if end == following[0] and _read(kind, text[:end]) + _read(kind, text[end:]) == read:
            assert before == _read(kind, text[:end]).encode()


def test_hostile_texts_have_the_librarys_ids(ours, theirs):
    assert ours.encode_batch(HOSTILE) == theirs(list(HOSTILE))
    assert [ours.encode(text) for text in HOSTILE] == ours.encode_batch(HOSTILE)


def test_hostile_texts_have_the_ids_that_a_user_of_the_library_gets(ours, bpe_kind, bpe_folder):
    """Of the class that the folder names; that of Llama 2 does not put a space before one."""
    texts = [text.lstrip(" \u2581") if bpe_kind == "llama2" else text for text in HOSTILE]
    assert ours.encode_batch(texts) == _library(bpe_folder)(texts)


@each_text
@given(text=any_text)
def test_any_text_has_the_librarys_ids_and_its_own_spans(ours, theirs, bpe_kind, text):
    assert ours.encode(text) == theirs([text])[0]
    _check_spans(bpe_kind, ours, text)


@pytest.mark.parametrize("text", HOSTILE)
def test_spans_cover_the_text_as_it_was_typed(ours, bpe_kind, text):
    _check_spans(bpe_kind, ours, text)


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("e\u0301x\u0301", [(0, 2), (2, 3), (3, 4), (3, 4)]),
        ("\u1100\u1161\u11a8 x", [(0, 3), (0, 3), (0, 3), (3, 5)]),
        ("x e\u0301", [(0, 1), (1, 2), (2, 4)]),
    ],
)
def test_characters_that_become_one_are_all_in_its_span(tmp_path, save_bpe, text, spans):
    tokenizer = JsonTokenizer.load(save_bpe("qwen3", tmp_path, ["\u00e9\u00e9 x"] * 9, 260))
    assert [tuple(span) for span in tokenizer.encode_with_offsets(text)[1]] == spans


def test_a_space_put_before_a_text_has_no_characters(tmp_path, save_bpe):
    tokenizer = JsonTokenizer.load(save_bpe("llama2", tmp_path, ["ab ab"] * 9, 280))
    assert tokenizer.encode_with_offsets("👍ab")[1] == [(0, 0), *[(0, 1)] * 4, (1, 3)]
    assert tokenizer.encode_with_offsets("ab ab")[1] == [(0, 2), (2, 5)]


def test_a_special_token_typed_in_a_text_is_text(ours, theirs, bpe_kind, bpe_folder):
    as_shipped = _library(bpe_folder)
    for special in SPELT[bpe_kind]:
        for text in (special, f"a {special} b", f"{special}{special}\n", special[:-1]):
            ids = ours.encode(text)
            assert ids == theirs([text])[0]
            assert all(ours.piece_bytes(index) for index in ids)
            assert ours.decode(ids) == text
            _check_spans(bpe_kind, ours, text)
        # There, a text ends documents and turns.
        assert not all(ours.piece_bytes(index) for index in as_shipped([special])[0])


def test_added_words_that_are_not_special_are_text_as_in_the_library(tmp_path, save_bpe):
    folder = save_bpe("qwen3", tmp_path, ["a b"], 260)
    tokenizer = JsonTokenizer.load(folder)
    ids, spans = tokenizer.encode_with_offsets("a<think>b")
    assert [ids] == _library(folder)(["a<think>b"])
    assert spans == [(0, 1), (1, 8), (8, 9)]
    assert tokenizer.decode(ids) == "a<think>b"


def _changed(folder, *, added=lambda tokens: tokens, **config):
    data = json.loads((folder / "tokenizer.json").read_text())
    data["added_tokens"] = added(data["added_tokens"])
    (folder / "tokenizer.json").write_text(json.dumps(data))
    data = json.loads((folder / "tokenizer_config.json").read_text())
    del data["added_tokens_decoder"]
    (folder / "tokenizer_config.json").write_text(json.dumps(data | config))
    return JsonTokenizer.load(folder)


@pytest.mark.parametrize(
    "where", ["eos_token", "additional_special_tokens", "extra_special_tokens", "added_tokens_decoder"]
)
def test_what_the_config_alone_calls_special_is(tmp_path, save_bpe, where):
    token = {"content": "<think>", "special": True}
    named = {"eos_token": token, "additional_special_tokens": ["<think>"], "extra_special_tokens": {"x": "<think>"}}
    tokenizer = _changed(save_bpe("qwen3", tmp_path, ["a b"], 260), **{where: named.get(where, {"9": token})})
    ids = tokenizer.encode("a<think>b</think>")
    assert [tokenizer.piece(index) for index in ids] == ["a", *"<think>", "b", "</think>"]
    assert tokenizer.piece_bytes(tokenizer._fast.token_to_id("<think>")) == b""
    assert (tokenizer.piece(tokenizer.eos_id) == "<think>") == (where == "eos_token")


def test_a_piece_that_only_the_config_names_is_special_but_a_word_stays_a_word(tmp_path, save_bpe):
    folder = save_bpe("smollm2", tmp_path, ["a! b"], 280)
    tokenizer = _changed(folder, added=lambda tokens: tokens[:1], pad_token="!")
    assert tokenizer.piece(tokenizer.pad_id) == "!"
    assert tokenizer.decode(tokenizer.encode("a!!")) == "a!!"
    assert tokenizer.piece_bytes(tokenizer.eos_id) == b""
    assert tokenizer.decode([*tokenizer.encode("a"), tokenizer.eos_id]) == "a"


@each_text
@given(text=any_text)
def test_a_text_comes_back(ours, bpe_kind, text):
    ids = ours.encode(text)
    if bpe_kind != "mistral" or text[:1] not in (" ", "\u2581"):
        assert ours.decode(ids) == _read(bpe_kind, text) == ours._fast.decode(ids)
    # As it is written while it is made, a text begins with whatever space it has.
    streamed = "".join(stream_text(ours, ids))
    assert streamed in (_read(bpe_kind, text), " " + _read(bpe_kind, text))


def test_half_a_character_waits_when_text_is_written_as_it_comes(ours):
    ids = ours.encode("x👍\U0010ffff")
    parts = list(stream_text(ours, ids))
    assert "".join(parts).lstrip() == "x👍\U0010ffff"
    assert "\ufffd" not in "".join(parts)
    assert ours.decode(ids[:-1]).rstrip("\ufffd") == "x👍"


def test_special_ids_stand_for_nothing_and_are_never_drawn(ours, bpe_kind):
    ids = {name: getattr(ours, f"{name}_id") for name in ("bos", "eos", "pad", "mask", "sep")}
    assert all(0 <= index < ours.vocab_size and not ours.piece_bytes(index) for index in ids.values())
    assert ours.decode(ids.values()) == ""
    assert set(ids.values()) - {ours.eos_id} <= set(never_drawn(ours, ours.vocab_size))
    assert ours.eos_id not in never_drawn(ours, ours.vocab_size)
    assert ours.byte_lengths.tolist() == [len(ours.piece_bytes(index)) for index in range(ours.vocab_size)]
    # Where there are tokens to spare, no two jobs are one token's.
    spared = bpe_kind in ("qwen2", "qwen3", "llama3", "smollm2")
    assert len({ids["eos"], ids["mask"], ids["sep"]}) == (3 if spared else 1)


def test_pieces_are_for_people_to_read(ours, bpe_kind):
    pieces = [ours.piece(index) for index in ours.encode("a the harbour\t\U0010ffff")]
    assert pieces[-4:] == ["<0xF4>", "<0x8F>", "<0xBF>", "<0xBF>"]
    assert "\u2581harbour" in pieces or "\u2581" in "".join(pieces)
    assert any(piece in ("\\t", "<0x09>") for piece in pieces)
    assert not [
        piece for index in range(ours.vocab_size) if not (piece := ours.piece(index)).isprintable() or " " in piece
    ]


def test_a_script_that_is_not_known_is_told(tmp_path, save_bpe, bpe_kind):
    tokenizer = JsonTokenizer.load(save_bpe(bpe_kind, tmp_path, ["the harbour was quiet"] * 9, 300))
    unknown, known = byte_shares(tokenizer, ["清晨的市场里", "the harbour was quiet, x, y"])
    assert (unknown > MOST_BYTES, known) == (True, 0)


def test_what_is_saved_and_what_is_sent_to_processes_is_the_same(ours, tmp_path):
    ours.save(tmp_path)
    for again in (JsonTokenizer.load(tmp_path), pickle.loads(pickle.dumps(ours))):
        assert again.sha256 == ours.sha256
        assert [again.encode_with_offsets(text) for text in HOSTILE] == [
            ours.encode_with_offsets(text) for text in HOSTILE
        ]


def test_arrays_are_of_int32_and_lone_surrogates_are_refused(ours):
    (array,) = ours.encode_arrays(["x 北"])
    assert array.dtype == np.int32
    assert array.tolist() == ours.encode("x 北")
    for method in (ours.encode, ours.encode_with_offsets, lambda text: ours.encode_arrays(["a", text])):
        with pytest.raises(UserError, match="lone surrogate"):
            method("a\ud800")


@pytest.fixture(scope="session")
def lines(realdata):
    """Ten thousand of Wikipedia, half of them English and half Chinese."""
    english = (realdata / "pretrain" / "enwiki_2015" / "valid.txt").read_text(encoding="utf-8").splitlines()
    with lzma.open(realdata / "zh" / "wiki" / "zhwiki.txt.xz", "rt", encoding="utf-8") as file:
        chinese = list(islice((line for line in file if line.strip()), 5000))
    found = [line for line in english if line][:5000] + chinese
    assert len(found) == 10_000
    return found


@pytest.mark.realdata
def test_ten_thousand_lines_have_the_ids_that_a_user_of_the_library_gets(lines, tmp_path, save_bpe, bpe_kind):
    folder = save_bpe(bpe_kind, tmp_path, lines[::5], 3000)
    tokenizer = JsonTokenizer.load(folder)
    assert tokenizer.encode_batch(lines) == _library(folder)(lines)
    for line in random.Random(0).sample(lines, 500):
        _check_spans(bpe_kind, tokenizer, line)
        assert tokenizer.decode(tokenizer.encode(line)) == _read(bpe_kind, line)


def test_a_text_that_follows_another_has_no_space_put_before_it(bpe_kind, ours):
    """Words are encoded one by one, with the space before each where there is one, and no other."""
    words = ("the", " cat", ",", " 2nd", "(", "北京", " \u0301")
    ids = [index for word in words for index in ours.encode_inside(word)]
    spelt = b"".join(ours.piece_bytes(index) for index in ids)
    assert spelt == _read(bpe_kind, "".join(words)).encode()
    assert len(ours.encode_inside(" cat")) <= len(ours.encode("cat")) + 1
