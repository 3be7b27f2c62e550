"""Who attends to whom: causal, bidirectional or prefix, never across documents, never to padding.

Letters in names: B rows of a batch, T query positions, S key positions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F

from nlpsuite.backbone.documents import TILE, attend_in_blocks, document_blocks
from nlpsuite.tasks.task import AttentionMode  # noqa: TC001  (used by callers at run time through this module)

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn.attention.flex_attention import BlockMask

PADDING = -1
"""The segment number of a padded position."""


@dataclass(frozen=True, slots=True)
class Mask:
    """What attention is told.

    Attributes:
        allowed_B1TS: bool, True where the query may look at the key; None when one of the others says it all.
        is_causal: Plain causal attention over a whole row, which has faster kernels.
        blocks: The same as tiles, for attention that computes those of one document only.
    """

    allowed_B1TS: Tensor | None
    is_causal: bool
    blocks: BlockMask | None = None


def make_mask(
    mode: AttentionMode,
    length: int,
    *,
    segments_BT: Tensor | None = None,
    prefix_B: Tensor | None = None,
    past: int = 0,
    device: torch.device | None = None,
    by_documents: bool = False,
) -> Mask:
    """Build the mask for one forward pass.

    Args:
        mode: `causal`: keys up to the query; `bidirectional`: all; `prefix`: keys up to the query, and all of the prefix.
        length: T, the number of query positions.
        segments_BT: int, the document each position belongs to, `PADDING` where there is none; None: one document a row.
            With a cache it covers past and present positions, (B, past + T).
        prefix_B: int, the length of each row's prefix, for mode `prefix`.
        past: Number of cached key positions before the first query.
        device: Where the mask lives when there are no segments.
        by_documents: Whether to say it in tiles, where rows are of several documents and nothing else is asked for.

    Returns:
        The mask. A padded position attends to itself alone, so that its softmax is defined.
    """
    if segments_BT is None and prefix_B is None and past == 0:
        if mode == "causal":
            return Mask(None, True)
        if mode == "bidirectional":
            return Mask(None, False)
    if by_documents and segments_BT is not None and mode != "prefix" and past == 0 and length > TILE:
        return Mask(None, False, document_blocks(segments_BT, mode))
    place = segments_BT.device if segments_BT is not None else prefix_B.device if prefix_B is not None else device
    keys_S = torch.arange(past + length, device=place)
    queries_T = keys_S[past:]
    if mode == "bidirectional":
        allowed = torch.ones(1, length, past + length, dtype=torch.bool, device=place)
    else:
        allowed = (keys_S[None, :] <= queries_T[:, None])[None]
        if mode == "prefix":
            if prefix_B is None:
                raise ValueError("prefix attention needs prefix_B")
            allowed = allowed | (keys_S[None, None, :] < prefix_B[:, None, None])
    if segments_BT is not None:
        query_segments = segments_BT[:, past:, None]
        same = (query_segments == segments_BT[:, None, :]) & (query_segments != PADDING)
        itself = (keys_S[None, :] == queries_T[:, None])[None]
        allowed = (allowed & same) | itself
    return Mask(allowed[:, None], False)


def attend(q_BHTC: Tensor, k_BKSC: Tensor, v_BKSC: Tensor, mask: Mask) -> Tensor:
    """Return what each position gathers from those it may look at, (B, H, T, C).

    Args:
        q_BHTC: Queries of H heads.
        k_BKSC: Keys of K heads, each for H / K heads of queries.
        v_BKSC: Values.
        mask: Who attends to whom.
    """
    groups = q_BHTC.shape[1] // k_BKSC.shape[1]
    if groups > 1:
        # Repeating is cheap beside the products, and the fused CPU kernel takes no groups.
        k_BKSC = k_BKSC.repeat_interleave(groups, dim=1)
        v_BKSC = v_BKSC.repeat_interleave(groups, dim=1)
    if mask.blocks is not None:
        return attend_in_blocks(q_BHTC, k_BKSC, v_BKSC, mask.blocks)
    return F.scaled_dot_product_attention(q_BHTC, k_BKSC, v_BKSC, attn_mask=mask.allowed_B1TS, is_causal=mask.is_causal)
