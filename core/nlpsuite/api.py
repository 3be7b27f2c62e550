"""The public surface for plugin authors: what is named here keeps its meaning for a whole `API_VERSION`.

Names are looked up in their home module when first used (PEP 562), so that a plugin may import from here and stay
cheap: declaring a task imports no torch. A new name takes one line in each of the three lists.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nlpsuite.config import Settings
    from nlpsuite.errors import UserError
    from nlpsuite.host.hookspecs import hookimpl
    from nlpsuite.host.spec import API_VERSION, RunInfo, TaskSpec
    from nlpsuite.report import Progress, Reporter, Silent
    from nlpsuite.tasks.examples import add_examples, with_examples
    from nlpsuite.tasks.heads import PooledHead
    from nlpsuite.tasks.labels import LabelSchema, natural_order
    from nlpsuite.tasks.lines import file_lines
    from nlpsuite.tasks.metrics import ClassificationMetrics, majority_baseline
    from nlpsuite.tasks.network import Network
    from nlpsuite.tasks.splits import find_splits, split_rows
    from nlpsuite.tasks.tables import Record, Table, read_table
    from nlpsuite.tasks.task import (
        AttentionMode,
        Batch,
        Row,
        ScoreTable,
        Split,
        SplitFiles,
        Task,
        TaskContext,
        TaskMetrics,
        Window,
        strings_in,
    )
    from nlpsuite.tasks.text_classification import TextClassification
    from nlpsuite.tasks.text_settings import TextClassificationSettings
    from nlpsuite.tasks.windows import text_windows, window_spans
    from nlpsuite.text.tokenizer import Tokenizer

_HOME = {
    "API_VERSION": "nlpsuite.host.spec",
    "AttentionMode": "nlpsuite.tasks.task",
    "Batch": "nlpsuite.tasks.task",
    "ClassificationMetrics": "nlpsuite.tasks.metrics",
    "LabelSchema": "nlpsuite.tasks.labels",
    "Network": "nlpsuite.tasks.network",
    "PooledHead": "nlpsuite.tasks.heads",
    "Progress": "nlpsuite.report",
    "Record": "nlpsuite.tasks.tables",
    "Reporter": "nlpsuite.report",
    "Row": "nlpsuite.tasks.task",
    "RunInfo": "nlpsuite.host.spec",
    "ScoreTable": "nlpsuite.tasks.task",
    "Settings": "nlpsuite.config",
    "Silent": "nlpsuite.report",
    "Split": "nlpsuite.tasks.task",
    "SplitFiles": "nlpsuite.tasks.task",
    "Table": "nlpsuite.tasks.tables",
    "Task": "nlpsuite.tasks.task",
    "TaskContext": "nlpsuite.tasks.task",
    "TaskMetrics": "nlpsuite.tasks.task",
    "TaskSpec": "nlpsuite.host.spec",
    "TextClassification": "nlpsuite.tasks.text_classification",
    "TextClassificationSettings": "nlpsuite.tasks.text_settings",
    "Tokenizer": "nlpsuite.text.tokenizer",
    "UserError": "nlpsuite.errors",
    "Window": "nlpsuite.tasks.task",
    "add_examples": "nlpsuite.tasks.examples",
    "file_lines": "nlpsuite.tasks.lines",
    "find_splits": "nlpsuite.tasks.splits",
    "hookimpl": "nlpsuite.host.hookspecs",
    "majority_baseline": "nlpsuite.tasks.metrics",
    "natural_order": "nlpsuite.tasks.labels",
    "read_table": "nlpsuite.tasks.tables",
    "split_rows": "nlpsuite.tasks.splits",
    "strings_in": "nlpsuite.tasks.task",
    "text_windows": "nlpsuite.tasks.windows",
    "window_spans": "nlpsuite.tasks.windows",
    "with_examples": "nlpsuite.tasks.examples",
}

__all__ = [
    "API_VERSION",
    "AttentionMode",
    "Batch",
    "ClassificationMetrics",
    "LabelSchema",
    "Network",
    "PooledHead",
    "Progress",
    "Record",
    "Reporter",
    "Row",
    "RunInfo",
    "ScoreTable",
    "Settings",
    "Silent",
    "Split",
    "SplitFiles",
    "Table",
    "Task",
    "TaskContext",
    "TaskMetrics",
    "TaskSpec",
    "TextClassification",
    "TextClassificationSettings",
    "Tokenizer",
    "UserError",
    "Window",
    "add_examples",
    "file_lines",
    "find_splits",
    "hookimpl",
    "majority_baseline",
    "natural_order",
    "read_table",
    "split_rows",
    "strings_in",
    "text_windows",
    "window_spans",
    "with_examples",
]


def __getattr__(name: str) -> Any:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
