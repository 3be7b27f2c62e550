from __future__ import annotations

import codecs

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nlpsuite.backbone.sampling import Sampling, next_token_logits
from nlpsuite.inference.generate import continue_text, likely_next, prompt_ids, stream_text

GREEDY = Sampling(temperature=0.0)


@pytest.fixture(scope="module")
def backbone(make_backbone, tiny_tokenizer):
    return make_backbone(std=0.1, vocab_size=tiny_tokenizer.vocab_size)


def continued(backbone, tokenizer, prompt: str = "The cat", *, seed: int = 0, write=None, **options):
    options = {"max_new": 30, "sampling": Sampling(1.0, 0, 1.0)} | options
    generator = torch.Generator().manual_seed(seed)
    parts: list[str] = []
    result = continue_text(
        backbone, tokenizer, prompt_ids(tokenizer, prompt), generator=generator, write=write or parts.append, **options
    )
    return result, parts


def test_a_prompt_begins_as_documents_do(tiny_tokenizer):
    assert prompt_ids(tiny_tokenizer, "") == [tiny_tokenizer.bos_id]
    assert prompt_ids(tiny_tokenizer, "The cat") == [tiny_tokenizer.bos_id, *tiny_tokenizer.encode("The cat")]


@settings(max_examples=100, deadline=None)
@given(text=st.text(st.characters(codec="utf-8")))
def test_streaming_gives_the_text_in_whole_characters(tiny_tokenizer, text):
    parts = list(stream_text(tiny_tokenizer, tiny_tokenizer.encode(text)))
    assert "".join(parts) == text
    assert all(parts)


def test_a_character_of_several_tokens_comes_when_it_is_whole(tiny_tokenizer):
    ids = tiny_tokenizer.encode("🦉!")
    assert len(ids) == 5, "the owl is four byte pieces"
    shown = []
    stream = stream_text(tiny_tokenizer, iter(ids))
    shown.append(next(stream))
    assert shown == ["🦉"]
    assert list(stream) == ["!"]


@settings(max_examples=100, deadline=None)
@given(data=st.binary(max_size=30))
def test_bytes_that_are_no_text_are_shown_as_such(tiny_tokenizer, data):
    by_byte = {tiny_tokenizer.piece_bytes(i): i for i in range(6, 6 + 256)}
    ids = [by_byte[bytes([byte])] for byte in data]
    expected = codecs.decode(data, "utf-8", "replace")
    assert "".join(stream_text(tiny_tokenizer, ids)) == expected


def test_a_character_left_half_is_shown_at_the_end(tiny_tokenizer):
    half = tiny_tokenizer.encode("🦉")[:2]
    assert list(stream_text(tiny_tokenizer, half)) == ["\ufffd"]


def test_special_tokens_stand_for_no_text(tiny_tokenizer):
    ids = [tiny_tokenizer.bos_id, *tiny_tokenizer.encode("ab"), tiny_tokenizer.mask_id, tiny_tokenizer.eos_id]
    assert "".join(stream_text(tiny_tokenizer, ids)) == "ab"


def test_what_is_written_is_the_continuation(backbone, tiny_tokenizer):
    result, parts = continued(backbone, tiny_tokenizer)
    assert "".join(parts) == result.text
    assert result.tokens == 30
    assert not result.ended


def test_the_seed_decides(backbone, tiny_tokenizer):
    one, two, other = (continued(backbone, tiny_tokenizer, seed=seed)[0] for seed in (1, 1, 2))
    assert one == two
    assert one != other


def test_the_end_of_the_document_ends_the_text(make_backbone, tiny_tokenizer):
    backbone = make_backbone(std=0.1, vocab_size=tiny_tokenizer.vocab_size)
    with torch.no_grad():
        # The end is likeliest whatever came before.
        backbone.norm.weight.zero_()
        backbone.norm.weight[0] = 1.0
        backbone.embedding.weight.zero_()
        backbone.embedding.weight[:, 0] = 1.0
        backbone.embedding.weight[tiny_tokenizer.eos_id, 0] = 5.0
    result, _ = continued(backbone, tiny_tokenizer, sampling=GREEDY)
    assert (result.text, result.tokens, result.ended) == ("", 1, True)


def test_special_and_unused_ids_are_never_drawn(make_backbone, tiny_tokenizer):
    size = tiny_tokenizer.vocab_size
    backbone = make_backbone(vocab_size=size + 40)
    with torch.no_grad():
        # Everything that must not come is by far the likeliest.
        backbone.norm.weight.zero_()
        backbone.norm.weight[0] = 1.0
        backbone.embedding.weight[:, 0] = 1.0
        backbone.embedding.weight[size:, 0] = 50.0
        special = [i for i in range(6) if i != tiny_tokenizer.eos_id]
        backbone.embedding.weight[special, 0] = 50.0
    result, _ = continued(backbone, tiny_tokenizer, max_new=200)
    assert result.tokens > 0
    likely = likely_next(backbone, tiny_tokenizer, [1], size + 40)
    assert len(likely) == size, "ids past the tokenizer's are no tokens"


def test_likely_next_is_the_distribution_itself(backbone, tiny_tokenizer):
    ids = prompt_ids(tiny_tokenizer, "The cat")
    found = likely_next(backbone, tiny_tokenizer, ids, 10)
    probability = next_token_logits(backbone, ids).double().softmax(0)
    assert [each.probability for each in found] == sorted((each.probability for each in found), reverse=True)
    assert found[0].id == int(probability.argmax())
    for each in found:
        assert each.probability == pytest.approx(float(probability[each.id]), rel=1e-6)
        assert each.token == tiny_tokenizer.piece(each.id)
    everything = likely_next(backbone, tiny_tokenizer, ids, 10**6)
    assert len(everything) == tiny_tokenizer.vocab_size
    assert sum(each.probability for each in everything) == pytest.approx(1.0)
