"""How Lightning is set up for every run: our own files, our own output, nothing written on the side."""

from __future__ import annotations

import logging
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

import torch
from pytorch_lightning.strategies import ModelParallelStrategy, StrategyRegistry

from nlpsuite.errors import UserError
from nlpsuite.training.checkpoints import VerifiedCheckpointIO

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from pytorch_lightning.strategies import Strategy

    from nlpsuite.backbone.machine import Machine
    from nlpsuite.training.together import Together

_LOGGERS = ("pytorch_lightning", "lightning.pytorch", "lightning.fabric", "pytorch_lightning.utilities.rank_zero")


class RunsOn(Protocol):
    """The settings of where a run runs."""

    @property
    def devices(self) -> str:
        """`auto`, a number, or indices."""

    @property
    def nodes(self) -> int:
        """Machines."""

    @property
    def strategy(self) -> str:
        """Lightning's strategy."""


def trainer_options(settings: RunsOn, machine: Machine, group: Together | None = None) -> dict[str, Any]:
    """Return the `Trainer` arguments that all runs share.

    Args:
        settings: Where the user wants the run.
        machine: What there is.
        group: The processes of the run, where they have found one another already.
    """
    on_gpu = machine.device.type == "cuda"
    devices: int | str = 1 if settings.devices == "auto" else settings.devices
    strategy: str | Strategy = settings.strategy
    picked = one_index(settings.devices)
    if group is not None:
        devices = group.local_world
        strategy = _strategy(settings.strategy, group.world)
    return {
        "accelerator": "gpu" if on_gpu else "cpu",
        "devices": [picked] if picked is not None else int(devices) if str(devices).isdigit() else devices,
        "num_nodes": settings.nodes if group is None else group.nodes,
        "strategy": strategy,
        "precision": machine.precision,
        "logger": False,
        "enable_checkpointing": False,
        "enable_progress_bar": False,
        "enable_model_summary": False,
        "num_sanity_val_steps": 0,
        "use_distributed_sampler": False,
        "plugins": [VerifiedCheckpointIO()],
    }


def _strategy(name: str, world: int) -> str | Strategy:
    """Return the strategy of processes that have found one another."""
    if world == 1:
        return "auto"
    if name == "fsdp":
        # FSDP2: the network divides itself in `configure_model`. One whole file, as every other run saves.
        return ModelParallelStrategy(world, 1, save_distributed_checkpoint=False)
    return "ddp" if name == "auto" else name


def world_size(settings: RunsOn) -> int:
    """Return how many devices train together, on all machines."""
    return devices_here(settings.devices) * settings.nodes


def devices_here(devices: str) -> int:
    """Return how many devices of this machine `auto`, a number, or indices mean."""
    return 1 if devices == "auto" else int(devices) if devices.isdigit() else len(devices.strip(",").split(","))


def one_index(devices: str) -> int | None:
    """Return the index of the one device that `3,` picks; None where indices pick several, or none."""
    indices = [each for each in devices.split(",") if each]
    return int(indices[0]) if "," in devices and len(indices) == 1 else None


def check_strategy(name: str, known: Collection[str], what: str) -> None:
    """Check that a kind of training knows a strategy.

    Args:
        name: As the user gave it.
        known: The strategies.
        what: The kind of training, as the subject of a sentence.

    Raises:
        UserError: It is none of them.
    """
    if name not in known:
        raise UserError(
            f"{what} with `{name}` is not supported", where="--strategy", fix=f"use one of {', '.join(known)}"
        )


def check_where(settings: RunsOn, machine: Machine, group: Together | None = None) -> None:
    """Check where the run is to run, before anything is made.

    Args:
        settings: What the user asks for.
        machine: What there is.
        group: The processes of the run, where they have found one another already.

    Raises:
        UserError: There is no such strategy or device.
    """
    if settings.strategy != "auto" and settings.strategy not in StrategyRegistry.available_strategies():
        raise UserError(f"no strategy `{settings.strategy}`", where="--strategy", fix="leave it out, or use ddp")
    on_gpu = machine.device.type == "cuda"
    if "," in settings.devices and not on_gpu:
        raise UserError("there is no GPU to pick by index", where="--devices", fix="leave it out")
    wanted = [int(i) for i in settings.devices.split(",") if i] if "," in settings.devices else []
    if on_gpu and group is not None and group.world > 1:
        # Each process sees only the devices that were picked, counted from 0.
        if torch.cuda.device_count() < group.local_world:
            what = f"{torch.cuda.device_count()} of the {group.local_world} GPUs that were asked for are there"
            raise UserError(what, where="--devices", fix="indices count from 0; nvidia-smi lists what there is")
    elif on_gpu and wanted and max(wanted) >= torch.cuda.device_count():
        raise UserError(f"there is no GPU {max(wanted)}", where="--devices", fix="indices count from 0")


@contextmanager
def quiet_lightning() -> Iterator[None]:
    """Keep Lightning's banners and hints off the screen; our own plan says what matters."""
    loggers = [logging.getLogger(name) for name in _LOGGERS]
    levels = [logger.level for logger in loggers]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"pytorch_lightning|lightning|torch\.utils\.data")
        warnings.filterwarnings("ignore", message=r".*(does not have many workers|isinstance\(treespec|LeafSpec).*")
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        try:
            yield
        finally:
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)
