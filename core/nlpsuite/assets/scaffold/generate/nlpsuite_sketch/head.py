"""The head: without weights, since the backbone's own output layer writes the text."""

from __future__ import annotations

from torch import nn


class SketchHead(nn.Module):
    """Nothing yet; add layers here, and use them in the task's `loss` and `outputs`."""
