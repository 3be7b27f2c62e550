"""The head that other tools compute too: one linear layer that says where an answer begins and ends.

Letters in shapes: B windows, T tokens, D width, F features.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from nlpsuite.api import PortableHead


class LinearQaHead(nn.Module):
    """Scores every span of a window's context as its first token begins an answer plus as its last token ends one.

    As other tools do, it scores no answer as the first token of the window begins and ends one.

    Args:
        hidden_size: D of the backbone.
        dropout: The share of states dropped in training.
    """

    def __init__(self, hidden_size: int, dropout: float):
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.ends = nn.Linear(hidden_size, 2)
        nn.init.zeros_(self.ends.weight)
        nn.init.zeros_(self.ends.bias)

    def forward(
        self, hidden_BTD: Tensor, features_BTF: Tensor, question_BT: Tensor, context_BT: Tensor, edges_BT: Tensor
    ) -> Tensor:
        """Return float32 scores (B, T, T) of spans, relative to "no answer"; -inf where there is no such span.

        Args:
            hidden_BTD: Hidden states.
            features_BTF: Not used.
            question_BT: Not used.
            context_BT: Not used.
            edges_BT: bool, the tokens that an answer may begin and end with.
        """
        begin_BT, end_BT = self.ends(self.dropout(hidden_BTD)).float().unbind(-1)
        none_B = begin_BT[:, 0] + end_BT[:, 0]
        # Inputs of a graph that nothing is made of would vanish from it.
        unused_B = 0.0 * (features_BTF.sum((1, 2)) + question_BT.sum(1) + context_BT.sum(1))
        scores_BTT = begin_BT[:, :, None] + end_BT[:, None, :] - (none_B + unused_B)[:, None, None]
        places_T = torch.arange(hidden_BTD.shape[1], device=hidden_BTD.device)
        ordered_TT = places_T[:, None] <= places_T[None, :]
        possible_BTT = ordered_TT & edges_BT[:, :, None] & edges_BT[:, None, :]
        masked: Tensor = scores_BTT.masked_fill(~possible_BTT, -torch.inf)
        return masked

    def portable(self) -> PortableHead:
        """Return the layer."""
        return PortableHead("QuestionAnswering", self.ends.weight.detach(), self.ends.bias.detach())
