from __future__ import annotations

import torch

from nlpsuite.tasks.heads import PooledHead
from nlpsuite.tasks.ngram_scores import NgramScores
from nlpsuite.tasks.ngrams import ngram_bag
from nlpsuite.tasks.task import Window
from nlpsuite.tasks.text_head import TextFeatures, TextHead

BAG = ngram_bag("one two")
HIDDEN_BTD, REAL_BT = torch.randn(64, 3, 8, generator=torch.Generator().manual_seed(0)), torch.ones(64, 3).bool()


def head() -> TextHead:
    scores = NgramScores(len(BAG.keys), 2)
    scores.keys_F.copy_(torch.from_numpy(BAG.keys))
    scores.idf_F.fill_(1)
    scores.weight_FC.copy_(torch.tensor([[1.0, 0.0]] * 3))
    return TextHead(PooledHead(8, 2), scores)


def windows(held_out_C: torch.Tensor | None) -> list[Window]:
    return [Window([1], features=TextFeatures(BAG, held_out_C))] * 64


def test_a_fresh_head_says_what_ngrams_say() -> None:
    logits_BC = head().eval()(HIDDEN_BTD, REAL_BT, windows(None))
    torch.testing.assert_close(logits_BC, torch.tensor([[3**0.5, 0.0]]).expand(64, 2))


def test_in_training_a_row_has_the_scores_of_a_fit_without_it_or_none() -> None:
    held_out_C = torch.tensor([-7.0, 7.0])
    trained, made = head().train(), windows(held_out_C)
    torch.manual_seed(0)
    with_scores_B = trained(HIDDEN_BTD, REAL_BT, made).eq(held_out_C).all(1)
    assert 0.4 < with_scores_B.float().mean() < 0.95
    assert trained(HIDDEN_BTD, REAL_BT, made).eq(0).all(1).any()
    trained.eval()
    torch.testing.assert_close(trained(HIDDEN_BTD, REAL_BT, made)[0], torch.tensor([3**0.5, 0.0]))


def test_without_ngrams_there_is_the_pooled_head_alone() -> None:
    alone = TextHead(PooledHead(8, 2), None).eval()
    assert alone(HIDDEN_BTD, REAL_BT, [Window([1])] * 64).shape == (64, 2)
    assert not [name for name in alone.state_dict() if name.startswith("ngrams")]
