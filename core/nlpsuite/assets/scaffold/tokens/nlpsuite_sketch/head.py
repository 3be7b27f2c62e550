"""The head: scores of tags for each word, and the chain that makes valid sequences of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nlpsuite.api import TagHead

if TYPE_CHECKING:
    from nlpsuite_sketch.settings import SketchSettings


class SketchHead(TagHead):
    """The suite's head for tags; add layers of your own here.

    Args:
        hidden_size: The width of the backbone's states.
        n_labels: How many kinds of parts there are.
        settings: The task's settings.
    """

    def __init__(self, hidden_size: int, n_labels: int, settings: SketchSettings):
        super().__init__(
            hidden_size,
            n_labels,
            buckets=settings.buckets,
            scale=1.0,
            dropout=settings.dropout,
            hashed_dropout=settings.dropout,
        )
