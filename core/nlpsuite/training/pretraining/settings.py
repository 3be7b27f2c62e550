"""The settings of `suite pretrain`: every field can stand in a recipe or behind `--set`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from nlpsuite.config import Settings
from nlpsuite.text.corpus import TextSettings
from nlpsuite.training.budget import DEFAULT_SECONDS
from nlpsuite.training.finite import OnNan


class ModelSettings(Settings):
    """The network's size.

    Attributes:
        size: A preset, or `auto`: the largest that text and time can train.
        vocab_size: Pieces of the tokenizer; None: the preset's.
        context: Tokens in a row; None: the preset's.
        d_model: Width of the residual stream; None: the preset's, as for all below.
        n_layers: Blocks.
        n_heads: Query heads.
        n_kv_heads: Key and value heads.
        head_dim: Width of a head.
        d_ff: Inner width of the feed-forward layer.
    """

    size: Literal["nano", "micro", "small", "base", "auto"] = "auto"
    vocab_size: int | None = Field(default=None, ge=300, le=1_000_000)
    context: int | None = Field(default=None, ge=16, le=1_048_576)
    d_model: int | None = None
    n_layers: int | None = None
    n_heads: int | None = None
    n_kv_heads: int | None = None
    head_dim: int | None = None
    d_ff: int | None = None


class ObjectiveSettings(Settings):
    """What the network learns to predict.

    Attributes:
        name: `causal`: each next token; `masked`: masked tokens, seeing both sides; `hybrid`: rows of both.
        masked_share: Share of masked rows in `hybrid`.
        mask_rate: Share of tokens to predict in a masked row.
        mask_span: Longest span of masked tokens.
        z_loss: Weight of the squared log-normaliser.
    """

    name: Literal["causal", "masked", "hybrid"] = "causal"
    masked_share: float = Field(default=0.25, ge=0, le=1)
    mask_rate: float = Field(default=0.2, gt=0, lt=1)
    mask_span: int = Field(default=3, ge=1, le=64)
    z_loss: float = Field(default=1e-4, ge=0)


class OptimizerSettings(Settings):
    """How the weights are updated.

    Attributes:
        name: `muon` (Muon for matrices, AdamW for the rest) or `adamw`.
        lr: AdamW's peak rate; a quarter of it with `--init`.
        matrix_lr: Muon's peak rate; a quarter of it with `--init`.
        weight_decay: Decoupled decay of matrices.
        newton_schulz: Muon's iterations towards an orthogonal update.
        even_neurons: Whether Muon's updates are of one size for all neurons of a matrix (NorMuon).
        average: Share of the run, at its end, over which the weights are averaged.
        clip: Largest norm of the gradient; 0 is no limit.
        warmup: Share of the run that warms up.
        decay: Share of the run, at its end, in which the rate falls to the floor.
        floor: The last rate, as a factor on the peak.
        batch_tokens: Tokens in an optimiser step; None: 2,048 on a CPU, more on a GPU.
        micro_tokens: Tokens computed at once; None: 1,024 on a CPU, or what a trial finds fastest if
            `time` is the budget; 32,768 on a GPU.
    """

    name: Literal["muon", "adamw"] = "muon"
    lr: float = Field(default=3e-3, gt=0)
    matrix_lr: float = Field(default=0.02, gt=0)
    weight_decay: float = Field(default=0.1, ge=0)
    newton_schulz: int = Field(default=4, ge=1, le=20)
    even_neurons: bool = False
    average: float = Field(default=0.0, ge=0, le=1)
    clip: float = Field(default=1.0, ge=0)
    warmup: float = Field(default=0.02, ge=0, le=0.5)
    decay: float = Field(default=0.6, gt=0, le=1)
    floor: float = Field(default=0.02, ge=0, le=1)
    batch_tokens: int | None = Field(default=None, ge=1)
    micro_tokens: int | None = Field(default=None, ge=1)

    @property
    def lower(self) -> str:
        """What to do where the rates were too high, for messages."""
        both = "lower the learning rates, --lr and for the matrices --set optimizer.matrix_lr"
        return both if self.name == "muon" else "lower the learning rate"


class TokenizerSettings(Settings):
    """How the tokenizer is trained.

    Attributes:
        sample_bytes: The most text to train it on; None: the default of the tokenizer's trainer.
    """

    sample_bytes: int | None = Field(default=None, ge=1000)


CONTINUED = {"optimizer": {"lr": 7.5e-4, "matrix_lr": 0.005}}
"""Rates with `--init`, where nothing else is said: at those of a new network, what the backbone knows is lost first."""


class PretrainSettings(Settings):
    """All of `suite pretrain`, except where the text and the output are.

    Attributes:
        model: The network's size.
        objective: What it learns.
        optimizer: How it learns.
        text: How text is read, cleaned and held out.
        rows: The most rows that are read of each split of a data set by name, its first ones with text; None: all.
        splits: Of data sets by name, the split or slice that is `train` or `valid`; empty: none.
        tokenizer: How the tokenizer is trained.
        time: Budget in seconds; at most one of `time`, `max_tokens` and `max_steps`.
        max_tokens: Budget in tokens.
        max_steps: Budget in optimiser steps.
        embedding: What a new network's embedding starts from: `counts` of which tokens of the text stand side by side, or
            `random`.
        short_rows: Share of the run, at its start, in which rows are cut into quarters and then halves.
        sampled_output: Share of the run, at its start, in which the output layer is computed for a step's own tokens and a sample
            of the others; None: 0.9 on a CPU with 4,096 pieces and more, else 0.
        sampled_rate: The share of the others in that sample.
        seed: Decides weights, order, masks and samples.
        on_nan: What to do where a loss or gradient is not finite: `stop`, with the weights before it saved; `skip` the step; or
            `rollback` to the checkpoint before it and go on with the text after it.
        on_nan_limit: So many such steps a run bears; at the next one it stops.
        validations: How often the run validates and saves, at even distances.
        valid_tokens: The most validation tokens looked at each time.
        samples: Continuations shown at each validation.
        store: How the finished weights are stored.
        workers: Processes that make batches ahead; None: 2 where a GPU trains, none on a CPU. They change nothing else.
        precision: `auto`: bf16 on a GPU that has it, float32 elsewhere.
        devices: How many devices, or their indices; `auto`: one, or those of the processes that torchrun or SLURM started.
        nodes: How many machines.
        strategy: Lightning's strategy across devices.
        compile: Whether the network is compiled; None: on a GPU, and on a CPU under a budget of `time` of half an hour or
            more if a trial shows a gain.
        by_documents: Whether attention is computed document by document, not under a mask over whole rows; None: on a GPU
            where that gives the same.
    """

    model: ModelSettings = ModelSettings()
    objective: ObjectiveSettings = ObjectiveSettings()
    optimizer: OptimizerSettings = OptimizerSettings()
    text: TextSettings = TextSettings()
    rows: int | None = Field(default=None, ge=1)
    splits: dict[str, str] = Field(default_factory=dict)
    tokenizer: TokenizerSettings = TokenizerSettings()
    time: float | None = Field(default=None, gt=0)
    max_tokens: int | None = Field(default=None, ge=1)
    max_steps: int | None = Field(default=None, ge=1)
    embedding: Literal["counts", "random"] = "counts"
    short_rows: float = Field(default=0.7, ge=0, le=1)
    sampled_output: float | None = Field(default=None, ge=0, le=1)
    sampled_rate: float = Field(default=0.15, gt=0, le=1)
    seed: int = Field(default=1, ge=0, le=2**32 - 1)
    on_nan: OnNan = "stop"
    on_nan_limit: int = Field(default=10, ge=0)
    validations: int = Field(default=10, ge=1, le=1000)
    valid_tokens: int = Field(default=65_536, ge=1)
    samples: int = Field(default=2, ge=0, le=20)
    store: Literal["float32", "bfloat16", "float16"] = "float32"
    workers: int | None = Field(default=None, ge=0, le=64)
    precision: Literal["auto", "32", "bf16", "16"] = "auto"
    devices: str = "auto"
    nodes: int = Field(default=1, ge=1)
    strategy: str = "auto"
    compile: bool | None = None
    by_documents: bool | None = None

    @property
    def planned_seconds(self) -> float | None:
        """The budget by the clock, half an hour where none is named; None: the run is counted in steps or tokens."""
        return None if self.max_steps or self.max_tokens else self.time or DEFAULT_SECONDS
