"""Rotary frequencies, and the ways in which longer contexts than those first trained on are reached by bending them.

Sources: Su et al. 2021, "RoFormer"; linear: Chen et al. 2023, "Extending Context Window"; yarn: Peng et al. 2023, "YaRN"; llama3:
the Llama 3.1 release. Names of settings are those of `config.json` in Hugging Face's layout.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import torch

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, slots=True, kw_only=True)
class RopeScaling:
    """How frequencies are bent.

    Attributes:
        kind: `linear`: all by the factor; `llama3`: the low ones, smoothly; `yarn`: the low ones, along a ramp.
        factor: How many times longer the context becomes.
        original_context: Positions of the context first trained on.
        low_freq_factor: llama3: a frequency with fewer turns in the original context is low.
        high_freq_factor: llama3: one with more turns stays as it is.
        beta_fast: yarn: turns from which on a frequency stays as it is.
        beta_slow: yarn: turns below which it is bent in full.
        truncate: yarn: whether the ramp begins and ends at whole dimensions.
        attention_factor: yarn: what cosines and sines are multiplied by; None: 0.1 ln(factor) + 1.
    """

    kind: Literal["linear", "llama3", "yarn"]
    factor: float
    original_context: int = 8192
    low_freq_factor: float = 1.0
    high_freq_factor: float = 4.0
    beta_fast: float = 32.0
    beta_slow: float = 1.0
    truncate: bool = True
    attention_factor: float | None = None


def frequencies(head_dim: int, theta: float, scaling: RopeScaling | None, device: torch.device) -> tuple[Tensor, float]:
    """Return the angle per position of each pair, float32 (head_dim / 2), and what cosines and sines are multiplied by."""
    pairs = torch.arange(0, head_dim, 2, device=device, dtype=torch.float32)
    plain = theta ** (-pairs / head_dim)
    if scaling is None:
        return plain, 1.0
    if scaling.kind == "linear":
        return plain / scaling.factor, 1.0
    if scaling.kind == "llama3":
        return _llama3(plain, scaling), 1.0
    return _yarn(plain, head_dim, theta, scaling), _attention_factor(scaling)


def _llama3(plain: Tensor, scaling: RopeScaling) -> Tensor:
    turns = scaling.original_context * plain / (2 * math.pi)
    low, high = scaling.low_freq_factor, scaling.high_freq_factor
    smooth = ((turns - low) / (high - low)).clamp(0.0, 1.0)
    return (1.0 - smooth) * plain / scaling.factor + smooth * plain


def _yarn(plain: Tensor, head_dim: int, theta: float, scaling: RopeScaling) -> Tensor:
    def dimension(turns: float) -> float:
        """Return the dimension whose pair makes so many turns in the original context."""
        return head_dim * math.log(scaling.original_context / (turns * 2 * math.pi)) / (2 * math.log(theta))

    first, last = dimension(scaling.beta_fast), dimension(scaling.beta_slow)
    low = max(math.floor(first) if scaling.truncate else first, 0)
    high = min(math.ceil(last) if scaling.truncate else last, head_dim - 1)
    places = torch.arange(len(plain), device=plain.device, dtype=torch.float32)
    # The ramp would have no width where both ends meet.
    bent = ((places - low) / max(high - low, 1e-3)).clamp(0.0, 1.0)
    return plain / scaling.factor * bent + plain * (1.0 - bent)


def _attention_factor(scaling: RopeScaling) -> float:
    if scaling.attention_factor is not None:
        return scaling.attention_factor
    return 0.1 * math.log(scaling.factor) + 1.0 if scaling.factor > 1.0 else 1.0
