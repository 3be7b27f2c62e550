from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import torch

from nlpsuite.backbone.checkpoint import load_backbone
from nlpsuite.backbone.machine import Machine
from nlpsuite.config import build
from nlpsuite.host.manager import PluginHost
from nlpsuite.host.resolve import resolve_name
from nlpsuite.report import Silent
from nlpsuite.tasks.task import Row, TaskContext
from nlpsuite.training.finetuning.noise import TokenDropout, seeded
from nlpsuite.training.finetuning.plan import make_plan, show_plan
from nlpsuite.training.finetuning.prepare import Prepared, encode_rows
from nlpsuite.training.finetuning.rows import TaskRows
from nlpsuite.training.finetuning.settings import FinetuneSettings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from nlpsuite.text.tokenizer import Tokenizer

CPU = Machine(torch.device("cpu"), "32-true", "CPU")


@pytest.fixture
def prepared(backbone_folder: Path) -> Callable[[int], Prepared]:
    """Make training rows of some number, of five words each, and 10 validation rows."""
    backbone, tokenizer = load_backbone(backbone_folder)
    spec = resolve_name("sentiment", PluginHost.installed(Silent()))

    def make(number: int) -> Prepared:
        task = spec.build(TaskContext(tokenizer, 32, 0, Silent()), spec.config())
        train = [Row({"text": f"The cat sat {n % 7}"}, ("good", "bad")[n % 2]) for n in range(number)]
        task.fit(train)
        rows = TaskRows(train, train[:10], [], False)
        return Prepared(task, task.make_head(16), backbone, tokenizer, rows, *encode_rows(task, train, Silent()))

    return make


def settings(**values: Any) -> FinetuneSettings:
    return build(FinetuneSettings, values, where="test")


def windows_per_step(prepared: Prepared, **values: Any) -> float:
    plan = make_plan(prepared, settings(**values), CPU, 1)
    return len(prepared.windows) / plan.order.first(1) * plan.per_step


def test_batches_grow_with_the_rows(prepared: Callable[[int], Prepared]):
    small, medium, large = (windows_per_step(prepared(number)) for number in (300, 9_000, 40_000))
    assert small == pytest.approx(16, rel=0.15)
    assert medium == pytest.approx(30, rel=0.15)
    assert large == pytest.approx(64, rel=0.15)


def test_few_rows_get_more_epochs(prepared: Callable[[int], Prepared]):
    for number, epochs in ((100, 15), (1_000, 9), (20_000, 3)):
        plan = make_plan(prepared(number), settings(), CPU, 1)
        assert plan.budget.steps is not None
        assert plan.epochs(plan.budget.steps * plan.per_step) == pytest.approx(epochs, abs=1.2)


def test_a_step_larger_than_what_is_computed_at_once_is_added_up(prepared: Callable[[int], Prepared]):
    plan = make_plan(prepared(1_000), settings(batch_tokens=1_000, micro_tokens=250), CPU, 1)
    assert plan.per_step == 4
    assert len(make_plan(prepared(1_000), settings(batch_tokens=1_000), CPU, 2).order.batch(0)) * 2 == pytest.approx(
        windows_per_step(prepared(1_000), batch_tokens=1_000), rel=0.15
    )


def test_validations_take_a_bounded_share(prepared: Callable[[int], Prepared]):
    def number(share: float) -> int:
        return make_plan(prepared(1_000), settings(epochs=1, validation_share=share), CPU, 1).validations

    # 10 of 1,000 rows cost 0.4 % of an epoch.
    assert [number(share) for share in (0.001, 0.022, 0.042, 1.0)] == [1, 5, 10, 20]


def test_the_plan_is_shown(prepared: Callable[[int], Prepared], spy: Any):
    chosen = settings(epochs=2)
    show_plan("sentiment", prepared(100), make_plan(prepared(100), chosen, CPU, 1), chosen, CPU, spy)
    shown = dict(spy.tables[0][1])
    assert shown["labels"] == "bad, good"
    assert shown["training rows"].startswith("100 ")
    assert shown["test rows"] == "none"
    assert shown["planned"].startswith("2 epochs")


def test_hidden_tokens_are_ordinary_ones(tiny_tokenizer: Tokenizer):
    ids_BT = torch.tensor([[tiny_tokenizer.bos_id, *range(10, 200), tiny_tokenizer.eos_id, tiny_tokenizer.pad_id]])
    hide = TokenDropout(0.3, tiny_tokenizer)
    with seeded(1, 2, torch.device("cpu")):
        hidden = hide(ids_BT)
    with seeded(1, 2, torch.device("cpu")):
        assert torch.equal(hide(ids_BT), hidden)
    changed = hidden != ids_BT
    assert 0.2 < changed[0, 1:-2].float().mean() < 0.4
    assert (hidden[changed] == tiny_tokenizer.mask_id).all()
    assert not changed[0, 0]
    assert not changed[0, -2:].any()
    assert TokenDropout(0.0, tiny_tokenizer)(ids_BT) is ids_BT


def test_long_windows_do_not_make_steps_so_long_that_a_short_run_has_few_of_them(prepared: Callable[[int], Prepared]):
    ready = prepared(40_000)
    long = [replace(window, ids=list(window.ids) * 30) for window in ready.windows]
    mean = sum(len(window.ids) for window in long) / len(long)
    in_step = windows_per_step(replace(ready, windows=long))
    assert in_step * mean == pytest.approx(max(4_096, 16 * mean), rel=0.15)
    assert in_step == pytest.approx(max(16, 4_096 / mean), rel=0.15)
