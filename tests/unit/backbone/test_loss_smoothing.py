from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from nlpsuite.backbone.loss import chunked_cross_entropy


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.9])
@pytest.mark.parametrize("chunk_logits", [11, 4 * 11, 10**9])
def test_value_and_gradients_are_those_of_torch(smoothing, chunk_logits):
    generator = torch.Generator().manual_seed(0)
    hidden = torch.randn(13, 6, generator=generator, dtype=torch.float64)
    weight = torch.randn(11, 6, generator=generator, dtype=torch.float64)
    targets = torch.randint(0, 11, (13,), generator=generator)
    gradients, losses = [], []
    for mine in (True, False):
        h, w = hidden.float().requires_grad_(), weight.float().requires_grad_()
        if mine:
            loss = chunked_cross_entropy(h, w, targets, smoothing=smoothing, chunk_logits=chunk_logits)
        else:
            loss = F.cross_entropy(h @ w.T, targets, label_smoothing=smoothing)
        (2.0 * loss).backward()
        losses.append(loss.detach())
        gradients.append((h.grad, w.grad))
    torch.testing.assert_close(losses[0], losses[1], rtol=1e-5, atol=1e-6)
    for one, other in zip(*gradients, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-6)
