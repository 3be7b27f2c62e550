"""Heads that other tools compute too: one linear layer on the hidden states of attention that looks back only.

Hugging Face has classes of that kind for each of its decoders (`Qwen3ForSequenceClassification` and so on), and so have the
servers that read its layout. They score less well than the heads that read both ways; a task offers them as a choice.

Letters in names: B windows, T tokens, D width, C outputs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from torch import Tensor, nn

if TYPE_CHECKING:
    from collections.abc import Sequence

HeadKind = Literal["SequenceClassification", "TokenClassification", "QuestionAnswering"]


@dataclass(frozen=True, slots=True)
class PortableHead:
    """A head as other tools have it.

    Attributes:
        kind: What they call it.
        weight_CD: The layer's weight. Of a sequence, the state of the last token is scored; of tokens, each; for questions, how
            likely an answer begins (0) and ends (1) at each.
        bias_C: Its bias; None for none, as sequences have it.
        labels: The names of outputs; none for questions.
        several: Whether a sequence may have several labels, or none.
    """

    kind: HeadKind
    weight_CD: Tensor
    bias_C: Tensor | None = None
    labels: Sequence[str] = ()
    several: bool = False


class LastTokenHead(nn.Module):
    """Class scores for a whole window from its last token, which under attention that looks back has seen all of it.

    Args:
        hidden_size: D.
        n_classes: C.
        dropout: The share of features dropped in training.
    """

    def __init__(self, hidden_size: int, n_classes: int, dropout: float = 0.1):
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.classify = nn.Linear(hidden_size, n_classes, bias=False)
        nn.init.zeros_(self.classify.weight)

    def forward(self, hidden_BTD: Tensor, real_BT: Tensor) -> Tensor:
        """Return logits, [B, C].

        Args:
            hidden_BTD: Hidden states.
            real_BT: bool, True where a token is real; padding follows.
        """
        last_B11 = (real_BT.sum(1) - 1)[:, None, None]
        last_BD = hidden_BTD.gather(1, last_B11.expand(-1, 1, hidden_BTD.shape[2])).squeeze(1)
        logits_BC: Tensor = self.classify(self.dropout(last_BD))
        return logits_BC
