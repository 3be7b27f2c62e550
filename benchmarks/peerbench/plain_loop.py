"""A GPT and a training loop such as people write for themselves: one file, AdamW, nothing else.

In the manner of nanoGPT: learned positions, LayerNorm, GELU, tied output, PyTorch's fused attention and fused AdamW.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nlpsuite.backbone.config import PRESETS
from peerbench.clock import Clock
from peerbench.text import Blocks, open_text

if TYPE_CHECKING:
    from pathlib import Path


class PlainBlock(nn.Module):
    """Attention and a feed-forward layer."""

    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads = heads
        self.norm_1, self.norm_2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        """Return the stream after this block."""
        b, t, d = x.shape
        q, k, v = (y.view(b, t, self.heads, -1).transpose(1, 2) for y in self.qkv(self.norm_1(x)).chunk(3, dim=-1))
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.out(y.transpose(1, 2).reshape(b, t, d))
        return x + self.down(F.gelu(self.up(self.norm_2(x)), approximate="tanh"))


class PlainGPT(nn.Module):
    """Ids in, logits out."""

    def __init__(self, vocab_size: int, context: int):
        super().__init__()
        shape = PRESETS["nano"]
        self.words, self.places = nn.Embedding(vocab_size, shape.d_model), nn.Embedding(context, shape.d_model)
        self.blocks = nn.ModuleList(PlainBlock(shape.d_model, shape.n_heads) for _ in range(shape.n_layers))
        self.norm = nn.LayerNorm(shape.d_model)
        for module in self.modules():
            if isinstance(module, nn.Linear | nn.Embedding):
                nn.init.normal_(module.weight, std=0.02)
        for block in self.blocks:
            for layer in (block.out, block.down):
                nn.init.normal_(layer.weight, std=0.02 / (2 * shape.n_layers) ** 0.5)

    def forward(self, ids: Tensor) -> Tensor:
        """Return logits (B, T, V)."""
        x = self.words(ids) + self.places.weight[: ids.shape[1]]
        for block in self.blocks:
            x = block(x)
        return self.norm(x) @ self.words.weight.T


def train(
    folder: Path, *, context: int, seconds: float, lr: float, rows: int, at_once: int, seed: int
) -> tuple[PlainGPT, dict[str, float]]:
    """Train by the clock; arguments as of the Trainer's."""
    tokens, _, tokenizer = open_text(folder)
    torch.manual_seed(seed)
    model, blocks = PlainGPT(tokenizer.vocab_size, context), Blocks(tokens, context)
    decayed = [p for p in model.parameters() if p.ndim >= 2]
    others = [p for p in model.parameters() if p.ndim < 2]
    groups = [{"params": decayed, "weight_decay": 0.1}, {"params": others, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=lr, betas=(0.9, 0.95), fused=True)
    generator = torch.Generator().manual_seed(seed)
    clock, steps = Clock(seconds), 0
    clock.start()
    while not clock.over:
        for _ in range(rows // at_once):
            chosen = torch.randint(len(blocks), (at_once,), generator=generator).tolist()
            ids = torch.stack([blocks[index]["input_ids"] for index in chosen])
            logits = model(ids[:, :-1])
            loss = F.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten()) * at_once / rows
            loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for group in optimizer.param_groups:
            group["lr"] = lr * clock.factor()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        steps += 1
    return model, {"steps": steps, "seconds": clock.spent, "tokens": steps * rows * context}
