from __future__ import annotations

import pytest
import torch

from nlpsuite.backbone.checkpoint import load_backbone
from nlpsuite.report import Silent
from nlpsuite.training.pretraining.average import TailAverage
from nlpsuite.training.pretraining.pretrain import pretrain
from nlpsuite.training.pretraining.short_rows import row_length


@pytest.mark.parametrize(
    ("progress", "length"), [(0.0, 64), (0.19, 64), (0.2, 128), (0.39, 128), (0.4, None), (1.0, None)]
)
def test_quarters_then_halves_then_whole_rows(progress, length):
    assert row_length(256, progress, 0.4) == length


def test_no_schedule_is_whole_rows():
    assert row_length(256, 0.0, 0.0) is None


@pytest.mark.parametrize(("context", "length"), [(100, 50), (66, 33), (32, None), (81, None), (128, 32)])
def test_a_row_is_cut_into_equal_parts_that_are_not_too_short(context, length):
    assert row_length(context, 0.0, 1.0) == length


def test_a_run_with_short_rows_learns_and_ends_with_whole_ones(tiny_request):
    values = {"model": {"context": 128}, "optimizer": {"batch_tokens": 512, "micro_tokens": 256}, "max_steps": 30}
    short = pretrain(tiny_request("short", short_rows=0.5, **values), Silent())
    assert short["val/loss"] < torch.tensor(320.0).log() - 0.5


def test_a_run_ends_with_the_mean_of_its_last_weights(tiny_request, monkeypatch):
    noted = []

    class Noting(TailAverage):
        def update(self, progress):
            noted.append((progress, [p.detach().clone() for p in self._network.parameters()]))
            super().update(progress)

    monkeypatch.setattr("nlpsuite.training.pretraining.module.TailAverage", Noting)
    request = tiny_request(max_steps=10, optimizer={"average": 0.35})
    pretrain(request, Silent())
    tail = [weights for progress, weights in noted if progress >= 0.65]
    assert 2 <= len(tail) <= 4
    assert len(noted) == 10
    kept, _ = load_backbone(request.out / "model")
    for weight, *of_steps in zip(kept.parameters(), *tail, strict=True):
        torch.testing.assert_close(weight.detach(), torch.stack(of_steps).mean(0), rtol=0, atol=1e-6)
        assert not torch.equal(weight, of_steps[-1])


def test_the_average_is_the_mean_of_the_tail_alone():
    layer = torch.nn.Linear(2, 1, bias=False)
    average = TailAverage(layer, 0.5)
    for step, progress in enumerate((0.2, 0.4, 0.6, 0.8, 1.0)):
        with torch.no_grad():
            layer.weight.fill_(float(step))
        average.update(progress)
    saved = average.state()
    other = torch.nn.Linear(2, 1, bias=False)
    resumed = TailAverage(other, 0.5)
    resumed.load(saved)
    average.use()
    resumed.use()
    assert torch.equal(layer.weight, torch.full((1, 2), 3.0))
    assert torch.equal(other.weight, layer.weight)


def test_nothing_averaged_leaves_the_weights():
    layer = torch.nn.Linear(2, 1)
    before = layer.weight.detach().clone()
    average = TailAverage(layer, 0.0)
    average.update(1.0)
    average.use()
    assert torch.equal(layer.weight, before)
