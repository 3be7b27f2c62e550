"""The output layer for a part of the vocabulary: the tokens that a step must predict, and a sample that stands for the others.

Where the vocabulary is large and the network small, most of a step's products are those of the output layer, and most of them
say of a token that is nowhere near that it is nowhere near. The normaliser, the sum of exp(logit) over the vocabulary, is
estimated without bias: tokens that are targets anywhere in the step count once, each sampled one as often as there are tokens
that it stands for. The text's own tokens hold most of the sum, so the estimate varies little.

Source: Jean et al. 2015, "On Using Very Large Target Vocabulary for Neural Machine Translation"; here with the step's own tokens
kept whole and a uniform sample without replacement of the rest.

Letters: N predicted positions, V vocabulary, C candidates, D d_model.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log
from typing import TYPE_CHECKING

import numpy as np
import torch

from nlpsuite.backbone.loss import chunked_cross_entropy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from torch import Tensor


@dataclass(frozen=True, slots=True)
class Candidates:
    """The tokens that an output layer is computed for.

    Attributes:
        ids_C: int64, in order.
        shift_C: float32, what is added to the logit of each: the logarithm of how many tokens it stands for.
    """

    ids_C: Tensor
    shift_C: Tensor


def tokens_among(targets: Sequence[Tensor], vocab_size: int) -> NDArray[np.bool_]:
    """Return which tokens of the vocabulary are a target anywhere, bool (V)."""
    known = np.zeros(vocab_size, dtype=bool)
    for part in targets:
        known[part.cpu().numpy()] = True
    return known


def draw_candidates(
    known_V: NDArray[np.bool_], rate: float, generator: np.random.Generator, device: torch.device
) -> Candidates:
    """Draw the candidates of a step.

    Args:
        known_V: The tokens that are targets anywhere in the step, in any process; all of them are candidates.
        rate: The share of the other tokens to draw.
        generator: The only source of chance.
        device: Where the network is.
    """
    others = np.flatnonzero(~known_V)
    number = min(len(others), max(1, round(rate * len(others))))
    stands_for = np.zeros(len(known_V), dtype=np.float32)
    chosen_V = known_V.copy()
    if number:
        drawn = generator.choice(others, number, replace=False)
        stands_for[drawn] = log(len(others) / number)
        chosen_V[drawn] = True
    ids = np.flatnonzero(chosen_V)
    return Candidates(torch.from_numpy(ids).to(device), torch.from_numpy(stands_for[ids]).to(device))


def sampled_cross_entropy(
    hidden_ND: Tensor, weight_VD: Tensor, targets_N: Tensor, candidates: Candidates, *, z_loss: float = 0.0
) -> Tensor:
    """Return an estimate of the mean cross-entropy in nats, a float32 scalar; arguments as of `chunked_cross_entropy`."""
    weight_CD = weight_VD.index_select(0, candidates.ids_C)
    places_N = torch.searchsorted(candidates.ids_C, targets_N)
    return chunked_cross_entropy(hidden_ND, weight_CD, places_N, z_loss=z_loss, shift_V=candidates.shift_C)
