from __future__ import annotations

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from nlpsuite.inference.evaluate_text import Windower, evaluate_text, score_windows, stride_of
from nlpsuite.inference.read_text import Piece

CONTEXT = 16


@pytest.fixture(scope="module")
def backbone(make_backbone, tiny_tokenizer):
    return make_backbone(vocab_size=tiny_tokenizer.vocab_size, context=CONTEXT)


def whole(text: str) -> Piece:
    return Piece(text, first=True, last=True)


def tokens_of(tokenizer, text: str) -> list[int]:
    return [tokenizer.bos_id, *tokenizer.encode(text), tokenizer.eos_id]


@torch.no_grad()
def exact_nats(backbone, tokens: list[int], stride: int) -> float:
    """Score token by token: each from the window it is scored in, one row at a time."""
    context = backbone.config.context
    nats, scored, start = 0.0, 0, 0
    while scored < len(tokens) - 1:
        row = tokens[start : start + context + 1]
        logits = backbone.logits(backbone(torch.tensor([row[:-1]])))[0].double()
        losses = F.cross_entropy(logits, torch.tensor(row[1:]), reduction="none")
        new = losses[scored - start :]
        nats += float(new.sum())
        scored += len(new)
        start += stride
    return nats


texts = st.lists(st.text("ab c.é你\n", max_size=80), max_size=6)


@settings(max_examples=100, deadline=None)
@given(texts=texts, stride=st.integers(1, CONTEXT))
def test_each_token_is_scored_once_with_the_history_promised(tiny_tokenizer, texts, stride):
    windower = Windower(tiny_tokenizer, CONTEXT, stride)
    for text in texts:
        expected = tokens_of(tiny_tokenizer, text)
        scored: list[int] = []
        for window in windower.feed(whole(text)):
            inputs = len(window.tokens) - 1
            assert 1 <= window.scored <= inputs <= CONTEXT
            history = inputs - window.scored
            assert history >= min(len(scored), CONTEXT - stride), "of what came before, the overlap at least"
            scored += window.tokens[-window.scored :].tolist()
            end = len(scored)
            assert window.tokens.tolist() == expected[end - inputs : end + 1]
        assert scored == expected[1:]


@settings(max_examples=50, deadline=None)
@given(words=st.lists(st.sampled_from(["rain\n", "the\n", "cat\n", "你\n"]), min_size=1, max_size=40), data=st.data())
def test_pieces_of_a_document_are_as_the_whole(tiny_tokenizer, words, data):
    # No token goes on after a newline, so cutting there leaves the tokens as they are.
    cuts = sorted(data.draw(st.sets(st.integers(1, len(words)), max_size=4)) | {len(words)})
    pieces = [
        Piece("".join(words[start:end]), first=start == 0, last=end == len(words))
        for start, end in zip([0, *cuts[:-1]], cuts, strict=True)
    ]
    in_pieces, at_once = Windower(tiny_tokenizer, CONTEXT, 5), Windower(tiny_tokenizer, CONTEXT, 5)
    one = [window for piece in pieces for window in in_pieces.feed(piece)]
    two = list(at_once.feed(whole("".join(words))))
    assert [(w.tokens.tolist(), w.scored) for w in one] == [(w.tokens.tolist(), w.scored) for w in two]


@pytest.mark.parametrize("overlap", [0.0, 0.5, 0.9])
@pytest.mark.parametrize("batch_tokens", [1, 40, 4096])
def test_the_score_is_exact(backbone, tiny_tokenizer, overlap, batch_tokens):
    documents = ["The cat sat on the mat.", "rain " * 30, "", "今天 天气 很 好。 " * 7, "x"]
    score = evaluate_text(backbone, tiny_tokenizer, map(whole, documents), overlap=overlap, batch_tokens=batch_tokens)
    stride = stride_of(CONTEXT, overlap)
    expected = sum(exact_nats(backbone, tokens_of(tiny_tokenizer, text), stride) for text in documents)
    tokens = sum(len(tokens_of(tiny_tokenizer, text)) - 1 for text in documents)
    assert score.tokens == tokens
    assert score.nats == pytest.approx(expected, rel=1e-5)
    assert score.bytes == sum(len(text.encode()) for text in documents)
    assert score.bits_per_byte == pytest.approx(expected / math.log(2) / score.bytes, rel=1e-5)
    assert score.perplexity == pytest.approx(math.exp(expected / tokens), rel=1e-4)


def test_no_overlap_is_what_validation_in_pretraining_computes(backbone, tiny_tokenizer, tmp_path):
    from nlpsuite.text.tokenfile import TokenFile, TokenFileWriter
    from nlpsuite.training.pretraining.validation import ValidationText
    from nlpsuite.training.together import Together

    documents = ["The cat sat on the mat and looked. " * 4, "nobody", "They walked along the river. " * 3]
    with TokenFileWriter(tmp_path / "valid", tiny_tokenizer) as writer:
        for text in documents:
            writer.append(tiny_tokenizer.encode_arrays([text]), [len(text.encode())])
    validation = ValidationText(
        TokenFile.open(tmp_path / "valid"),
        context=CONTEXT,
        tokenizer=tiny_tokenizer,
        max_tokens=10**6,
        rows=4,
        mask_rate=None,
        mask_span=1,
        group=Together(),
    )
    theirs = validation.causal(backbone)
    ours = evaluate_text(backbone, tiny_tokenizer, map(whole, documents), overlap=0.0, batch_tokens=64)
    assert (ours.tokens, ours.bytes) == (theirs.tokens, theirs.bytes)
    assert ours.nats == pytest.approx(theirs.nats, rel=1e-5)


def test_a_document_that_a_limit_cuts_has_no_end(backbone, tiny_tokenizer):
    cut = evaluate_text(
        backbone, tiny_tokenizer, [Piece("The cat", True, True, cut=True)], overlap=0.5, batch_tokens=64
    )
    assert cut.tokens == len(tiny_tokenizer.encode("The cat"))


def test_nothing_to_score(backbone, tiny_tokenizer):
    score = evaluate_text(backbone, tiny_tokenizer, [], overlap=0.5, batch_tokens=64)
    assert (score.nats, score.tokens, score.bytes) == (0.0, 0, 0)
    nothing = evaluate_text(backbone, tiny_tokenizer, [Piece("", True, True, cut=True)], overlap=0.5, batch_tokens=64)
    assert nothing.tokens == 0


def test_a_bounded_number_of_windows_is_held(backbone, tiny_tokenizer):
    taken = 0

    def windows():
        nonlocal taken
        windower = Windower(tiny_tokenizer, CONTEXT, CONTEXT)
        for _ in range(200):
            for window in windower.feed(whole("The cat sat on the mat.")):
                taken += 1
                yield window

    scores = score_windows(backbone, windows(), batch_tokens=CONTEXT)
    next(scores)
    assert taken < 60


def test_strides():
    assert [stride_of(256, overlap) for overlap in (0.0, 0.25, 0.5, 0.99)] == [256, 192, 128, 3]
    assert stride_of(8, 0.99) == 1


def test_windows_do_not_alias_one_another(tiny_tokenizer):
    windows = list(Windower(tiny_tokenizer, 4, 2).feed(whole("abcdefgh")))
    windows[0].tokens[:] = 0
    assert np.all(windows[1].tokens != 0)
