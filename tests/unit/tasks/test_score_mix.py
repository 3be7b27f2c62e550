from __future__ import annotations

import pytest
import torch

from nlpsuite.tasks.score_mix import fit_mix, logits_of


def sample(several: bool, rows: int = 2000) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return true logits, noise of the same size, and labels drawn by the true logits."""
    generator = torch.Generator().manual_seed(0)
    logits_RC, noise_RC = torch.randn(2, rows, 3, generator=generator) * 2
    if several:
        return logits_RC, noise_RC, (torch.rand(rows, 3, generator=generator) < logits_RC.sigmoid()).float()
    drawn = torch.multinomial(logits_RC.softmax(1), 1, generator=generator)[:, 0]
    return logits_RC, noise_RC, torch.nn.functional.one_hot(drawn, 3).float()


@pytest.mark.parametrize("several", [False, True])
def test_the_factors_that_made_the_labels_are_found(several: bool) -> None:
    logits_RC, noise_RC, target_RC = sample(several)
    pooled, ngrams = fit_mix(logits_RC / 2, noise_RC, target_RC, several=several)
    assert pooled == pytest.approx(2, abs=0.25)
    assert 0 < ngrams < 0.15
    pooled, ngrams = fit_mix(logits_RC / 2, logits_RC / 2 + noise_RC / 100, target_RC, several=several)
    assert pooled + ngrams == pytest.approx(2, abs=0.2)


def test_few_rows_change_little() -> None:
    logits_RC, noise_RC, target_RC = sample(False, 3)
    assert all(0.3 < factor < 1.7 for factor in fit_mix(logits_RC, noise_RC, target_RC, several=False))
    assert all(factor > 0 for factor in fit_mix(-9 * target_RC, 9 * target_RC, target_RC, several=False))
    assert fit_mix(logits_RC[:0], noise_RC[:0], target_RC[:0], several=False) == (1.0, 1.0)


@pytest.mark.parametrize("several", [False, True])
def test_probabilities_give_their_logits_back(several: bool) -> None:
    logits_RC, _, _ = sample(several, 20)
    p_RC = logits_RC.double().sigmoid() if several else logits_RC.double().softmax(1)
    again = logits_of(p_RC.tolist(), several=several)
    difference = again - logits_RC
    assert (difference - (0 if several else difference.mean(1, keepdim=True))).abs().max() < 1e-9
    assert logits_of([[0.0, 1.0]], several=several).isfinite().all()
