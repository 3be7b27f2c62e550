from __future__ import annotations

import itertools
import math

import pytest
import torch

from nlpsuite.tasks.beam import BeamSettings, beam_search, length_factor

END = 2
BANNED = (0, 1, 3)
WORDS = (4, 5, 6, 7)


def settings(**changes) -> BeamSettings:
    return BeamSettings(**({"beam": 3, "end_id": END, "banned_ids": BANNED} | changes))


@pytest.fixture
def backbone(make_backbone):
    return make_backbone(vocab_size=8)


def draw_prompts(lengths, seed: int = 0) -> list[list[int]]:
    generator = torch.Generator().manual_seed(seed)
    return [torch.randint(4, 8, (length,), generator=generator).tolist() for length in lengths]


@torch.no_grad()
def log_probability(backbone, prompt, text, mode: str) -> float:
    """Score a text and its end token by token, without a cache."""
    ids = torch.tensor([[*prompt, *text, END]])
    prefix = torch.tensor([len(prompt)]) if mode == "prefix" else None
    logits = backbone.logits(backbone(ids[:, :-1], mode=mode, prefix_B=prefix))[0].log_softmax(1)
    targets = ids[0, len(prompt) :]
    return float(logits[len(prompt) - 1 :].gather(1, targets[:, None]).sum())


def best_of_all(backbone, prompt, longest: int, penalty: float, mode: str) -> tuple[list[int], float]:
    texts = [text for size in range(longest) for text in itertools.product(WORDS, repeat=size)]
    scored = [
        (log_probability(backbone, prompt, text, mode) / length_factor(len(text) + 1, penalty), list(text))
        for text in texts
    ]
    score, text = max(scored)
    return text, score


@pytest.mark.parametrize("mode", ["prefix", "causal"])
@pytest.mark.parametrize("penalty", [0.0, 1.0, 3.0])
def test_with_a_beam_for_every_text_the_best_of_all_texts_is_found(backbone, mode, penalty):
    prompts = draw_prompts([3, 5, 3])
    wide = settings(beam=8**3, length_penalty=penalty)
    for prompt, found in zip(prompts, beam_search(backbone, prompts, [4, 4, 4], wide, mode=mode), strict=True):
        text, score = best_of_all(backbone, prompt, 4, penalty, mode)
        assert found.ids == text
        assert found.score == pytest.approx(score, abs=1e-4)


def test_the_scores_are_those_of_the_texts_found(backbone):
    prompts = draw_prompts([4, 4, 6, 1])
    for prompt, found in zip(prompts, beam_search(backbone, prompts, [8] * 4, settings(), mode="prefix"), strict=True):
        score = log_probability(backbone, prompt, found.ids, "prefix") / length_factor(len(found.ids) + 1, 1.0)
        assert found.score == pytest.approx(score, abs=1e-4)
        assert not set(found.ids) & {END, *BANNED}
        assert found.complete == (len(found.ids) < 7)


def test_one_beam_takes_the_likeliest_token_each_time(backbone):
    (prompt,) = draw_prompts([4])
    (found,) = beam_search(backbone, [prompt], [12], settings(beam=1), mode="prefix")
    ids = list(prompt)
    for _ in range(11):
        with torch.no_grad():
            hidden = backbone(torch.tensor([ids]), mode="prefix", prefix_B=torch.tensor([len(prompt)]))
            logits = backbone.logits(hidden[0, -1])
        logits[list(BANNED)] = -math.inf
        token = int(logits.argmax())
        if token == END:
            break
        ids.append(token)
    assert found.ids == ids[len(prompt) :]


@pytest.mark.parametrize("beam", [1, 2, 5])
def test_a_result_depends_on_its_prompt_alone(make_backbone, beam):
    backbone = make_backbone(vocab_size=8, seed=4, std=0.5)
    prompts = draw_prompts([3, 5, 3, 4, 3, 5, 3, 3, 3, 3])
    longest = [12, 9, 12, 12, 5, 9, 12, 12, 12, 12]
    together = beam_search(backbone, prompts, longest, settings(beam=beam), mode="prefix")
    assert len({len(each.ids) for each in together}) > 2, "texts that end at different times"
    for prompt, most, found in zip(prompts, longest, together, strict=True):
        (alone,) = beam_search(backbone, [prompt], [most], settings(beam=beam), mode="prefix")
        assert alone.ids == found.ids
        assert alone.score == pytest.approx(found.score, abs=1e-5)
        assert alone.complete == found.complete


def test_groups_too_large_for_memory_are_searched_in_parts(backbone, monkeypatch):
    prompts = draw_prompts([3] * 7)
    whole = beam_search(backbone, prompts, [6] * 7, settings(), mode="causal")
    monkeypatch.setattr("nlpsuite.tasks.beam.CPU_POSITIONS", 60)
    parts = beam_search(backbone, prompts, [6] * 7, settings(), mode="causal")
    assert [each.ids for each in parts] == [each.ids for each in whole]


def test_one_token_leaves_room_for_the_end_alone(backbone):
    (found,) = beam_search(backbone, draw_prompts([4]), [1], settings(), mode="prefix")
    assert found.ids == []
    assert not found.complete
    assert found.score < 0


def test_no_prompts_give_nothing(backbone):
    assert beam_search(backbone, [], [], settings(), mode="prefix") == []


def test_the_length_factor():
    assert length_factor(1, 0.6) == 1.0
    assert length_factor(7, 1.0) == 7.0
    assert length_factor(7, 0.0) == 1.0
