"""Chance in training: dropout and hidden tokens, each step's a pure function of the seed and the step's number."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
import torch

from nlpsuite.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import Tensor

    from nlpsuite.text.tokenizer import Tokenizer


@contextmanager
def seeded(seed: int, number: int, device: torch.device) -> Iterator[None]:
    """Let torch's chance be decided by (seed, number) while the context lasts; outside, it is as it was."""
    state = np.random.SeedSequence((seed, number)).generate_state(1, np.uint64)[0]
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(int(state) % (1 << 63))
        yield


class TokenDropout:
    """Hides a share of the ordinary tokens behind the mask token, so that no single word is leant on too much.

    Args:
        share: Of tokens, 0 to 1.
        tokenizer: For the special ids; one without a mask token hides nothing.
    """

    def __init__(self, share: float, tokenizer: Tokenizer):
        special = {name: _known(tokenizer, name) for name in ("bos_id", "eos_id", "pad_id", "sep_id", "mask_id")}
        self._mask_id = special["mask_id"]
        self._share = 0.0 if self._mask_id is None else share
        self._special = torch.tensor([index for index in special.values() if index is not None])

    def __call__(self, ids_BT: Tensor) -> Tensor:
        """Return the ids with some of them hidden."""
        if not self._share or self._mask_id is None:
            return ids_BT
        drawn_BT = torch.rand(ids_BT.shape, device=ids_BT.device) < self._share
        ordinary_BT = ~torch.isin(ids_BT, self._special.to(ids_BT.device))
        return ids_BT.masked_fill(drawn_BT & ordinary_BT, self._mask_id)


def _known(tokenizer: Tokenizer, name: str) -> int | None:
    try:
        index: int = getattr(tokenizer, name)
    except UserError:
        return None
    return index
