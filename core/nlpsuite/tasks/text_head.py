"""The head of text classification: scores from the pooled hidden states, and from n-grams beside them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nlpsuite.tasks.heads import PooledHead
    from nlpsuite.tasks.ngram_scores import NgramScores
    from nlpsuite.tasks.ngrams import NgramBag
    from nlpsuite.tasks.portable import LastTokenHead
    from nlpsuite.tasks.task import Window

NGRAM_DROPOUT = 0.3
"""Share of training windows that have no scores from n-grams, so that the backbone learns to do without."""


@dataclass(frozen=True, slots=True)
class TextFeatures:
    """What the head is told of a window beside its hidden states.

    Attributes:
        bag: The n-grams of the whole row.
        held_out_C: For a training row, the scores by a model that has not seen it; else None.
    """

    bag: NgramBag
    held_out_C: Tensor | None = None


class TextHead(nn.Module):
    """Class scores: those of the pooled hidden states plus, where there are any, those of n-grams.

    The last layer of the pooled part begins at zero, so training starts from what n-grams alone can tell.

    B windows, T tokens, D width, C classes.

    Args:
        pooled: Scores hidden states, from them and which tokens are real.
        ngrams: Scores n-grams; None where the head has none.
    """

    def __init__(self, pooled: PooledHead | LastTokenHead, ngrams: NgramScores | None):
        super().__init__()
        self.pooled, self.ngrams = pooled, ngrams

    def forward(self, hidden_BTD: Tensor, real_BT: Tensor, windows: Sequence[Window]) -> Tensor:
        """Return logits, float32 [B, C]: the sum of both parts.

        Args:
            hidden_BTD: Hidden states.
            real_BT: bool, True where a token is real; at least one in each row.
            windows: The windows, with `TextFeatures` where there are n-grams.
        """
        pooled_BC, ngrams_BC = self.parts(hidden_BTD, real_BT, windows)
        return pooled_BC + ngrams_BC

    def parts(self, hidden_BTD: Tensor, real_BT: Tensor, windows: Sequence[Window]) -> tuple[Tensor, Tensor]:
        """Return the logits of the hidden states and those of n-grams, each float32 [B, C]; the latter may be all zero.

        Args:
            hidden_BTD: Hidden states.
            real_BT: bool, True where a token is real; at least one in each row.
            windows: The windows, with `TextFeatures` where there are n-grams.
        """
        pooled_BC: Tensor = self.pooled(hidden_BTD, real_BT).float()
        if self.ngrams is None:
            return pooled_BC, torch.zeros_like(pooled_BC)
        features = [window.features for window in windows]
        if not self.training or any(each.held_out_C is None for each in features):
            return pooled_BC, self.ngrams([each.bag for each in features])
        held_out_BC = torch.stack([each.held_out_C for each in features]).to(pooled_BC.device)
        kept_B1 = torch.rand(len(features), 1, device=pooled_BC.device) >= NGRAM_DROPOUT
        return pooled_BC, held_out_BC * kept_B1
