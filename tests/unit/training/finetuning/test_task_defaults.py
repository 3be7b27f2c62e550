"""A task's own defaults lie under what the user sets."""

from __future__ import annotations

import pytest

from nlpsuite.config import Settings, build
from nlpsuite.errors import UserError
from nlpsuite.host.spec import TaskSpec
from nlpsuite.training.finetuning.settings import FinetuneSettings, with_task_defaults


def resolved(defaults, given):
    def never(context, settings):
        raise AssertionError

    spec = TaskSpec(name="x", summary="", api_version=1, config=Settings, build=never, defaults=defaults)
    return with_task_defaults(build(FinetuneSettings, given, where="test"), given, spec)


def test_a_task_changes_only_what_the_user_did_not_set():
    settings = resolved({"token_dropout": 0.0, "lr": 2e-3, "lora": {"rank": 4}}, {"lr": 5e-4, "lora": {"alpha": 2.0}})
    assert (settings.token_dropout, settings.lr, settings.lora.rank, settings.lora.alpha) == (0.0, 5e-4, 4, 2.0)
    assert settings.clip == FinetuneSettings().clip
    assert resolved({}, {"lr": 1e-4}) == FinetuneSettings(lr=1e-4)


def test_a_budget_of_the_user_replaces_the_tasks():
    assert resolved({"epochs": 5}, {}).epochs == 5
    settings = resolved({"epochs": 5}, {"time": 60.0})
    assert (settings.epochs, settings.time) == (None, 60.0)


def test_a_misspelt_default_is_an_error_that_names_the_task():
    with pytest.raises(UserError, match="defaults of task `x`"):
        resolved({"token_droput": 0.0}, {})
