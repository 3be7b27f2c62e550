"""The network, top-down: a pre-norm Transformer in the layout of Qwen3.

RMSNorm, rotary positions, grouped-query attention with normalised queries and keys, SwiGLU, no biases, tied embedding.
How positions attend is an argument of `forward`, so one set of weights runs causal, bidirectional or prefix.

Letters in names: B rows, T positions, S key positions, D d_model, H query heads, K key heads, C head width, F d_ff,
V vocabulary.

Initialisation (zero output projections make every block start as the identity; Yang et al. 2022, "Tensor Programs V"):
    embedding               normal, std 0.02
    q k v gate up           normal, std 1 / sqrt(inputs)
    attention.o, mlp.down   zero
    norms                   one
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nlpsuite.backbone.attention import Mask, attend, make_mask
from nlpsuite.backbone.rope import frequencies

if TYPE_CHECKING:
    from nlpsuite.backbone.cache import KeyValueCache, LayerCache
    from nlpsuite.backbone.config import BackboneConfig
    from nlpsuite.tasks.task import AttentionMode


class Backbone(nn.Module):
    """Token ids in, hidden states out; `logits` turns hidden states into scores of the next token.

    Attributes:
        config: Its shape.
        compiled: Whether its blocks are compiled.
        by_documents: Whether rows of several documents are attended to tile by tile (`documents.py`), not under a mask.
    """

    def __init__(self, config: BackboneConfig):
        super().__init__()
        self.config = config
        self.compiled = False
        self.by_documents = False
        # Its own initialisation would be drawn in vain, and on the meta device it loads torch's compiler: two seconds.
        zeros_VD = torch.zeros(config.vocab_size, config.d_model)
        self.embedding: nn.Embedding = nn.Embedding.from_pretrained(zeros_VD, freeze=False)  # type: ignore[no-untyped-call]
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.n_layers))
        self.norm = RMSNorm(config.d_model, config.norm_eps)
        self.output = None if config.tied else nn.Linear(config.d_model, config.vocab_size, bias=False)

    def forward(
        self,
        ids_BT: Tensor,
        *,
        mode: AttentionMode = "causal",
        segments_BT: Tensor | None = None,
        prefix_B: Tensor | None = None,
        cache: KeyValueCache | None = None,
        dropout: float = 0.0,
    ) -> Tensor:
        """Return hidden states (B, T, D) after the last norm.

        Args:
            ids_BT: int64 token ids.
            mode: How positions attend.
            segments_BT: int, the document of each position, -1 for padding; None: each row is one document. With a
                cache: (B, cached + T).
            prefix_B: int, length of each row's prefix, for mode `prefix`.
            cache: Keys and values of earlier positions; extended in place. Mode `causal`, or `prefix` in the first call.
            dropout: Share of each block's output to drop, in training.

        Raises:
            ValueError: The row is longer than the context.
        """
        past = 0 if cache is None else cache.length
        length = ids_BT.shape[1]
        if past + length > self.config.context:
            raise ValueError(f"{past + length} positions do not fit the context of {self.config.context}")
        mask = make_mask(
            mode,
            length,
            segments_BT=segments_BT,
            prefix_B=prefix_B,
            past=past,
            device=ids_BT.device,
            by_documents=self.by_documents,
        )
        rotation = rotary(past, length, self.config, ids_BT.device)
        x_BTD = self.embedding(ids_BT)
        for layer, block in enumerate(self.blocks):
            x_BTD = block(x_BTD, rotation, mask, None if cache is None else cache.of_layer(layer), dropout)
        if cache is not None:
            cache.advance(length)
        hidden: Tensor = self.norm(x_BTD)
        return hidden

    @property
    def output_weight(self) -> Tensor:
        """The output layer's weight (V, D): the embedding itself when tied."""
        return self.embedding.weight if self.output is None else self.output.weight

    def logits(self, hidden_BTD: Tensor) -> Tensor:
        """Return scores of the next token, (..., V)."""
        return F.linear(hidden_BTD, self.output_weight)

    def initialise(self, seed: int) -> None:
        """Set every weight afresh, as the table above says, from `seed` alone."""
        generator = torch.Generator().manual_seed(seed)

        def normal(weight: Tensor, std: float) -> None:
            # Drawn on the CPU, so that the same seed gives the same weights on every device.
            weight.copy_(torch.randn(weight.shape, generator=generator) * std)

        with torch.no_grad():
            normal(self.embedding.weight, 0.02)
            if self.output is not None:
                normal(self.output.weight, 0.02)
            for name, module in self.blocks.named_modules():
                if isinstance(module, nn.Linear):
                    if name.endswith((".o", ".down")):
                        module.weight.zero_()
                    else:
                        normal(module.weight, module.in_features**-0.5)
                    if module.bias is not None:
                        module.bias.zero_()
            for module in self.modules():
                if isinstance(module, RMSNorm):
                    module.weight.fill_(1.0)


class Block(nn.Module):
    """Attention, then SwiGLU, each on a normalised copy of the residual stream."""

    def __init__(self, config: BackboneConfig):
        super().__init__()
        self.attention_norm = RMSNorm(config.d_model, config.norm_eps)
        self.attention = Attention(config)
        self.mlp_norm = RMSNorm(config.d_model, config.norm_eps)
        self.mlp = SwiGLU(config)

    def forward(
        self,
        x_BTD: Tensor,
        rotation: tuple[Tensor, Tensor],
        mask: Mask,
        cache: LayerCache | None,
        dropout: float,
    ) -> Tensor:
        """Return the residual stream after this block, (B, T, D)."""
        attended = self.attention(self.attention_norm(x_BTD), rotation, mask, cache)
        x_BTD = x_BTD + F.dropout(attended, dropout, self.training)
        return x_BTD + F.dropout(self.mlp(self.mlp_norm(x_BTD)), dropout, self.training)


class Attention(nn.Module):
    """Grouped-query attention with rotary positions and, where configured, normalised queries and keys."""

    def __init__(self, config: BackboneConfig):
        super().__init__()
        self.head_dim = config.head_dim
        self.attend = attend
        q_width, kv_width = config.n_heads * config.head_dim, config.n_kv_heads * config.head_dim
        self.q = nn.Linear(config.d_model, q_width, bias=config.qkv_bias)
        self.k = nn.Linear(config.d_model, kv_width, bias=config.qkv_bias)
        self.v = nn.Linear(config.d_model, kv_width, bias=config.qkv_bias)
        self.o = nn.Linear(q_width, config.d_model, bias=False)
        self.q_norm = RMSNorm(config.head_dim, config.norm_eps) if config.qk_norm else nn.Identity()
        self.k_norm = RMSNorm(config.head_dim, config.norm_eps) if config.qk_norm else nn.Identity()

    def forward(self, x_BTD: Tensor, rotation: tuple[Tensor, Tensor], mask: Mask, cache: LayerCache | None) -> Tensor:
        """Return what the positions gathered from one another, (B, T, D)."""
        rows, length, _ = x_BTD.shape
        heads = (rows, length, -1, self.head_dim)
        q_BHTC = rotate(self.q_norm(self.q(x_BTD).view(heads)), rotation).transpose(1, 2)
        k_BKTC = rotate(self.k_norm(self.k(x_BTD).view(heads)), rotation).transpose(1, 2)
        v_BKTC = self.v(x_BTD).view(heads).transpose(1, 2)
        if cache is not None:
            k_BKTC, v_BKTC = cache.extend(k_BKTC, v_BKTC)
        y_BHTC = self.attend(q_BHTC, k_BKTC, v_BKTC, mask)
        out: Tensor = self.o(y_BHTC.transpose(1, 2).reshape(rows, length, -1))
        return out


class SwiGLU(nn.Module):
    """Gated feed-forward layer (Shazeer 2020)."""

    def __init__(self, config: BackboneConfig):
        super().__init__()
        self.gate = nn.Linear(config.d_model, config.d_ff, bias=False)
        self.up = nn.Linear(config.d_model, config.d_ff, bias=False)
        self.down = nn.Linear(config.d_ff, config.d_model, bias=False)

    def forward(self, x_BTD: Tensor) -> Tensor:
        """Return the transformed positions, (B, T, D)."""
        out: Tensor = self.down(F.silu(self.gate(x_BTD)) * self.up(x_BTD))
        return out


class RMSNorm(nn.Module):
    """Root-mean-square normalisation (Zhang and Sennrich 2019), computed in float32."""

    def __init__(self, width: int, eps: float):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        """Return `x` scaled to unit root mean square over its last dimension, times the weight."""
        return F.rms_norm(x.float(), self.weight.shape, self.weight, self.eps).to(x.dtype)


def rotary(start: int, length: int, config: BackboneConfig, device: torch.device) -> tuple[Tensor, Tensor]:
    """Return cosines and sines (T, C / 2) for positions `start` ... `start + length - 1` (Su et al. 2021)."""
    per_position, scale = frequencies(config.head_dim, config.rope_theta, config.rope_scaling, device)
    positions = torch.arange(start, start + length, device=device, dtype=torch.float32)
    angles = torch.outer(positions, per_position)
    if scale == 1.0:
        return angles.cos(), angles.sin()
    return angles.cos() * scale, angles.sin() * scale


def rotate(x_BTHC: Tensor, rotation: tuple[Tensor, Tensor]) -> Tensor:
    """Turn each pair (i, i + C/2) of a head by its position's angle."""
    cos, sin = (table[:, None].to(x_BTHC.dtype) for table in rotation)
    # In halves throughout: the gradient of a slice would be a tensor of zeros with the slice copied in.
    left, right = x_BTHC.chunk(2, dim=-1)
    return torch.cat((left * cos - right * sin, right * cos + left * sin), dim=-1)
