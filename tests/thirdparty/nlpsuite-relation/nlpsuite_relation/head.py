"""The head: scores of relations from what the backbone says of subject, object, and the sentence between them.

B windows, T tokens, D width, C relations.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn

if TYPE_CHECKING:
    from torch import Tensor

SUBJECT, OBJECT = 1, 2
"""What the tokens of a window are marked with."""


class RelationHead(nn.Module):
    """Scores relations.

    Args:
        hidden_size: D.
        n_relations: C.
        dropout: The share of features dropped in training.
    """

    def __init__(self, hidden_size: int, n_relations: int, dropout: float):
        super().__init__()
        self.dense = nn.Linear(3 * hidden_size, hidden_size)
        self.dropout = nn.Dropout(dropout)
        self.classify = nn.Linear(hidden_size, n_relations)
        nn.init.zeros_(self.classify.weight)
        nn.init.zeros_(self.classify.bias)

    def forward(self, hidden_BTD: Tensor, marks_BT: Tensor, real_BT: Tensor) -> Tensor:
        """Return logits (B, C).

        Args:
            hidden_BTD: Hidden states.
            marks_BT: int64, `SUBJECT`, `OBJECT` or 0.
            real_BT: bool, the tokens that are no padding.
        """
        peak_BD = hidden_BTD.masked_fill(~real_BT.unsqueeze(-1), -torch.inf).amax(1)
        parts = [_mean(hidden_BTD, marks_BT == mark) for mark in (SUBJECT, OBJECT)]
        features_BD = nn.functional.gelu(self.dense(self.dropout(torch.cat([*parts, peak_BD], dim=1))))
        logits: Tensor = self.classify(self.dropout(features_BD))
        return logits


def _mean(hidden_BTD: Tensor, chosen_BT: Tensor) -> Tensor:
    """Return the mean state of the chosen tokens of each window; zero where there is none."""
    share_BT1 = chosen_BT.unsqueeze(-1).to(hidden_BTD.dtype)
    return (hidden_BTD * share_BT1).sum(1) / share_BT1.sum(1).clamp(min=1)
