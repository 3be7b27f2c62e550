"""Compiling the blocks, so that what lies between their matrix products is done in one go."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import torch

from nlpsuite.backbone.attention import attend
from nlpsuite.backbone.model import Block

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from nlpsuite.backbone.model import Backbone

SHAPES = 32
"""Batches of so many shapes are compiled for."""


def compile_blocks(backbone: Backbone) -> None:
    """Have every block compiled when it is first called.

    Blocks are alike, so one compilation serves them all: seconds, where the whole network takes a minute. Attention stays
    outside, for it is one kernel already, and so one compilation serves every mask too.
    """
    # One compilation for each number and length of rows: a step that does not divide evenly, of rows of two kinds and three
    # lengths, has more of them than torch allows by default, past which it would compile nothing, and say nothing.
    import torch._dynamo.config as limits

    limits.recompile_limit = max(limits.recompile_limit, SHAPES)
    opaque = torch.compiler.disable(attend)  # type: ignore[no-untyped-call]
    for block in backbone.blocks:
        assert isinstance(block, Block)
        block.attention.attend = opaque
        block.compile(dynamic=False)
    backbone.compiled = True


def uncompiled(backbone: Backbone) -> AbstractContextManager[Any]:
    """Run the network as it is written, for batches of many shapes, each of which would be compiled anew."""
    return torch.compiler.set_stance("force_eager") if backbone.compiled else nullcontext()
