"""Heads that several tasks share."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class PooledHead(nn.Module):
    """Class scores for a whole window, from two views of its tokens.

    A learned attention gathers what matters anywhere in the window (it begins as the plain mean); the maximum over
    tokens keeps a feature that one word alone carries. Both go through one hidden layer. The last layer begins at zero,
    so that training starts from equal probabilities and the first steps do not shake the pretrained backbone.

    B windows, T tokens, D width, C classes.

    Args:
        hidden_size: D.
        n_classes: C.
        dropout: The share of features dropped in training, before each layer.
    """

    def __init__(self, hidden_size: int, n_classes: int, dropout: float = 0.1):
        super().__init__()
        self.attend = nn.Linear(hidden_size, 1, bias=False)
        self.dense = nn.Linear(2 * hidden_size, hidden_size)
        self.dropout = nn.Dropout(dropout)
        self.classify = nn.Linear(hidden_size, n_classes)
        nn.init.zeros_(self.attend.weight)
        nn.init.xavier_uniform_(self.dense.weight)
        nn.init.zeros_(self.dense.bias)
        nn.init.zeros_(self.classify.weight)
        nn.init.zeros_(self.classify.bias)

    def forward(self, hidden_BTD: Tensor, real_BT: Tensor) -> Tensor:
        """Return logits, [B, C].

        Args:
            hidden_BTD: Hidden states.
            real_BT: bool, True where a token is real; at least one in each row.
        """
        share_BT1 = self.attend(hidden_BTD).float().masked_fill(~real_BT.unsqueeze(-1), -torch.inf).softmax(1)
        gathered_BD = (share_BT1.to(hidden_BTD.dtype) * hidden_BTD).masked_fill(~real_BT.unsqueeze(-1), 0).sum(1)
        peak_BD = hidden_BTD.masked_fill(~real_BT.unsqueeze(-1), -torch.inf).amax(1)
        pooled_B2D = torch.cat((gathered_BD, peak_BD), dim=-1)
        features_BD = nn.functional.gelu(self.dense(self.dropout(pooled_B2D)))
        logits_BC: Tensor = self.classify(self.dropout(features_BD))
        return logits_BC
