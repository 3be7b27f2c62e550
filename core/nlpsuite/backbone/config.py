"""The shape of a backbone, and the presets a user picks by name."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from nlpsuite.errors import UserError

if TYPE_CHECKING:
    from nlpsuite.backbone.rope import RopeScaling

# Fewer than this and a head cannot hold a rotary pair; more and a corrupt file would ask for absurd memory.
_LIMITS = {
    "vocab_size": (8, 2_000_000),
    "context": (8, 4_194_304),
    "d_model": (8, 65_536),
    "n_layers": (1, 512),
    "n_heads": (1, 1024),
    "n_kv_heads": (1, 1024),
    "head_dim": (2, 1024),
    "d_ff": (8, 262_144),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class BackboneConfig:
    """The shape of a decoder-style Transformer in the layout of Qwen3.

    Attributes:
        vocab_size: Rows of the embedding, the tokenizer's pieces.
        context: The most tokens in one row.
        d_model: Width of the residual stream.
        n_layers: Transformer blocks.
        n_heads: Query heads in a block.
        n_kv_heads: Key and value heads; divides `n_heads` (grouped-query attention).
        head_dim: Width of a head; even, for rotary pairs.
        d_ff: Inner width of the SwiGLU layer.
        rope_theta: Base of the rotary frequencies.
        rope_scaling: How they are bent for a longer context; None: not at all.
        norm_eps: Added to the mean square in RMSNorm.
        qk_norm: Whether queries and keys are normalised per head (Qwen3: yes; Llama, Qwen2: no).
        qkv_bias: Whether query, key and value projections have a bias (Qwen2: yes).
        tied: Whether the output layer is the embedding itself.
    """

    vocab_size: int
    context: int
    d_model: int
    n_layers: int
    n_heads: int
    n_kv_heads: int
    head_dim: int
    d_ff: int
    rope_theta: float = 10_000.0
    rope_scaling: RopeScaling | None = None
    norm_eps: float = 1e-6
    qk_norm: bool = True
    qkv_bias: bool = False
    tied: bool = True

    def __post_init__(self) -> None:
        for name, (low, high) in _LIMITS.items():
            value = getattr(self, name)
            if not isinstance(value, int) or not low <= value <= high:
                raise UserError(
                    f"{name} = {value!r} is not a whole number from {low} to {high}", where="backbone config"
                )
        if self.n_heads % self.n_kv_heads:
            raise UserError(
                f"n_heads = {self.n_heads} is not a multiple of n_kv_heads = {self.n_kv_heads}", where="backbone config"
            )
        if self.head_dim % 2:
            raise UserError(f"head_dim = {self.head_dim} is odd", where="backbone config", fix="use an even number")

    @property
    def block_parameters(self) -> int:
        """Parameters of all blocks and the last norm, without embedding and output layer."""
        heads, kv = self.n_heads * self.head_dim, self.n_kv_heads * self.head_dim
        attention = self.d_model * (2 * heads + 2 * kv)
        bias = heads + 2 * kv if self.qkv_bias else 0
        norms = 2 * self.d_model + (2 * self.head_dim if self.qk_norm else 0)
        return self.n_layers * (attention + bias + 3 * self.d_model * self.d_ff + norms) + self.d_model

    @property
    def parameters(self) -> int:
        """All parameters."""
        return self.block_parameters + self.vocab_size * self.d_model * (1 if self.tied else 2)

    def flops_per_token(self, context: int | None = None) -> float:
        """Floating point operations of one training step per token: 6 per used parameter, and attention.

        Source: Kaplan et al. 2020, appendix; attention counted in full, as the products are computed.
        """
        row = self.context if context is None else context
        attention = 12 * self.n_layers * self.n_heads * self.head_dim * row
        return 6.0 * (self.block_parameters + self.vocab_size * self.d_model) + attention


PRESETS: dict[str, BackboneConfig] = {
    "nano": BackboneConfig(
        vocab_size=8192, context=256, d_model=256, n_layers=6, n_heads=4, n_kv_heads=2, head_dim=64, d_ff=768
    ),
    "micro": BackboneConfig(
        vocab_size=12288, context=512, d_model=320, n_layers=8, n_heads=5, n_kv_heads=5, head_dim=64, d_ff=896
    ),
    "small": BackboneConfig(
        vocab_size=16384, context=1024, d_model=448, n_layers=10, n_heads=7, n_kv_heads=7, head_dim=64, d_ff=1216
    ),
    "base": BackboneConfig(
        vocab_size=32768, context=1024, d_model=768, n_layers=14, n_heads=12, n_kv_heads=12, head_dim=64, d_ff=2048
    ),
}
"""Sizes by name: about 7, 14, 32 and 124 million parameters."""


def preset(size: str, **changes: int | None) -> BackboneConfig:
    """Return the preset `size`, changed where a value is given (`context=512`); None leaves the preset's.

    Raises:
        UserError: There is no such preset, or a value does not fit.
    """
    if size not in PRESETS:
        raise UserError(f"no size `{size}`", where="--size", fix="use auto, " + ", ".join(PRESETS))
    given: dict[str, Any] = {name: value for name, value in changes.items() if value is not None}
    return replace(PRESETS[size], **given)


def pick_size(seconds: float, flops_per_second: float, text_tokens: int) -> str:
    """Pick the largest preset that the time and the text can train: the rule behind `--size auto`.

    A size fits when the budget shows it at least as many tokens as it has parameters (with these small models, on
    little time, quality falls fast below that), and when that is at most ten passes over the text.

    Args:
        seconds: Time budget.
        flops_per_second: Speed of the machine in training, in floating point operations a second.
        text_tokens: Tokens in the text, at about four bytes a token.
    """
    best = "nano"
    for name, shape in PRESETS.items():
        tokens = seconds * flops_per_second / shape.flops_per_token()
        if min(tokens, 10.0 * text_tokens) >= shape.parameters:
            best = name
    return best
