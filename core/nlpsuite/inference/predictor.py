"""Rows in, predictions out: in input order, one for each row, in bounded memory however many rows there are."""

from __future__ import annotations

from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any

import torch

from nlpsuite.tasks.batches import collate, cut, move
from nlpsuite.tasks.network import Network

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from torch import nn

    from nlpsuite.backbone.model import Backbone
    from nlpsuite.tasks.task import Batch, Row, Task, Window

BATCH_TOKENS = 4096
POOL_ROWS = 1024
"""Rows held at once: enough that windows of one length meet, few enough that the first predictions come soon."""


def predict_rows(
    task: Task,
    head: nn.Module,
    backbone: Backbone,
    rows: Iterable[Row],
    pad_id: int,
    *,
    batch_tokens: int = BATCH_TOKENS,
    pool: int = POOL_ROWS,
    brief: bool = False,
) -> Iterator[tuple[Row, dict[str, Any]]]:
    """Yield each row with its prediction, in the order of the rows.

    A prediction depends on its row alone, not on the rows beside it. Backbone and head are put in eval mode while
    predictions are made, and back in their own mode after each batch.

    Args:
        task: Fitted or restored.
        head: Its head, on the backbone's device.
        backbone: The backbone.
        rows: Rows, as they stream in.
        pad_id: The tokenizer's padding.
        batch_tokens: Tokens computed at once.
        pool: Rows held at once.
        brief: Whether the task may leave out what is costly, as `Network` says.
    """
    network = Network(backbone, head, task.attention, brief=brief)

    def compute(batch: Batch) -> Sequence[Any]:
        with evaluating(head, backbone), torch.no_grad():
            return task.outputs(network, move(batch, network.device))

    return predict_by(compute, task, rows, pad_id, batch_tokens=batch_tokens, pool=pool)


def predict_by(
    compute: Callable[[Batch], Sequence[Any]],
    task: Task,
    rows: Iterable[Row],
    pad_id: int,
    *,
    batch_tokens: int = BATCH_TOKENS,
    pool: int = POOL_ROWS,
) -> Iterator[tuple[Row, dict[str, Any]]]:
    """Yield each row with its prediction, in the order of the rows, whatever computes the outputs of its windows.

    Args:
        compute: Returns what `Task.outputs` does for a batch.
        task: Fitted or restored.
        rows: Rows, as they stream in.
        pad_id: The tokenizer's padding.
        batch_tokens: Tokens computed at once.
        pool: Rows held at once.
    """
    stream = iter(rows)
    while held := list(islice(stream, pool)):
        windows = [task.encode(row) for row in held]
        flat = [window for of_row in windows for window in of_row]
        outputs = _outputs(compute, flat, pad_id, batch_tokens)
        place = 0
        for row, of_row in zip(held, windows, strict=True):
            yield row, task.decode(row, of_row, outputs[place : place + len(of_row)])
            place += len(of_row)


def _outputs(
    compute: Callable[[Batch], Sequence[Any]], windows: Sequence[Window], pad_id: int, batch_tokens: int
) -> list[Any]:
    lengths = [len(window.ids) for window in windows]
    order = sorted(range(len(windows)), key=lengths.__getitem__)
    by_place: dict[int, Any] = {}
    for indices in cut(order, lengths, batch_tokens):
        batch = collate([windows[index] for index in indices], pad_id)
        by_place.update(zip(indices, compute(batch), strict=True))
    return [by_place[place] for place in range(len(windows))]


@contextmanager
def evaluating(*modules: nn.Module) -> Iterator[None]:
    """Put modules in eval mode for as long as the context lasts, then each of their parts back in its own mode."""
    modes = [(part, part.training) for module in modules for part in module.modules()]
    for module in modules:
        module.eval()
    try:
        yield
    finally:
        for part, mode in modes:
            part.training = mode
