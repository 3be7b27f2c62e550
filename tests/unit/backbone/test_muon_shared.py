"""Muon's matrices shared out over processes: the update is the one that a single process makes."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp

from nlpsuite.backbone.muon import _shared_out
from nlpsuite.backbone.orthogonal import orthogonalise

STEPS = 4


def matrices(number: int) -> torch.Tensor:
    return torch.randn(number, 6, 15, generator=torch.Generator().manual_seed(number))


def work(rank: int, world: int, number: int, folder: str) -> None:
    dist.init_process_group(
        "gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=world, timeout=timedelta(seconds=60)
    )
    torch.save(_shared_out(matrices(number), STEPS), Path(folder) / f"{rank}.pt")
    dist.destroy_process_group()


# One matrix for two processes, an even and an odd number.
@pytest.mark.parametrize("number", [1, 4, 5])
def test_every_process_gets_all_of_the_update(tmp_path, number):
    mp.spawn(work, args=(2, number, str(tmp_path)), nprocs=2)
    alone = orthogonalise(matrices(number), STEPS)
    for rank in range(2):
        found = torch.load(tmp_path / f"{rank}.pt", weights_only=True)
        torch.testing.assert_close(found, alone, rtol=1e-5, atol=1e-6)


def test_a_process_alone_does_it_all():
    assert torch.equal(_shared_out(matrices(3), STEPS), orthogonalise(matrices(3), STEPS))
