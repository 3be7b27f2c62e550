"""The head: a score for every span of a window's tokens, and for none.

B windows, T tokens, D width.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import nn

from nlpsuite.api import SpanScorer

if TYPE_CHECKING:
    from torch import Tensor


class SketchHead(nn.Module):
    """Scores spans of the text beside "it is not here".

    Args:
        hidden_size: D.
        dropout: The share of states dropped in training.
    """

    def __init__(self, hidden_size: int, dropout: float):
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.dense = nn.Linear(hidden_size, hidden_size)
        self.scorer = SpanScorer(hidden_size)

    def forward(self, hidden_BTD: Tensor, allowed_BT: Tensor) -> Tensor:
        """Return scores of the spans from row to column, (B, T, T).

        Args:
            hidden_BTD: Hidden states.
            allowed_BT: bool, the tokens that an answer may begin and end with.
        """
        states_BTD = nn.functional.gelu(self.dense(self.dropout(hidden_BTD)))
        scores: Tensor = self.scorer(states_BTD, states_BTD[:, 0], allowed_BT)
        return scores
