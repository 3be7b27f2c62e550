"""Attention that knows documents by themselves: no mask of T x T is made, and nothing is computed across documents.

FlexAttention (Dong et al. 2024, "Flex Attention: A Programming Model for Generating Optimized Attention Kernels") compiles a
kernel from a rule of who attends to whom; tiles of 128 x 128 in which nobody does are skipped. For training it has a GPU's
kernels only.

Letters in names: B rows, T positions, H heads, C head width.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import torch

from nlpsuite.backbone.shapes import allow_shapes

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor
    from torch.nn.attention.flex_attention import BlockMask

    from nlpsuite.tasks.task import AttentionMode

TILE = 128
"""Rows of one tile have none to skip."""


def document_blocks(segments_BT: Tensor, mode: AttentionMode) -> BlockMask:
    """Return which tiles of a batch are computed.

    Args:
        segments_BT: int, the document of each position, negative on padding, which attends to itself alone.
        mode: `causal` or `bidirectional`.
    """
    is_causal = mode == "causal"

    def allowed(row: Tensor, head: Tensor, query: Tensor, key: Tensor) -> Tensor:
        own = segments_BT[row, query]
        same = (own == segments_BT[row, key]) & (own >= 0)
        if is_causal:
            same = same & (key <= query)
        return same | (key == query)

    rows, length = segments_BT.shape
    make = _compiled("create_block_mask")
    blocks: BlockMask = make(allowed, rows, None, length, length, device=segments_BT.device)
    return blocks


def attend_in_blocks(q_BHTC: Tensor, k_BHTC: Tensor, v_BHTC: Tensor, blocks: BlockMask) -> Tensor:
    """Return what each position gathers from those it may look at, (B, H, T, C)."""
    gathered: Tensor = _compiled("flex_attention")(q_BHTC, k_BHTC, v_BHTC, block_mask=blocks)
    return gathered


@cache
def _compiled(name: str) -> Callable[..., Any]:
    """Return a function of FlexAttention, compiled anew for each shape it meets; nothing is loaded before."""
    import torch.nn.attention.flex_attention as flex

    allow_shapes()
    # Whole or not at all: in part, it would hold all scores of T x T.
    made: Callable[..., Any] = torch.compile(getattr(flex, name), dynamic=False, fullgraph=True)
    return made
