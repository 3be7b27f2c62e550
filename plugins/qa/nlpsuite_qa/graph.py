"""Question answering as plain tensors.

Letters in shapes: B windows, T tokens, F features.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from nlpsuite.api import TaskGraph, best_spans
from nlpsuite_qa.windows import head_inputs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torch import Tensor, nn

    from nlpsuite.api import Batch


class QaGraph(TaskGraph):
    """Scores of every span of tokens, relative to that of no answer.

    Args:
        head: The head, in eval mode.
        longest: The most tokens of an answer.
    """

    inputs: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "features": ("batch", "tokens", "feature"),
        "question": ("batch", "tokens"),
        "context": ("batch", "tokens"),
        "edges": ("batch", "tokens"),
    }
    outputs: ClassVar[Mapping[str, tuple[str, ...]]] = {"scores": ("batch", "tokens", "tokens")}

    def __init__(self, head: nn.Module, longest: int):
        super().__init__()
        self.head, self._longest = head, longest

    def forward(self, hidden_BTD: Tensor, real_BT: Tensor, *inputs: Tensor) -> tuple[Tensor, ...]:
        """Return scores, float32 (B, T, T), of spans from row to column, both included; -inf where there is no such span."""
        return (self.head(hidden_BTD, *inputs),)

    def tensors(self, batch: Batch) -> dict[str, Tensor]:
        """Return overlap features, and which tokens are of the question, of the context, and may begin or end an answer."""
        inputs = head_inputs(batch)
        values = (inputs.features_BTF, inputs.question_BT, inputs.context_BT, inputs.edges_BT)
        return dict(zip(self.inputs, values, strict=True))

    def read(self, found: Mapping[str, Tensor], batch: Batch) -> Sequence[Any]:
        """Return the best span of each window, and the sum over all."""
        return best_spans(found["scores"], longest=self._longest)

    def facts(self) -> dict[str, Any]:
        """Return the most tokens of an answer."""
        return {"longest_answer": self._longest}
