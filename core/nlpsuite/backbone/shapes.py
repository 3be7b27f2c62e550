"""How many shapes of batches torch compiles for."""

from __future__ import annotations

SHAPES = 32


def allow_shapes() -> None:
    """Have one compilation for each number and length of rows.

    A step that does not divide evenly, of rows of two kinds and three lengths, has more of them than torch allows by default,
    past which it would compile nothing, and say nothing.
    """
    import torch._dynamo.config as limits

    limits.recompile_limit = max(limits.recompile_limit, SHAPES)
