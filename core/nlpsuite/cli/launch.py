"""Starting `suite` once for each device of this machine, as torchrun would, with one exit status and one voice.

Results and words come from the first process; of the others only what goes wrong is heard. Ctrl-C, SIGTERM and SIGUSR1 reach
every process once, and all end at the same step.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import typer

from nlpsuite.cli.outcome import WRONG_INPUT
from nlpsuite.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType

STOPPED = (128 + signal.SIGINT, 128 + signal.SIGTERM)
"""Exit statuses of a run that a signal stopped."""
PR_SET_PDEATHSIG = 1
GRACE_SECONDS = 20.0
"""How long processes may go on when one of them has failed: they wait for it in vain."""


def is_launched() -> bool:
    """Whether this process is one of several that were started together."""
    return "TORCHELASTIC_RUN_ID" in os.environ or int(os.environ.get("SLURM_NTASKS", "1")) > 1


def is_first() -> bool:
    """Whether this process is alone, or the first of several: the one that is heard."""
    return not is_launched() or os.environ.get("RANK", os.environ.get("SLURM_PROCID", "0")) == "0"


def start_on_each(devices: str, context: typer.Context) -> None:
    """Run the command that the user typed once for each of several devices, and end with its exit status.

    Nothing happens for one device, nor in a process that is one of several already.

    Args:
        devices: `auto`, how many, or their indices.
        context: The command's; it knows what was typed.
    """
    from nlpsuite.training.lightning import devices_here

    number = devices_here(devices)
    if number == 1 or is_launched():
        return
    typed: list[str] = context.find_root().obj["typed"]
    visible = visible_gpus(devices, os.environ.get("CUDA_VISIBLE_DEVICES")) if "," in devices else None
    raise typer.Exit(launch(number, typed, visible=visible))


def visible_gpus(indices: str, visible: str | None) -> str:
    """Return CUDA_VISIBLE_DEVICES for the GPUs of these indices.

    Args:
        indices: As the user picks them, `2,3`: of what this process sees.
        visible: CUDA_VISIBLE_DEVICES as it is; None: all.

    Raises:
        UserError: An index is of none that is visible.
    """
    picked = [int(each) for each in indices.split(",") if each]
    if not visible:
        return ",".join(map(str, picked))
    here = visible.split(",")
    if max(picked) >= len(here):
        what = f"there is no GPU {max(picked)} among CUDA_VISIBLE_DEVICES={visible}"
        raise UserError(what, where="--devices", fix="indices count from 0")
    return ",".join(here[each] for each in picked)


def launch(number: int, arguments: Sequence[str], *, visible: str | None = None) -> int:
    """Run `suite ARGUMENTS` in several processes and return the exit status: that of the first of them that failed.

    Args:
        number: How many.
        arguments: What the user typed after `suite`.
        visible: Indices of the GPUs to use; None: the first ones.
    """
    from nlpsuite.training.signals import CAUGHT

    before = {each: signal.getsignal(each) for each in CAUGHT}
    processes: list[subprocess.Popen[bytes]] = []

    def pass_on(number: int, frame: FrameType | None) -> None:
        for process in processes:
            if process.poll() is None:
                process.send_signal(number)

    try:
        for each in before:
            signal.signal(each, pass_on)
        port = _free_port()
        for rank in range(number):
            processes.append(_start(rank, number, arguments, port, visible))
        return _wait(processes)
    finally:
        for process in processes:
            if process.poll() is None:
                process.kill()
        for each, handler in before.items():
            signal.signal(each, handler)


def _start(rank: int, number: int, arguments: Sequence[str], port: int, visible: str | None) -> subprocess.Popen[bytes]:
    cores = max(1, (os.cpu_count() or 1) // number)
    environment = {
        "OMP_NUM_THREADS": str(cores),
        **os.environ,
        "RANK": str(rank),
        "LOCAL_RANK": str(rank),
        "GROUP_RANK": "0",
        "WORLD_SIZE": str(number),
        "LOCAL_WORLD_SIZE": str(number),
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
        "TORCHELASTIC_RUN_ID": "suite",
    }
    if visible is not None:
        environment["CUDA_VISIBLE_DEVICES"] = visible
    quiet = None if rank == 0 else subprocess.DEVNULL
    # In a session of its own, so that Ctrl-C comes through here alone and not twice.
    return subprocess.Popen(
        [sys.executable, "-m", "nlpsuite.cli", *arguments],
        env=environment,
        stdin=quiet,
        stdout=quiet,
        start_new_session=True,
        preexec_fn=_end_with_the_launcher,
    )


def _end_with_the_launcher() -> None:
    """Have the system send SIGTERM to this process when the one that started it is gone, however that came; on Linux."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def _wait(processes: Sequence[subprocess.Popen[bytes]]) -> int:
    """Wait for all to end and return the first one's status that failed; the others are soon ended then."""
    failed: int | None = None
    deadline = 0.0
    while any(process.poll() is None for process in processes):
        if failed is None and (failed := next((code for p in processes if (code := p.poll())), None)) is not None:
            deadline = time.monotonic() + GRACE_SECONDS
            # One that a signal stopped before training began had no way to tell the others of it.
            if failed in STOPPED:
                for process in processes:
                    process.send_signal(failed - 128)
        if failed is not None and time.monotonic() > deadline:
            for process in processes:
                process.kill()
        time.sleep(0.1)
    codes = [process.returncode for process in processes]
    # What the others say of one that was stopped, or that found the user's input wrong, comes of it.
    telling = [code for code in codes if code in (*STOPPED, WRONG_INPUT)]
    failed = telling[0] if telling else failed or next((code for code in codes if code), 0)
    # Killed by a signal of the system's own, such as for memory: 128 and its number, as a shell says it.
    return failed if failed >= 0 else 128 - failed


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
