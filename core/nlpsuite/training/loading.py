"""The loader of training: what a data set makes of numbers 0, 1, 2 ..., as it is, in order, by other processes or by this one."""

from __future__ import annotations

import signal
from typing import TypeVar

import torch
from torch.utils.data import DataLoader, Dataset

from nlpsuite.files import let_go
from nlpsuite.training.signals import CAUGHT

T = TypeVar("T")
GPU_WORKERS = 2
"""Processes that make batches while a GPU computes. A processor that trains has nothing to spare for them."""


def in_order(items: Dataset[T], workers: int | None, device: torch.device) -> DataLoader[T]:
    """Return a loader.

    Args:
        items: Numbered; an item is a pure function of its number, so it is the same whoever makes it.
        workers: Processes that make items ahead; None: as suits the device.
        device: Where training runs.
    """
    if workers is None:
        workers = GPU_WORKERS if device.type == "cuda" else 0
    # A generator of its own, or the loader would draw from the process's chance.
    return DataLoader(
        items,
        batch_size=None,
        shuffle=False,
        num_workers=workers,
        generator=torch.Generator(),
        pin_memory=device.type == "cuda",
        worker_init_fn=_leave_signals_to_the_run if workers else None,
    )


def _leave_signals_to_the_run(worker: int) -> None:
    """Let a signal to all processes of a terminal or a job stop the run at the end of a step, and not its workers before.

    Args:
        worker: Its number.
    """
    for number in CAUGHT:
        signal.signal(number, signal.SIG_IGN)
    # A worker outlives a run that was killed by seconds, in which nobody could go on with it.
    let_go()
