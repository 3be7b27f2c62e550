"""Several processes that train as one: who is first, what they tell one another, and how they agree.

They are started by torchrun, by SLURM, or by `suite` itself (`nlpsuite.cli.launch`), and find one another before anything
else is done, so that the first alone makes folders and reads text. What they agree on each step are a few numbers on the
processor, over gloo, between a step's gradients and its update.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.distributed as dist
from lightning_fabric.plugins.environments.slurm import SLURMEnvironment
from lightning_fabric.plugins.environments.torchelastic import TorchElasticEnvironment

from nlpsuite.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lightning_fabric.plugins.environments.cluster_environment import ClusterEnvironment
    from numpy.typing import NDArray


@contextmanager
def _talking() -> Iterator[None]:
    """Tell what torch says of a process that is gone in words of ours.

    Raises:
        ConnectionError: Another process has ended.
    """
    try:
        yield
    except RuntimeError as error:
        raise ConnectionError("another process of this run has ended; what it says is the reason") from error


@dataclass(frozen=True, slots=True)
class Joined:
    """Numbers of all processes.

    Attributes:
        some: The first ones of each.
        total: How many there are.
    """

    some: list[int]
    total: int


class Together:
    """The processes of a run, seen from one of them. One process alone needs no group.

    Attributes:
        rank: This process, 0 for the first.
        world: How many there are.
        local_world: How many of them are on this machine.
    """

    def __init__(self, rank: int = 0, world: int = 1, local_world: int = 1):
        self.rank, self.world, self.local_world = rank, world, local_world
        # A group of its own for small numbers on the processor, whatever the group of gradients is.
        # The others wait while the first one reads and tokenises the text, however long that takes.
        self._group = dist.new_group(backend="gloo", timeout=timedelta(days=7)) if world > 1 else None

    @property
    def is_first(self) -> bool:
        """Whether this process writes and tells."""
        return self.rank == 0

    @property
    def nodes(self) -> int:
        """Machines."""
        return self.world // self.local_world

    def tell(self, text: str = "") -> str:
        """Return what the first process gave here; all must call it."""
        if self._group is None:
            return text
        size = torch.tensor([len(text.encode())])
        with _talking():
            dist.broadcast(size, 0, group=self._group)
        letters = torch.zeros(int(size), dtype=torch.uint8)
        if self.is_first and text:
            letters = torch.frombuffer(bytearray(text.encode()), dtype=torch.uint8)
        if len(letters):
            with _talking():
                dist.broadcast(letters, 0, group=self._group)
        return bytes(letters.tolist()).decode()

    def total(self, values: Sequence[float]) -> list[float]:
        """Return the sum of each value over all processes; all must call it."""
        if self._group is None:
            return list(values)
        tensor = torch.tensor(values, dtype=torch.float64)
        with _talking():
            dist.all_reduce(tensor, group=self._group)
        return tensor.tolist()

    def any_of(self, flags: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return which flags are set in any process; all must call it."""
        if self._group is None:
            return flags
        tensor = torch.from_numpy(flags.astype(np.uint8))
        with _talking():
            dist.all_reduce(tensor, op=dist.ReduceOp.MAX, group=self._group)
        return tensor.numpy().astype(bool)

    def join(self, numbers: Sequence[int], most: int) -> Joined:
        """Return the numbers of all processes, the first `most` of each; all must call it."""
        slots = [0.0] * (self.world * most)
        some = numbers[:most]
        slots[self.rank * most : self.rank * most + len(some)] = [number + 1.0 for number in some]
        *slots, count = self.total([*slots, float(len(numbers))])
        return Joined([int(slot) - 1 for slot in slots if slot], int(count))

    @contextmanager
    def others_wait(self) -> Iterator[None]:
        """Do what the first process does alone; if it fails, the others, who wait in `hear_first`, end too."""
        try:
            yield
        except BaseException:
            self.tell("")
            raise

    def hear_first(self) -> str:
        """Wait for what the first process tells, in one of the others.

        Raises:
            SystemExit: It failed, and says so itself.
        """
        text = self.tell()
        if not text:
            raise SystemExit(1)
        return text


def _environment() -> ClusterEnvironment | None:
    if TorchElasticEnvironment.detect():
        return TorchElasticEnvironment()
    if "SLURM_NTASKS" in os.environ and "SLURM_PROCID" in os.environ and SLURMEnvironment.detect():
        return SLURMEnvironment()
    return None


@contextmanager
def together(wanted: int, nodes: int) -> Iterator[Together]:
    """Find the other processes of this run, if it was started as several.

    Args:
        wanted: Devices on this machine that the user asks for; 0: as many as there are processes.
        nodes: Machines that the user asks for.

    Raises:
        UserError: What was started is not what was asked for.
    """
    environment = _environment()
    if environment is None or environment.world_size() == 1:
        if nodes > 1:
            raise UserError(
                f"{nodes} machines, but this process was started alone",
                where="--nodes",
                fix="start the command on each machine with torchrun or srun; docs/scaling.md has the lines",
            )
        yield Together()
        return
    world = environment.world_size()
    local = int(os.environ.get("LOCAL_WORLD_SIZE") or os.environ.get("SLURM_NTASKS_PER_NODE") or world)
    if wanted and wanted != local:
        raise UserError(
            f"{wanted} devices are asked for and {local} processes were started on this machine",
            where="--devices",
            fix="leave it out, or start as many",
        )
    os.environ["MASTER_ADDR"], os.environ["MASTER_PORT"] = environment.main_address, str(environment.main_port)
    backend = "gloo"
    if torch.cuda.is_available():
        torch.cuda.set_device(environment.local_rank())
        backend = "cpu:gloo,cuda:nccl"
    dist.init_process_group(backend, rank=environment.global_rank(), world_size=world)
    try:
        yield Together(environment.global_rank(), world, local)
    finally:
        dist.destroy_process_group()
