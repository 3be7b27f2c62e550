"""What the run runs on: device, number format, memory, and how fast it really is."""

from __future__ import annotations

import platform
import resource
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import torch

from nlpsuite.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable

PrecisionName = Literal["auto", "32", "bf16", "16"]


@dataclass(frozen=True, slots=True)
class Machine:
    """The device of a run.

    Attributes:
        device: Where tensors live.
        precision: Lightning's name of the number format.
        label: The device in words.
    """

    device: torch.device
    precision: Literal["32-true", "bf16-mixed", "16-mixed"]
    label: str


def find_machine(precision: PrecisionName, index: int | None = None) -> Machine:
    """Look for a GPU, and pick the number format: bf16 where the GPU has it, float32 on a CPU, unless the user says.

    Args:
        precision: What the user says.
        index: Of the GPU that the user picked; it becomes the current one. None: the one that is.

    Raises:
        UserError: The format needs a GPU and there is none, or there is none of this index.
    """
    if index is not None:
        count = torch.cuda.device_count()
        if index >= count:
            what = f"there is no GPU {index}" if count else "there is no GPU to pick by index"
            raise UserError(what, where="--devices", fix="indices count from 0" if count else "leave it out")
        torch.cuda.set_device(index)
    if torch.cuda.is_available():
        device = torch.device("cuda", torch.cuda.current_device())
        label = torch.cuda.get_device_name(device)
        auto: Literal["32-true", "bf16-mixed"] = "bf16-mixed" if torch.cuda.is_bf16_supported() else "32-true"
    else:
        device = torch.device("cpu")
        label = f"CPU ({platform.machine()}, {torch.get_num_threads()} threads)"
        auto = "32-true"
    if precision in ("bf16", "16") and device.type == "cpu":
        raise UserError(
            f"{precision} needs a GPU: a CPU is far slower with it", where="--precision", fix="leave it out"
        )
    named: dict[str, Literal["32-true", "bf16-mixed", "16-mixed"]] = {
        "32": "32-true",
        "bf16": "bf16-mixed",
        "16": "16-mixed",
    }
    return Machine(device, auto if precision == "auto" else named[precision], label)


def peak_memory(device: torch.device) -> int:
    """Return the most memory used so far, in bytes: of the GPU, or of this process."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def matrix_speed(device: torch.device, seconds: float = 0.3) -> float:
    """Measure the float32 (CPU) or bf16 (GPU) matrix products of this moment, in floating point operations a second."""
    size = 512 if device.type == "cpu" else 4096
    dtype = torch.float32 if device.type == "cpu" else torch.bfloat16
    a = torch.ones(size, size, device=device, dtype=dtype)
    return 2.0 * size**3 * per_second(lambda: a @ a, device, seconds)


def per_second(call: Callable[[], object], device: torch.device, seconds: float) -> float:
    """Return how often `call` runs in a second, measured for about `seconds` after one run to warm up."""

    def settle() -> None:
        if device.type == "cuda":
            torch.cuda.synchronize(device)

    call()
    settle()
    start, runs = time.perf_counter(), 0
    while True:
        call()
        runs += 1
        settle()
        spent = time.perf_counter() - start
        if spent >= seconds:
            return runs / spent
