"""The loss of what a model is to write after a prompt: tokens after a window's prefix, each predicted from those before.

Letters in names: B windows, T tokens, N positions whose next token counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch import Tensor

    from nlpsuite.tasks.network import Network
    from nlpsuite.tasks.task import Batch


def target_positions(batch: Batch) -> tuple[Tensor, Tensor]:
    """Return where the tokens after each window's prefix are predicted: row and column of the position before each.

    Args:
        batch: Windows whose `prefix` is the length of the prompt, at least 1. A window that is no longer than its prefix
            has no targets.

    Returns:
        int64 rows (N) and columns (N), window by window; the target of (row, column) is token `column + 1`.
    """
    lengths = [(window.prefix, len(window.ids)) for window in batch.windows]
    rows = [row for row, (prefix, length) in enumerate(lengths) for _ in range(prefix, length)]
    columns = [column for prefix, length in lengths for column in range(prefix - 1, length - 1)]
    place = batch.ids_BT.device
    return torch.tensor(rows, dtype=torch.int64, device=place), torch.tensor(columns, dtype=torch.int64, device=place)


def target_loss(network: Network, batch: Batch, *, smoothing: float = 0.0) -> Tensor:
    """Return the mean cross-entropy in nats of the tokens after the prefixes, with gradients; zero where there are none.

    Args:
        network: Backbone and head.
        batch: As in `target_positions`.
        smoothing: Share of the truth that is spread evenly over the vocabulary.
    """
    rows_N, columns_N = target_positions(batch)
    hidden_ND = network.hidden(batch)[rows_N, columns_N]
    return network.next_token_loss(hidden_ND, batch.ids_BT[rows_N, columns_N + 1], smoothing=smoothing)


def target_nats(network: Network, batch: Batch) -> list[float]:
    """Return, for each window, the sum of the cross-entropies in nats of the tokens after its prefix."""
    rows_N, columns_N = target_positions(batch)
    hidden_ND = network.hidden(batch)[rows_N, columns_N]
    losses_N = network.next_token_losses(hidden_ND, batch.ids_BT[rows_N, columns_N + 1])
    sums_B = torch.zeros(len(batch.windows), dtype=torch.float64, device=losses_N.device)
    return [float(nats) for nats in sums_B.index_add(0, rows_N, losses_N.double()).tolist()]
