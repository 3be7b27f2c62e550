from __future__ import annotations

import torch

from nlpsuite.tasks.heads import PooledHead


def trained_head() -> PooledHead:
    torch.manual_seed(0)
    head = PooledHead(16, 3, dropout=0.5).eval()
    for parameter in head.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return head


def test_padding_changes_nothing_whatever_it_holds() -> None:
    head = trained_head()
    hidden_BTD = torch.randn(2, 5, 16)
    real_BT = torch.ones(2, 5, dtype=torch.bool)
    junk_BTD = torch.full((2, 4, 16), torch.nan)
    padded_BTD = torch.cat((hidden_BTD, junk_BTD), 1)
    padded_real_BT = torch.cat((real_BT, torch.zeros(2, 4, dtype=torch.bool)), 1)
    torch.testing.assert_close(head(padded_BTD, padded_real_BT), head(hidden_BTD, real_BT))


def test_rows_do_not_see_one_another() -> None:
    head = trained_head()
    hidden_BTD, real_BT = torch.randn(3, 5, 16), torch.tensor([[1] * 5, [1, 1, 0, 0, 0], [1, 0, 0, 0, 0]]).bool()
    alone = [
        head(hidden_BTD[row : row + 1, : real_BT[row].sum()], real_BT[row : row + 1, : real_BT[row].sum()])
        for row in range(3)
    ]
    torch.testing.assert_close(head(hidden_BTD, real_BT), torch.cat(alone))


def test_every_token_and_every_parameter_counts() -> None:
    head = trained_head()
    hidden_BTD = torch.randn(1, 6, 16, requires_grad=True)
    head(hidden_BTD, torch.ones(1, 6, dtype=torch.bool)).square().sum().backward()
    assert hidden_BTD.grad is not None
    assert (hidden_BTD.grad.abs().sum(-1) > 0).all()
    assert all(parameter.grad is not None and parameter.grad.abs().sum() > 0 for parameter in head.parameters())


def test_a_fresh_head_gives_equal_scores() -> None:
    logits_BC = PooledHead(16, 3)(torch.randn(2, 5, 16), torch.ones(2, 5, dtype=torch.bool))
    assert logits_BC.shape == (2, 3)
    assert not logits_BC.any()


def test_bfloat16_hidden_states_are_taken() -> None:
    head = trained_head().bfloat16()
    assert head(torch.randn(2, 5, 16).bfloat16(), torch.ones(2, 5, dtype=torch.bool)).isfinite().all()
