"""Windows over token sequences for next-token prediction: each token to score is a target exactly once.

A window's inputs are `ids`; its `target` holds the tokens that follow the last `len(target)` of them. Inputs before those
are history: read, and not scored again. Training uses the same windows, and may learn the history too.

Letters: B windows, T positions, D d_model, N targets.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nlpsuite.tasks.task import Window

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    from nlpsuite.tasks.network import Network
    from nlpsuite.tasks.task import Batch

LEAST_HISTORY = 0.5
"""Share of the context that a continuation too long for one window has as history in each, at the least."""


def language_windows(ids: NDArray[np.int32], context: int, overlap: float, first: int = 1) -> list[Window]:
    """Cut a sequence into windows whose targets are its tokens from `first` on, each of them once.

    A text (`first` = 1) is cut as `suite evaluate` cuts it: windows begin each a stride after the one before; the first
    one predicts a token from every input, each further one only tokens that no window before it did. A continuation
    (`first` > 1) that fits the context with all that is before it is one window. Else its windows have at least half of
    the context as history, and what lies further back is not seen.

    The windows hold views of `ids`, not copies.

    Args:
        ids: int32, from <s> on, and to </s> where the text ends.
        context: The most inputs of a window.
        overlap: Share of the context, 0 to below 1, that the next window reads again as history.
        first: Index of the first token to predict, at least 1 and less than the length of `ids`.

    Raises:
        ValueError: There is no token to predict.
    """
    if not 1 <= first < len(ids):
        raise ValueError(f"no token to predict from {first} on among {len(ids)}")
    last = len(ids) - 1
    if first > 1:
        overlap = max(overlap, LEAST_HISTORY)
    stride = max(1, context - round(context * overlap))
    start = 0 if first == 1 or last <= context else max(0, first - max(1, context - stride))
    spans: list[tuple[int, int, int]] = []
    done = first - 1
    while done < last:
        end = min(last, start + context)
        spans.append((start, end, end - done))
        start, done = start + stride, end
    return [_window(ids, *span, weight=1 / len(spans)) for span in spans]


def _window(ids: NDArray[np.int32], start: int, end: int, scored: int, *, weight: float) -> Window:
    return Window(ids[start:end], ids[end + 1 - scored : end + 1], weight, start)


def predicting_states(network: Network, batch: Batch, *, history: bool = False) -> tuple[Tensor, Tensor]:
    """Return the hidden states that predict the batch's targets, (N, D), and the targets, int64 (N), window by window.

    Args:
        network: Backbone and head.
        batch: Windows of `language_windows`.
        history: Whether the tokens of a window's history are targets too, all but the very first.
    """
    import torch

    length = batch.ids_BT.shape[1]
    targets = [_targets(window, history) for window in batch.windows]
    places = [
        row * length + np.arange(len(window.ids) - len(some), len(window.ids))
        for row, (window, some) in enumerate(zip(batch.windows, targets, strict=True))
    ]
    place_N = torch.from_numpy(np.concatenate(places)).to(network.device)
    target_N = torch.from_numpy(np.concatenate(targets).astype(np.int64)).to(network.device)
    return network.hidden(batch).flatten(0, 1).index_select(0, place_N), target_N


def _targets(window: Window, history: bool) -> NDArray[np.int32]:
    target: NDArray[np.int32] = window.target
    return np.concatenate([window.ids[1:], target[-1:]]) if history and len(target) else target


def language_loss(network: Network, batch: Batch, *, history: bool = False) -> Tensor:
    """Return the mean cross-entropy of the batch's targets in nats, a scalar.

    Args:
        network: Backbone and head.
        batch: Windows of `language_windows`.
        history: Whether history is learned too, where windows overlap: their inputs are computed anyway, and a token is
            then seen from two distances. Not for completions, whose history is the prompt.
    """
    return network.next_token_loss(*predicting_states(network, batch, history=history))


def window_nats(network: Network, batch: Batch) -> list[float]:
    """Return the summed cross-entropy in nats of each window's targets, without gradients; 0 for a window without any."""
    lengths = [len(window.target) for window in batch.windows]
    if not any(lengths):
        return [0.0] * len(lengths)
    losses_N = network.next_token_losses(*predicting_states(network, batch)).double().cpu().numpy()
    return [float(each.sum()) for each in np.split(losses_N, np.cumsum(lengths)[:-1])]
