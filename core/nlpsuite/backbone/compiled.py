"""Compiling the blocks, so that what lies between their matrix products is done in one go."""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING

import torch

from nlpsuite.backbone.attention import attend
from nlpsuite.backbone.model import Block
from nlpsuite.backbone.shapes import allow_shapes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nlpsuite.backbone.model import Backbone


def compile_blocks(backbone: Backbone) -> None:
    """Have every block compiled when it is first called.

    Blocks are alike, so one compilation serves them all: seconds, where the whole network takes a minute. Attention stays
    outside, for it is one kernel already, and so one compilation serves every mask too.
    """
    allow_shapes()
    opaque = torch.compiler.disable(attend)  # type: ignore[no-untyped-call]
    for block in backbone.blocks:
        assert isinstance(block, Block)
        block.attention.attend = opaque
        block.compile(dynamic=False)
    backbone.compiled = True


@contextmanager
def uncompiled(backbone: Backbone) -> Iterator[None]:
    """Run the network as it is written, for batches of many shapes, each of which would be compiled anew."""
    by_documents, backbone.by_documents = backbone.by_documents, False
    try:
        with torch.compiler.set_stance("force_eager") if backbone.compiled else nullcontext():
            yield
    finally:
        backbone.by_documents = by_documents
