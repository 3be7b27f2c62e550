"""What a plugin declares: plain, typed, and cheap to import."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from nlpsuite.config import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from nlpsuite.tasks.task import Task, TaskContext

API_VERSION = 1
"""The plugin API this host speaks; a plugin states the one it was written for."""

OLDEST_API_VERSION = max(1, API_VERSION - 1)
"""The oldest that it still takes: the one before, for one release, with a warning."""

C = TypeVar("C", bound=Settings)


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskSpec(Generic[C]):
    """One task that a plugin offers.

    Attributes:
        name: What the user types: lower-case letters, digits and hyphens.
        summary: One line for `suite plugins list`.
        api_version: The plugin API it was written for; `nlpsuite.api.API_VERSION` at that time, as a number.
        config: The plugin's own settings: the schema of `task:` in a recipe.
        build: Makes the task; imports torch inside, so that declaring stays cheap.
        examples: The folder with the plugin's own rows, used when the user gives no data; None if it has none.
        defaults: Settings of `suite run` that suit the task better than the usual ones (`token_dropout`, `lr` ...); what
            the user sets in a recipe or by flags goes before them.
    """

    name: str
    summary: str
    api_version: int
    config: type[C]
    build: Callable[[TaskContext, C], Task]
    examples: Path | None = None
    defaults: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class RunInfo:
    """What a plugin's callbacks may know of a run.

    Attributes:
        task: The task's name.
        folder: The run's output folder.
        seed: The run's seed.
    """

    task: str
    folder: Path
    seed: int
