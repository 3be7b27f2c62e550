"""The hooks a plugin may implement, and the two markers. Few hooks that return typed objects beat many hooks.

A plugin is a module (or an object) named by an entry point of group `nlpsuite`; it marks its functions with `hookimpl`:

    from collections.abc import Sequence
    from typing import Any

    from nlpsuite.api import TaskSpec, hookimpl

    @hookimpl
    def nlpsuite_tasks() -> Sequence[TaskSpec[Any]]:
        return [TaskSpec(name="shout", summary="...", api_version=1, config=ShoutSettings, build=build)]
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytorch_lightning import Callback

    from nlpsuite.host.spec import RunInfo, TaskSpec

PROJECT = "nlpsuite"
"""The project's name in pluggy; the prefix of every hook is this name and an underscore."""

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)
"""Marks a plugin's function as the implementation of the hook of the same name."""


@hookspec
def nlpsuite_tasks() -> Sequence[TaskSpec[Any]]:  # type: ignore[empty-body]
    """Return the tasks this plugin offers. Required; it may return an empty sequence.

    It is called whenever the plugin is loaded, so it must be cheap: import torch inside `TaskSpec.build`, not here.

    Returns:
        One `TaskSpec` for each task. No two installed plugins may offer the same name.
    """


@hookspec
def nlpsuite_callbacks(run: RunInfo) -> Sequence[Callback]:  # type: ignore[empty-body]
    """Return Lightning callbacks for a fine-tuning run. Optional; every enabled plugin is asked, for every run.

    Args:
        run: The task, output folder and seed of the run; return an empty sequence for a run that is not yours.

    Returns:
        Callbacks that the Trainer calls after the host's own.
    """
