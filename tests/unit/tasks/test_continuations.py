from __future__ import annotations

from collections import Counter

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from nlpsuite.backbone.sampling import Sampling, continue_ids
from nlpsuite.tasks.continuations import continue_prompts, draw_rows, never_drawn, row_seed

GREEDY = Sampling(temperature=0)
PROMPTS = [[1, 7, 9], [1, 8, 4], [1], [1, 30, 31, 32, 33, 34], [1, 7, 9], list(range(1, 60))]


def run(backbone, prompts, sampling=GREEDY, max_new=50, stop_id=2, **options):
    seeds = [row_seed(3, bytes(prompt)) for prompt in prompts]
    return continue_prompts(
        backbone, prompts, max_new=max_new, sampling=sampling, seeds=seeds, stop_id=stop_id, **options
    )


def test_each_prompt_goes_on_as_it_would_alone_past_the_context_too(make_backbone):
    backbone = make_backbone()
    for prompt, drawn in zip(PROMPTS, run(backbone, PROMPTS), strict=True):
        alone = continue_ids(backbone, prompt, max_new=50, sampling=GREEDY, generator=torch.Generator(), stop_ids=[2])
        expected = list(alone)
        assert drawn.ids == expected
        assert drawn.ended == (len(expected) < 50)


def test_what_a_prompt_draws_does_not_depend_on_neighbours(make_backbone):
    backbone = make_backbone(std=0.1)
    together = run(backbone, PROMPTS, Sampling(1.0, 0, 0.95))
    assert len({tuple(each.ids) for each in together}) == 5, "equal prompts draw alike, others do not"
    assert together[0].ids == together[4].ids
    for prompt, drawn in zip(PROMPTS, together, strict=True):
        assert run(backbone, [prompt], Sampling(1.0, 0, 0.95))[0].ids == drawn.ids
    assert [each.ids for each in run(backbone, PROMPTS[::-1], Sampling(1.0, 0, 0.95))] == [
        each.ids for each in together[::-1]
    ]


def test_rows_that_end_leave_the_others_as_they_are(make_backbone):
    backbone = make_backbone(std=0.05)
    prompts = [[1, number] for number in range(5, 60)]
    sampling = Sampling(1.0, 0, 1.0)
    drawn = run(backbone, prompts, sampling, max_new=60)
    assert 5 < sum(each.ended for each in drawn) < 55
    assert all(len(each.ids) == 60 for each in drawn if not each.ended)
    assert all(2 not in each.ids for each in drawn)
    for place in range(0, 55, 7):
        assert run(backbone, [prompts[place]], sampling, max_new=60)[0] == drawn[place]


def test_banned_tokens_are_never_drawn(make_backbone, tiny_tokenizer):
    backbone = make_backbone(vocab_size=tiny_tokenizer.vocab_size + 8, std=0.05)
    banned = never_drawn(tiny_tokenizer, backbone.config.vocab_size)
    assert tiny_tokenizer.eos_id not in banned
    assert {tiny_tokenizer.bos_id, tiny_tokenizer.pad_id, tiny_tokenizer.vocab_size + 7} <= set(banned)
    drawn = run(backbone, PROMPTS, Sampling(2.0, 0, 1.0), stop_id=tiny_tokenizer.eos_id, banned_ids=banned)
    assert not {index for each in drawn for index in each.ids} & set(banned)
    tiny_tokenizer.decode(drawn[0].ids)


def test_draws_follow_the_probabilities():
    logits = torch.log(torch.tensor([[0.1, 0.5, 0.15, 0.25]])).expand(10_000, 4)
    uniform = (torch.arange(10_000) + 0.5) / 10_000
    count = Counter(draw_rows(logits, Sampling(1.0, 0, 1.0), uniform).tolist())
    assert [count[token] / 10_000 for token in range(4)] == pytest.approx([0.1, 0.5, 0.15, 0.25], abs=1e-3)
    assert set(draw_rows(logits, Sampling(1.0, 2, 1.0), uniform).tolist()) == {1, 3}
    assert set(draw_rows(logits, Sampling(1.0, 0, 0.7), uniform).tolist()) == {1, 3}
    assert set(draw_rows(logits, Sampling(1.0, 0, 0.01), uniform).tolist()) == {1}
    assert set(draw_rows(logits, Sampling(0.0), uniform).tolist()) == {1}


@given(
    st.integers(0, 10), st.floats(0.01, 100), st.integers(0, 8), st.floats(0.01, 1), st.floats(0, 1, exclude_max=True)
)
def test_a_token_without_mass_is_never_drawn(seed, temperature, top_k, top_p, uniform):
    logits = torch.randn(1, 6, generator=torch.Generator().manual_seed(seed))
    logits[0, :2] = -torch.inf
    token = draw_rows(logits, Sampling(temperature, top_k, top_p), torch.tensor([uniform], dtype=torch.float64))
    assert int(token) >= 2


def test_a_seed_depends_on_every_part():
    seeds = {row_seed(1, b"a", b"b"), row_seed(1, b"ab"), row_seed(2, b"ab"), row_seed(1, b"", b"ab"), row_seed(1)}
    assert len(seeds) == 5
