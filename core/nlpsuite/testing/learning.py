"""Checks of training: a sound loss, a gradient for every weight, and enough of both to learn eight rows by heart."""

from __future__ import annotations

import torch

from nlpsuite.tasks.batches import collate
from nlpsuite.tasks.network import Network
from nlpsuite.testing.check import Check, expect
from nlpsuite.testing.subject import Subject  # noqa: TC001

FEW_ROWS = 8
STEPS, RATE = 80, 5e-3
LEARNED = 0.6
"""Share of the first loss that must be left at the most. What label smoothing adds can never be learned away."""


def _loss(subject: Subject) -> torch.Tensor:
    batch = collate(subject.windows(subject.rows), subject.tokenizer.pad_id)
    subject.head.train()
    return subject.task.loss(Network(subject.backbone.train(), subject.head, subject.task.attention), batch)


def _loss_is_sound(subject: Subject) -> None:
    loss = _loss(subject.afresh()).detach()
    expect(loss.ndim == 0, f"the loss has shape {tuple(loss.shape)}; it must be a scalar")
    expect(bool(torch.isfinite(loss)), f"the loss is {float(loss)}")


def _every_weight_has_a_gradient(subject: Subject) -> None:
    own = subject.afresh()
    _loss(own).backward()  # type: ignore[no-untyped-call]
    for place, module in (("head", own.head), ("backbone", own.backbone)):
        for name, weight in module.named_parameters():
            if not weight.requires_grad:
                continue
            expect(weight.grad is not None, f"{place}.{name} gets no gradient: the loss does not depend on it")
            assert weight.grad is not None
            expect(bool(torch.isfinite(weight.grad).all()), f"the gradient of {place}.{name} is not finite")


def _learns_by_heart(subject: Subject) -> None:
    own = subject.afresh()
    batch = collate(own.windows(own.rows[:FEW_ROWS]), own.tokenizer.pad_id)
    network = Network(own.backbone.train(), own.head.train(), own.task.attention)
    weights = [weight for module in (own.backbone, own.head) for weight in module.parameters() if weight.requires_grad]
    optimizer = torch.optim.AdamW(weights, lr=RATE)
    losses = []
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        for _ in range(STEPS):
            loss = own.task.loss(network, batch)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            losses.append(float(loss.detach()))
    left = min(losses[-5:])
    expect(
        left < LEARNED * losses[0],
        f"after {STEPS} steps on {min(FEW_ROWS, len(own.rows))} rows the loss is {left:.3f} and began at {losses[0]:.3f}",
    )


CHECKS = (
    Check("loss", "the loss is a finite scalar", _loss_is_sound),
    Check("gradients", "every trainable weight gets a finite gradient", _every_weight_has_a_gradient),
    Check("by_heart", "eight rows are learned by heart", _learns_by_heart),
)
