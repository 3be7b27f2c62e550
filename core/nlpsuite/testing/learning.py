"""Checks of training: a sound loss, a gradient for every weight, and enough of both to learn eight rows by heart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from nlpsuite.tasks.batches import collate
from nlpsuite.tasks.network import Network
from nlpsuite.testing.check import Check, DoesNotApply, expect
from nlpsuite.testing.subject import FEW_ROWS, LEARNED, Subject

if TYPE_CHECKING:
    from collections.abc import Iterable

    from torch import nn


def _loss(subject: Subject, *, adapt: bool = False) -> torch.Tensor:
    batch = collate(subject.windows(subject.rows), subject.tokenizer.pad_id)
    network = Network(subject.backbone.train(), subject.head.train(), subject.task.attention)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return (subject.task.adapt_loss if adapt else subject.task.loss)(network, batch)


def _is_sound(loss: torch.Tensor, what: str) -> None:
    expect(loss.ndim == 0, f"{what} has shape {tuple(loss.shape)}; it must be a scalar")
    expect(bool(torch.isfinite(loss)), f"{what} is {float(loss.detach())}")


def _reach(what: str, places: Iterable[tuple[str, nn.Module]]) -> None:
    for place, module in places:
        for name, weight in module.named_parameters():
            if not weight.requires_grad:
                continue
            expect(weight.grad is not None, f"{place}.{name} gets no gradient: {what} does not depend on it")
            assert weight.grad is not None
            expect(bool(torch.isfinite(weight.grad).all()), f"the gradient of {place}.{name} is not finite")
            expect(bool(weight.grad.any()), f"the gradient of {place}.{name} is zero: {what} does not depend on it")


def _loss_is_sound(subject: Subject) -> None:
    _is_sound(_loss(subject.afresh()), "the loss")


def _every_weight_has_a_gradient(subject: Subject) -> None:
    own = subject.afresh()
    _loss(own).backward()  # type: ignore[no-untyped-call]
    _reach("the loss", (("head", own.head), ("backbone", own.backbone)))


def _adapts(subject: Subject) -> None:
    share = subject.task.adapt_share
    if not share:
        raise DoesNotApply("the task has no objective besides its loss")
    expect(0 < share < 1, f"adapt_share is {share}; it must leave a part of the run to the task itself")
    own = subject.afresh()
    loss = _loss(own, adapt=True)
    _is_sound(loss, "adapt_loss")
    loss.backward()  # type: ignore[no-untyped-call]
    _reach("adapt_loss", (("backbone", own.backbone),))


def _learns_by_heart(subject: Subject) -> None:
    learned = subject.learned
    first, left = learned.losses[0], min(learned.losses[-5:])
    rows = subject.rows[:FEW_ROWS]
    what = f"after {len(learned.losses)} steps on {len(rows)} rows"
    expect(left < LEARNED * first, f"{what} the loss is {left:.3f} and began at {first:.3f}")
    before, after = (each.scores(rows)[subject.task.monitor] for each in (subject, learned.subject))
    sign = 1.0 if subject.task.monitor_mode == "max" else -1.0
    # Where the first weights happen to be right already there is nothing to gain.
    gained = sign * after > sign * before or (sign > 0 and after == before == 1.0)
    expect(gained, f"{what} their {subject.task.monitor} is {after:.3f} and began at {before:.3f}")


CHECKS = (
    Check("loss", "the loss is a finite scalar", _loss_is_sound),
    Check("gradients", "every trainable weight gets a finite gradient", _every_weight_has_a_gradient),
    Check("adapts", "so does every weight of the backbone from an objective of the task's own", _adapts),
    Check("by_heart", "eight rows are learned by heart", _learns_by_heart),
)
