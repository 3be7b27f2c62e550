"""A task as plain tensors, so that it can be written as a graph for another runtime."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from torch import nn

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torch import Tensor

    from nlpsuite.tasks.task import Batch


class TaskGraph(nn.Module, ABC):
    """What a task does between hidden states and `Task.decode`, with all that goes in and comes out a tensor with named axes.

    The host puts the backbone before it. Axes `batch` and `tokens` are those of the token ids; any other name is an axis of
    the task's own, and one name has one length throughout; that of `feature` or `features` is the same for all batches.

    Attributes:
        inputs: What goes in beside the token ids, and the axes of each.
        outputs: What comes out, in order, and the axes of each.
    """

    inputs: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    outputs: ClassVar[Mapping[str, tuple[str, ...]]]

    def __init__(self) -> None:
        super().__init__()

    @abstractmethod
    def forward(self, hidden_BTD: Tensor, real_BT: Tensor, *inputs: Tensor) -> tuple[Tensor, ...]:
        """Return the outputs.

        Args:
            hidden_BTD: Hidden states.
            real_BT: bool, True where a token is real.
            inputs: Those of `inputs`, in their order.
        """

    def tensors(self, batch: Batch) -> dict[str, Tensor]:
        """Return the inputs for a batch; none if not overridden."""
        return {}

    @abstractmethod
    def read(self, found: Mapping[str, Tensor], batch: Batch) -> Sequence[Any]:
        """Return what `Task.outputs` would have returned for the batch, from the graph's outputs."""

    def facts(self) -> dict[str, Any]:
        """Return what somebody who runs the graph must know, such as the names of labels, as JSON values."""
        return {}
