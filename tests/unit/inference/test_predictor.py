from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch

from nlpsuite.backbone.checkpoint import load_backbone
from nlpsuite.host.manager import PluginHost
from nlpsuite.host.resolve import resolve_name
from nlpsuite.inference.predictor import predict_rows
from nlpsuite.report import Silent
from nlpsuite.tasks.task import Row, TaskContext

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from nlpsuite.backbone.model import Backbone
    from nlpsuite.tasks.task import Task

# From no tokens to several windows of the context.
ROWS = [Row({"text": text * n}) for n in range(12) for text in ("The cat sat. ", "Nobody knows why, she said, ", "ü")]


@pytest.fixture
def model(backbone_folder: Path) -> tuple[Task, torch.nn.Module, Backbone, int]:
    backbone, tokenizer = load_backbone(backbone_folder)
    spec = resolve_name("sentiment", PluginHost.installed(Silent()))
    task = spec.build(TaskContext(tokenizer, backbone.config.context, 0, Silent()), spec.config())
    task.fit([Row({"text": "a"}, "x"), Row({"text": "b"}, "y"), Row({"text": "c"}, "z")])
    head = task.make_head(backbone.config.d_model)
    # Drawn by a seed: weights by chance of whatever ran before may be so large that rounding shows.
    generator = torch.Generator().manual_seed(1)
    for parameter in head.parameters():
        torch.nn.init.normal_(parameter, std=0.3, generator=generator)
    return task, head, backbone, tokenizer.pad_id


def test_one_prediction_for_each_row_in_order(model: tuple):
    assert [row for row, _ in predict_rows(*model[:3], ROWS, model[3], pool=5)] == ROWS


@pytest.mark.parametrize(("batch_tokens", "pool"), [(1, 1), (64, 4), (10_000, 100), (200, 36)])
def test_a_prediction_does_not_depend_on_its_neighbours(model: tuple, batch_tokens: int, pool: int):
    task, head, backbone, pad_id = model
    alone = [next(predict_rows(task, head, backbone, [row], pad_id))[1]["probabilities"] for row in ROWS]
    together = predict_rows(task, head, backbone, ROWS, pad_id, batch_tokens=batch_tokens, pool=pool)
    for one, (_, other) in zip(alone, together, strict=True):
        assert other["probabilities"] == pytest.approx(one, abs=1e-5)
    assert max(abs(one["x"] - alone[0]["x"]) for one in alone) > 0.01


def test_no_rows(model: tuple):
    assert list(predict_rows(*model[:3], [], model[3])) == []


def test_rows_stream(model: tuple):
    taken = []

    def rows() -> Iterator[Row]:
        for number, row in enumerate(ROWS):
            taken.append(number)
            yield row

    predictions = predict_rows(*model[:3], rows(), model[3], pool=4)
    next(predictions)
    assert taken == [0, 1, 2, 3]


def test_modes_are_put_back(model: tuple):
    task, head, backbone, pad_id = model
    head.train()
    backbone.train()
    backbone.blocks[0].eval()
    list(predict_rows(task, head, backbone, ROWS[:2], pad_id))
    assert head.training
    assert backbone.training
    assert not backbone.blocks[0].training
    # Dropout in the head is off meanwhile: two passes agree.
    first, second = (list(predict_rows(task, head, backbone, ROWS, pad_id)) for _ in range(2))
    assert first == second
