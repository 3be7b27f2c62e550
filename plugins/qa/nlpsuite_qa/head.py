"""The head: backbone states, overlap features and the question, mixed along the text, then scores of spans.

Letters in shapes: B windows, T tokens, D width of the backbone, H width of the head, F features.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from nlpsuite.api import SpanScorer


class QaHead(nn.Module):
    """Scores every span of a window's context, relative to "no answer here".

    Each token of the context is given what the backbone says of it, its features, and the question as a whole. Recurrent layers
    then read the window in both directions, so that each token knows what is matched around it.

    Args:
        hidden_size: D.
        n_features: F.
        width: H.
        layers: How many recurrent layers.
        dropout: The share of states dropped in training.
    """

    def __init__(self, hidden_size: int, n_features: int, width: int, layers: int, dropout: float):
        super().__init__()
        self.token = nn.Linear(hidden_size, width)
        self.features = nn.Linear(n_features, width)
        self.attend = nn.Linear(hidden_size, 1, bias=False)
        self.question = nn.Linear(2 * hidden_size, width)
        self.gate = nn.Linear(2 * hidden_size, width)
        self.readers = nn.ModuleList(Reader(width, dropout) for _ in range(layers))
        self.norm = nn.LayerNorm(width)
        self.dropout = nn.Dropout(dropout)
        self.scorer = SpanScorer(width)
        nn.init.zeros_(self.attend.weight)

    def forward(
        self,
        hidden_BTD: Tensor,
        features_BTF: Tensor,
        question_BT: Tensor,
        context_BT: Tensor,
        edges_BT: Tensor,
    ) -> Tensor:
        """Return float32 scores (B, T, T), as `SpanScorer` gives them.

        Args:
            hidden_BTD: Hidden states.
            features_BTF: Features from 0 to 1; zero outside the context.
            question_BT: bool, the question's tokens, and `<s>`.
            context_BT: bool, the context's tokens.
            edges_BT: bool, those of them that an answer may begin and end with.
        """
        hidden_BTD = self.dropout(hidden_BTD)
        asked_B2D = self._pool(hidden_BTD, question_BT)
        states_BTH = self.token(hidden_BTD)
        states_BTH = states_BTH * (1 + self.gate(asked_B2D).tanh().unsqueeze(1)) + self.question(asked_B2D).unsqueeze(1)
        states_BTH = states_BTH + self.features(features_BTF.to(states_BTH.dtype))
        keep_BT1 = context_BT.unsqueeze(-1)
        states_BTH = nn.functional.gelu(states_BTH) * keep_BT1
        turned_BT = turned_places(context_BT)
        for reader in self.readers:
            states_BTH = reader(states_BTH, turned_BT) * keep_BT1
        states_BTH = self.dropout(self.norm(states_BTH))
        best_BH = states_BTH.masked_fill(~keep_BT1, 0).amax(1)
        scores: Tensor = self.scorer(states_BTH, best_BH, edges_BT)
        return scores

    def _pool(self, hidden_BTD: Tensor, question_BT: Tensor) -> Tensor:
        """Return `<s>` beside a learned mean of the question, (B, 2D)."""
        share_BT1 = self.attend(hidden_BTD).float().masked_fill(~question_BT.unsqueeze(-1), -torch.inf).softmax(1)
        mean_BD = (share_BT1.to(hidden_BTD.dtype) * hidden_BTD).sum(1)
        return torch.cat((hidden_BTD[:, 0], mean_BD), dim=-1)


class Reader(nn.Module):
    """A long short-term memory that reads forwards and one that reads backwards, added to what came in.

    Both begin at the window's own ends, so that padding after it changes nothing.

    Args:
        width: H.
        dropout: The share of its output dropped in training.
    """

    def __init__(self, width: int, dropout: float):
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.forwards = nn.LSTM(width, width, batch_first=True)
        self.backwards = nn.LSTM(width, width, batch_first=True)
        self.out = nn.Linear(2 * width, width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, states_BTH: Tensor, turned_BT: Tensor) -> Tensor:
        """Return the states with what is around them read in.

        Args:
            states_BTH: States.
            turned_BT: int64, for each place the one that it has when the window, without padding, is read backwards.
        """
        normal_BTH = self.norm(states_BTH)
        turned_BTH = turned_BT.unsqueeze(-1).expand_as(normal_BTH)
        after_BTH = self.forwards(normal_BTH)[0]
        before_BTH = self.backwards(normal_BTH.gather(1, turned_BTH))[0].gather(1, turned_BTH)
        read_BTH: Tensor = states_BTH + self.dropout(self.out(torch.cat((after_BTH, before_BTH), dim=-1)))
        return read_BTH


def turned_places(context_BT: Tensor) -> Tensor:
    """Return for each place the one that it has when its window is read backwards; padding stays where it is.

    Args:
        context_BT: bool, the context's tokens: the last of them is the last token of a window but one.
    """
    places_T = torch.arange(context_BT.shape[1], device=context_BT.device)
    last_B1 = (places_T * context_BT).amax(1, keepdim=True)
    return torch.where(places_T <= last_B1, last_B1 - places_T, places_T)
