"""The head that other tools compute too: one linear layer that says where an answer begins and ends.

Letters in shapes: B windows, T tokens, D width, F features.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import torch
from torch import Tensor, nn

from nlpsuite.api import PortableHead, TaskGraph, best_spans
from nlpsuite_qa.windows import head_inputs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from nlpsuite.api import Batch


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
        return span_scores(begin_BT, end_BT, edges_BT)

    def portable(self) -> PortableHead:
        """Return the layer."""
        return PortableHead("QuestionAnswering", self.ends.weight.detach(), self.ends.bias.detach())


class EndsGraph(TaskGraph):
    """How likely an answer begins and ends at each token, for the head that is one layer.

    Args:
        head: The head, in eval mode.
        longest: The most tokens of an answer.
    """

    outputs: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "start_logits": ("batch", "tokens"),
        "end_logits": ("batch", "tokens"),
    }

    def __init__(self, head: LinearQaHead, longest: int):
        super().__init__()
        self.head, self._longest = head, longest

    def forward(self, hidden_BTD: Tensor, real_BT: Tensor, *inputs: Tensor) -> tuple[Tensor, ...]:
        """Return both, float32 (B, T)."""
        begin_BT, end_BT = self.head.ends(hidden_BTD).float().unbind(-1)
        return begin_BT, end_BT

    def read(self, found: Mapping[str, Tensor], batch: Batch) -> Sequence[Any]:
        """Return the best spans of each window, and the sum over all."""
        edges_BT = head_inputs(batch).edges_BT
        return best_spans(span_scores(found["start_logits"], found["end_logits"], edges_BT), longest=self._longest)

    def facts(self) -> dict[str, Any]:
        """Return the most tokens of an answer."""
        return {"longest_answer": self._longest}


def span_scores(begin_BT: Tensor, end_BT: Tensor, edges_BT: Tensor) -> Tensor:
    """Return scores (B, T, T) of spans from row to column, relative to "no answer"; -inf where there is no such span.

    Args:
        begin_BT: How likely an answer begins at each token.
        end_BT: How likely it ends there.
        edges_BT: bool, the tokens that an answer may begin and end with.
    """
    none_B = begin_BT[:, 0] + end_BT[:, 0]
    scores_BTT = begin_BT[:, :, None] + end_BT[:, None, :] - none_B[:, None, None]
    places_T = torch.arange(begin_BT.shape[1], device=begin_BT.device)
    ordered_TT = places_T[:, None] <= places_T[None, :]
    possible_BTT = ordered_TT & edges_BT[:, :, None] & edges_BT[:, None, :]
    masked: Tensor = scores_BTT.masked_fill(~possible_BTT, -torch.inf)
    return masked
