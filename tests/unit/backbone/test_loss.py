from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch.utils._python_dispatch import TorchDispatchMode

from nlpsuite.backbone.loss import CPU_CHUNK_LOGITS, chunked_cross_entropy, token_losses


def problem(positions: int = 23, width: int = 6, vocab: int = 11, dtype: torch.dtype = torch.float64):
    generator = torch.Generator().manual_seed(0)
    hidden = torch.randn(positions, width, generator=generator, dtype=dtype).requires_grad_()
    weight = torch.randn(vocab, width, generator=generator, dtype=dtype).requires_grad_()
    return hidden, weight, torch.randint(0, vocab, (positions,), generator=generator)


def exact_loss(hidden, weight, targets, z_loss: float):
    logits = hidden @ weight.T
    return F.cross_entropy(logits, targets) + z_loss * logits.logsumexp(1).square().mean()


@pytest.mark.parametrize("z_loss", [0.0, 1e-4, 0.3])
@pytest.mark.parametrize("chunk_logits", [1, 11, 12, 5 * 11, 23 * 11, 10**9])
def test_value_and_gradients_are_those_of_autograd(chunk_logits, z_loss):
    hidden, weight, targets = problem(dtype=torch.float32)
    loss = chunked_cross_entropy(hidden, weight, targets, z_loss=z_loss, chunk_logits=chunk_logits)
    assert loss.dtype == torch.float32
    # A factor shows that the gradient of what follows is taken along.
    (3.0 * loss).backward()
    exact_hidden, exact_weight, _ = problem()
    with torch.no_grad():
        exact_hidden.copy_(hidden)
        exact_weight.copy_(weight)
    exact = exact_loss(exact_hidden, exact_weight, targets, z_loss)
    (3.0 * exact).backward()
    torch.testing.assert_close(loss.double(), exact, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(hidden.grad.double(), exact_hidden.grad, rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(weight.grad.double(), exact_weight.grad, rtol=1e-4, atol=1e-6)


def test_gradients_by_finite_differences():
    hidden, weight, targets = problem(positions=4)
    loss = chunked_cross_entropy(hidden, weight, targets, z_loss=0.1, chunk_logits=22)
    loss.backward()
    step = 1e-3
    for parameter, at in ((hidden, (2, 3)), (weight, (int(targets[0]), 1))):
        values = []
        for sign in (1, -1):
            with torch.no_grad():
                parameter[at] += sign * step
                values.append(exact_loss(hidden, weight, targets, 0.1))
                parameter[at] -= sign * step
        assert float(parameter.grad[at]) == pytest.approx(float(values[0] - values[1]) / (2 * step), rel=1e-3)


def test_no_position_gives_zero_and_zero_gradients():
    hidden, weight, _ = problem(dtype=torch.float32)
    loss = chunked_cross_entropy(hidden[:0], weight, torch.zeros(0, dtype=torch.long), z_loss=1e-4)
    assert float(loss.detach()) == 0.0
    loss.backward()
    assert not hidden.grad.any()
    assert weight.grad is None or not weight.grad.any()
    assert token_losses(hidden[:0], weight, torch.zeros(0, dtype=torch.long)).shape == (0,)


def test_one_side_frozen():
    for frozen in (0, 1):
        problem_now = problem(dtype=torch.float32)
        problem_now[frozen].requires_grad_(False)
        chunked_cross_entropy(*problem_now, chunk_logits=22).backward()
        exact = problem(dtype=torch.float32)
        exact_loss(*exact, 0.0).backward()
        assert problem_now[frozen].grad is None
        torch.testing.assert_close(problem_now[1 - frozen].grad, exact[1 - frozen].grad, rtol=1e-4, atol=1e-6)


def test_without_gradients_it_is_the_same_value():
    hidden, weight, targets = problem(dtype=torch.float32)
    with torch.no_grad():
        loss = chunked_cross_entropy(hidden, weight, targets, chunk_logits=30)
    assert not loss.requires_grad
    torch.testing.assert_close(loss, exact_loss(hidden, weight, targets, 0.0).detach())


def test_large_logits_stay_finite():
    hidden, weight, targets = problem(dtype=torch.float32)
    loss = chunked_cross_entropy(hidden * 1e4, weight, targets, z_loss=1e-4, chunk_logits=30)
    loss.backward()
    assert bool(loss.isfinite())
    assert bool(hidden.grad.isfinite().all())


def test_under_bf16_autocast_it_is_close_to_float32():
    hidden, weight, targets = problem(positions=64, width=32, vocab=50, dtype=torch.float32)
    exact = exact_loss(hidden, weight, targets, 0.0)
    exact.backward()
    rough_hidden, rough_weight, _ = problem(positions=64, width=32, vocab=50, dtype=torch.float32)
    with torch.autocast("cpu", torch.bfloat16):
        loss = chunked_cross_entropy(rough_hidden, rough_weight, targets, chunk_logits=500)
    loss.backward()
    assert loss.dtype == torch.float32
    assert float(loss.detach()) == pytest.approx(float(exact.detach()), rel=0.01)
    for rough, true in ((rough_hidden.grad, hidden.grad), (rough_weight.grad, weight.grad)):
        assert rough.dtype == torch.float32
        assert float((rough - true).norm() / true.norm()) < 0.02


class LargestTensor(TorchDispatchMode):
    """Notes the size of the largest tensor that any operation makes."""

    def __init__(self) -> None:
        super().__init__()
        self.numel = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        for each in out if isinstance(out, (tuple, list)) else [out]:
            if isinstance(each, torch.Tensor):
                self.numel = max(self.numel, each.numel())
        return out


def test_never_holds_all_logits():
    vocab, positions, width = 40_000, 800, 8
    hidden, weight, targets = problem(positions, width, vocab, torch.float32)
    bound = max(CPU_CHUNK_LOGITS, vocab * width)
    assert positions * vocab > 5 * bound
    with LargestTensor() as plain:
        F.cross_entropy(hidden @ weight.T, targets).backward()
    assert plain.numel == positions * vocab
    with LargestTensor() as chunked:
        chunked_cross_entropy(hidden, weight, targets, z_loss=1e-4).backward()
    assert 0 < chunked.numel <= bound
    with LargestTensor() as scored:
        token_losses(hidden, weight, targets)
    assert 0 < scored.numel <= bound


def test_nothing_of_the_logits_is_kept_for_backward():
    vocab, positions, width = 5000, 100, 4
    hidden, weight, targets = problem(positions, width, vocab, torch.float32)
    saved: list[int] = []

    def note(tensor: torch.Tensor) -> torch.Tensor:
        saved.append(tensor.numel())
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        chunked_cross_entropy(hidden, weight, targets, chunk_logits=50_000)
    assert sorted(saved) == sorted([positions * width, vocab * width])


@pytest.mark.parametrize("chunk_logits", [1, 30, 10**9])
def test_token_losses_are_those_of_each_position(chunk_logits):
    hidden, weight, targets = problem(dtype=torch.float32)
    losses = token_losses(hidden, weight, targets, chunk_logits=chunk_logits)
    assert losses.dtype == torch.float32
    assert not losses.requires_grad
    torch.testing.assert_close(losses, F.cross_entropy(hidden @ weight.T, targets, reduction="none").detach())
