"""The settings of `suite run`: every field can stand in a recipe or behind `--set`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, model_validator

from nlpsuite.config import Settings, build, merge
from nlpsuite.hub.names import is_named
from nlpsuite.training.finite import OnNan

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nlpsuite.host.spec import TaskSpec

Tune = Literal["full", "head", "lora"]
SplitRole = Literal["train", "valid", "test"]
SCRATCH = "scratch"
"""The name, in place of a backbone, for training without pretraining."""


SCRATCH_MATRIX_LR, PRETRAINED_MATRIX_LR = 0.02, 0.01
"""Muon's peak rates: as in pretraining, and lower where there is something to lose."""


class LoRASettings(Settings):
    """Low-rank adapters.

    Attributes:
        rank: Width of the adapters.
        alpha: Their scale; they are multiplied by `alpha / rank`.
    """

    rank: int = Field(default=8, ge=1, le=1024)
    alpha: float = Field(default=16.0, gt=0, le=1e6)


class FinetuneSettings(Settings):
    """All of `suite run`, except where the output is.

    Attributes:
        target: The plugin's folder or name, where the command line names none.
        data: File or folder with rows, or the name of a data set (`hf:ORG/NAME`); None: the plugin's own examples.
        columns: Of a data set by name, the column that is read under each name.
        splits: Of a data set by name, the split or slice that is `train`, `valid` or `test`; empty: none.
        backbone: `nano`, a run, a model folder, or `scratch`.
        task: The plugin's own settings.
        tune: What is trained beside the head: all of the backbone, nothing of it, or low-rank adapters.
        lora: The adapters' size.
        time: Budget in seconds; at most one of `time`, `epochs` and `max_steps`.
        epochs: Passes over the training rows; None: 3, and more where rows are few.
        max_steps: Budget in optimiser steps.
        limit: Use only so many training rows, drawn by seed, for a quick try; of a large data set by name the first.
        valid_share: Share of training rows held out where the data has no validation rows.
        lr: Peak learning rate of the head; None: by `tune`, and by whether the backbone is pretrained.
        optimizer: `muon` for the matrices of the backbone's blocks and AdamW for the rest, or `adamw` for all.
        matrix_lr: Muon's peak learning rate; None: by whether the backbone is pretrained.
        layer_decay: What the rate falls by from one layer to the one below; None: 0.85, from scratch 1.
        weight_decay: Decoupled decay of matrices.
        clip: Largest norm of the gradient; 0 is no limit.
        warmup: Share of the run that warms up; after it the rate falls linearly to zero.
        dropout: Share of each block's output dropped in training.
        token_dropout: Share of input tokens hidden behind the mask token in training.
        batch_tokens: Tokens in an optimiser step, padding included; None: by the number and length of rows.
        micro_tokens: Tokens computed at once; None: 2,048 on a CPU, 32,768 on a GPU.
        on_nan: What to do where a loss or gradient is not finite: `stop`, with the weights before it saved; `skip` the step; or
            `rollback` to the checkpoint before it and go on with the rows after it.
        on_nan_limit: So many such steps a run bears; at the next one it stops.
        validations: How often to validate at most, at even distances.
        validation_share: The most of the run that validations may take.
        patience: Stop after so many validations without a better score; 0: never.
        seed: Decides splits, order, head and dropout.
        workers: Processes that make batches ahead; None: 2 where a GPU trains, none on a CPU. They change nothing else.
        precision: `auto`: bf16 on a GPU that has it, float32 elsewhere.
        devices: How many devices, or their indices; `auto`: one, or those of the processes that torchrun or SLURM started.
        nodes: How many machines.
        strategy: Lightning's strategy across devices.
    """

    target: str | None = None
    data: str | None = None
    columns: dict[str, str] = Field(default_factory=dict)
    splits: dict[SplitRole, str] = Field(default_factory=dict)
    backbone: str = "nano"
    task: dict[str, Any] = Field(default_factory=dict)
    tune: Tune = "full"
    lora: LoRASettings = LoRASettings()
    time: float | None = Field(default=None, gt=0)
    epochs: int | None = Field(default=None, ge=1)
    max_steps: int | None = Field(default=None, ge=1)
    limit: int | None = Field(default=None, ge=1)
    valid_share: float = Field(default=0.1, gt=0, lt=1)
    lr: float | None = Field(default=None, gt=0)
    optimizer: Literal["muon", "adamw"] = "muon"
    matrix_lr: float | None = Field(default=None, gt=0)
    layer_decay: float | None = Field(default=None, gt=0, le=1)
    weight_decay: float = Field(default=0.01, ge=0)
    clip: float = Field(default=1.0, ge=0)
    warmup: float = Field(default=0.06, ge=0, lt=1)
    dropout: float = Field(default=0.1, ge=0, lt=1)
    token_dropout: float = Field(default=0.05, ge=0, lt=1)
    batch_tokens: int | None = Field(default=None, ge=1)
    micro_tokens: int | None = Field(default=None, ge=1)
    on_nan: OnNan = "stop"
    on_nan_limit: int = Field(default=10, ge=0)
    validations: int = Field(default=20, ge=1, le=10_000)
    validation_share: float = Field(default=0.06, gt=0, le=1)
    patience: int = Field(default=10, ge=0)
    seed: int = Field(default=1, ge=0, le=2**32 - 1)
    workers: int | None = Field(default=None, ge=0, le=64)
    precision: Literal["auto", "32", "bf16", "16"] = "auto"
    devices: str = "auto"
    nodes: int = Field(default=1, ge=1)
    strategy: str = "auto"

    @model_validator(mode="after")
    def _names_belong_to_a_data_set(self) -> FinetuneSettings:
        if (self.columns or self.splits) and not is_named(self.data or ""):
            raise ValueError(
                "columns and splits are of a data set by name (data: hf:ORG/NAME); of files, set task.text"
            )
        return self

    @property
    def pretrained(self) -> bool:
        """Whether there is a pretrained backbone to start from."""
        return self.backbone != SCRATCH

    @property
    def keeps_adapters(self) -> bool:
        """Whether adapters are all that is written of the backbone: what they were trained on is elsewhere."""
        return self.tune == "lora" and self.pretrained

    def peak_lr(self, width: int) -> float:
        """Return the peak learning rate of the head: as set, else one that suits what is trained.

        Small backbones want, and bear, far higher rates than the 1e-5 to 5e-5 usual for large ones.

        Args:
            width: The backbone's `d_model`.
        """
        if self.lr is not None:
            return self.lr
        if self.tune != "full":
            return 3e-3 if self.tune == "head" else 2e-3
        return 1e-3 if not self.pretrained else 1e-3 * min(1.0, (256 / width) ** 1.5)

    @property
    def muon_lr(self) -> float | None:
        """The peak learning rate of Muon, or None where AdamW trains everything.

        Adapters are no matrices to be made orthogonal, so they and a frozen backbone always have AdamW.
        """
        if self.optimizer != "muon" or self.tune != "full":
            return None
        return self.matrix_lr or (PRETRAINED_MATRIX_LR if self.pretrained else SCRATCH_MATRIX_LR)

    @property
    def rate_decay(self) -> float:
        """What the rate falls by from layer to layer: as set, else so that pretrained layers change less."""
        if self.layer_decay is not None:
            return self.layer_decay
        return 0.85 if self.pretrained and self.tune == "full" else 1.0


BUDGETS = ("time", "epochs", "max_steps")


def with_task_defaults(settings: FinetuneSettings, given: Mapping[str, Any], spec: TaskSpec[Any]) -> FinetuneSettings:
    """Return the settings with the task's own defaults where the user has set nothing.

    A budget that the user sets takes the place of the task's, whichever of the three it is.

    Args:
        settings: What the user set, completed by the usual defaults.
        given: What the user set.
        spec: The task.

    Raises:
        UserError: The plugin's defaults are no settings of a run.
    """
    if not spec.defaults:
        return settings
    where = f"defaults of task `{spec.name}`"
    build(FinetuneSettings, spec.defaults, where=where)
    budgeted = any(given.get(name) is not None for name in BUDGETS)
    own = {name: value for name, value in spec.defaults.items() if not (budgeted and name in BUDGETS)}
    return build(FinetuneSettings, merge(own, given), where=where)
