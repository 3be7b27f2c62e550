"""Masked tokens as an objective of a task's own: what continues pretraining on the user's rows, without labels.

Hidden state t - 1 predicts token t, as in the backbone's pretraining (`backbone/objectives.py`), so the output layer fits.

Letters: B windows, T positions, N masked tokens.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import torch

from nlpsuite.tasks.continuations import row_seed

if TYPE_CHECKING:
    from torch import Tensor

    from nlpsuite.tasks.network import Network
    from nlpsuite.tasks.task import Batch


def random_tokens(batch: Batch, share: float) -> Tensor:
    """Choose real tokens by chance, but none at the ends of a window; bool (B, T).

    Chance is torch's own, which the host seeds for each training step, so a resumed run chooses as the whole one would.
    """
    chance_BT = torch.rand(batch.ids_BT.shape, device=batch.ids_BT.device)
    return (chance_BT < share) & inner_tokens(batch)


def fixed_tokens(batch: Batch, share: float, seed: int) -> Tensor:
    """Choose real tokens, in each window the same whatever is beside it; bool (B, T). At least one where there is any."""
    chosen_BT = torch.zeros(batch.ids_BT.shape, dtype=torch.bool)
    for row, window in enumerate(batch.windows):
        inner = len(window.ids) - 2
        if inner < 1:
            continue
        ids = np.asarray(window.ids, np.int32)
        order = np.random.default_rng(row_seed(seed, ids.tobytes())).permutation(inner) + 1
        chosen_BT[row, torch.from_numpy(order[: max(1, round(share * inner))])] = True
    return chosen_BT.to(batch.ids_BT.device)


def inner_tokens(batch: Batch) -> Tensor:
    """Return which tokens are real and not the first or last of their window; bool (B, T)."""
    inner_BT = batch.real_BT.clone()
    inner_BT[:, 0] = False
    length_B = batch.real_BT.sum(1)
    rows_B = torch.arange(len(length_B), device=length_B.device)
    inner_BT[rows_B, length_B - 1] = False
    return inner_BT


def masked_loss(network: Network, batch: Batch, chosen_BT: Tensor, mask_id: int) -> Tensor:
    """Return the mean cross-entropy in nats of chosen tokens, each masked and predicted from the rest of its window; a scalar.

    Args:
        network: Backbone and head; the task attends both ways.
        batch: The windows.
        chosen_BT: bool, the tokens to mask; never the first of a window.
        mask_id: The tokenizer's `mask_id`.
    """
    states_ND, targets_N, _ = _predicting(network, batch, chosen_BT, mask_id)
    return network.next_token_loss(states_ND, targets_N)


def masked_nats(network: Network, batch: Batch, chosen_BT: Tensor, mask_id: int) -> list[tuple[float, int]]:
    """Return for each window the summed cross-entropy in nats of its chosen tokens, and their number; without gradients."""
    states_ND, targets_N, rows_N = _predicting(network, batch, chosen_BT, mask_id)
    losses_N = network.next_token_losses(states_ND, targets_N).double()
    sums_B = torch.zeros(len(batch.windows), dtype=torch.float64, device=losses_N.device).index_add(0, rows_N, losses_N)
    return list(zip(sums_B.tolist(), chosen_BT.sum(1).tolist(), strict=True))


def _predicting(network: Network, batch: Batch, chosen_BT: Tensor, mask_id: int) -> tuple[Tensor, Tensor, Tensor]:
    rows_N, places_N = chosen_BT.nonzero(as_tuple=True)
    masked = replace(batch, ids_BT=batch.ids_BT.masked_fill(chosen_BT, mask_id))
    states_ND = network.hidden(masked)[rows_N, places_N - 1]
    return states_ND, batch.ids_BT[rows_N, places_N], rows_N
