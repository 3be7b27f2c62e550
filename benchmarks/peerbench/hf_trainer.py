"""transformers' Trainer with GPT-2 and Llama, as its causal language modelling script sets it up."""

from __future__ import annotations

import tempfile
from typing import TYPE_CHECKING, Any

import torch
from transformers import (
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
    Trainer,
    TrainerCallback,
    TrainingArguments,
)

from nlpsuite.backbone.config import PRESETS
from peerbench.clock import Clock
from peerbench.text import Blocks, open_text

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor, nn


def make_gpt2(vocab_size: int, context: int) -> nn.Module:
    """Return a GPT-2 of nano's size: 6 layers of width 256, 6.9M parameters."""
    shape = PRESETS["nano"]
    config = GPT2Config(
        vocab_size=vocab_size,
        n_positions=context,
        n_embd=shape.d_model,
        n_layer=shape.n_layers,
        n_head=shape.n_heads,
        resid_pdrop=0.0,
        embd_pdrop=0.0,
        attn_pdrop=0.0,
        bos_token_id=1,
        eos_token_id=2,
    )
    return GPT2LMHeadModel(config)


def make_llama(vocab_size: int, context: int) -> nn.Module:
    """Return a Llama of nano's very shape, 6.8M parameters."""
    shape = PRESETS["nano"]
    config = LlamaConfig(
        vocab_size=vocab_size,
        max_position_embeddings=context,
        hidden_size=shape.d_model,
        num_hidden_layers=shape.n_layers,
        num_attention_heads=shape.n_heads,
        num_key_value_heads=shape.n_kv_heads,
        intermediate_size=shape.d_ff,
        tie_word_embeddings=True,
    )
    return LlamaForCausalLM(config)


MAKERS = {"gpt2": make_gpt2, "llama": make_llama}


class _ByTheClock(TrainerCallback):
    def __init__(self, clock: Clock):
        self.clock, self.steps, self.spent = clock, 0, 0.0

    def on_train_begin(self, args: Any, state: Any, control: Any, **ignored: Any) -> None:
        self.clock.start()

    def on_step_end(self, args: Any, state: Any, control: Any, **ignored: Any) -> None:
        self.steps, self.spent = state.global_step, self.clock.spent
        if self.clock.over:
            control.should_training_stop = True


class _Trainer(Trainer):
    clock: Clock

    def create_scheduler(self, num_training_steps: int, optimizer: Any = None) -> Any:
        self.lr_scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer or self.optimizer, self.clock.factor)
        return self.lr_scheduler


def train(
    kind: str, folder: Path, *, context: int, seconds: float, lr: float, rows: int, at_once: int, seed: int
) -> tuple[nn.Module, dict[str, float]]:
    """Train by the clock and return the network with steps, seconds and tokens.

    Args:
        kind: `gpt2` or `llama`.
        folder: The prepared text.
        context: Tokens in a block.
        seconds: How long.
        lr: Peak rate.
        rows: Blocks in an optimiser step.
        at_once: Blocks computed at once.
        seed: Of weights and order.
    """
    tokens, _, tokenizer = open_text(folder)
    torch.manual_seed(seed)
    model = MAKERS[kind](tokenizer.vocab_size, context)
    clock = Clock(seconds)
    watch = _ByTheClock(clock)
    with tempfile.TemporaryDirectory() as scratch:
        arguments = TrainingArguments(
            output_dir=scratch,
            per_device_train_batch_size=at_once,
            gradient_accumulation_steps=rows // at_once,
            max_steps=1_000_000,
            learning_rate=lr,
            weight_decay=0.1,
            adam_beta2=0.95,
            max_grad_norm=1.0,
            seed=seed,
            logging_steps=100,
            save_strategy="no",
            report_to=[],
            use_cpu=True,
            disable_tqdm=True,
        )
        trainer = _Trainer(model=model, args=arguments, train_dataset=Blocks(tokens, context), callbacks=[watch])
        trainer.clock = clock
        trainer.train()
    return model, {"steps": watch.steps, "seconds": watch.spent, "tokens": watch.steps * rows * context}


def scorer(model: nn.Module) -> Any:
    """Return the network as a function from ids (B, T) to logits (B, T, V)."""
    model.eval()

    def logits(ids_BT: Tensor) -> Tensor:
        return model(input_ids=ids_BT).logits

    return logits
