"""Checks of metrics: fresh ones know nothing of others, and parts, counted anywhere, give the whole.

They score a network that has learned some of the rows, so that some predictions are right and others wrong.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from torchmetrics import Metric

from nlpsuite.testing.check import Check, expect, same
from nlpsuite.testing.subject import Subject  # noqa: TC001

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nlpsuite.tasks.task import TaskMetrics

TOLERANCE = 1e-6


def _counted(subject: Subject, *parts: slice) -> TaskMetrics:
    """Return metrics that have counted some parts of the rows, one after another."""
    predictions = subject.learned.predictions
    metrics = subject.task.make_metrics()
    for part in parts:
        metrics.update(subject.rows[part], predictions[part])
    return metrics


def _names(subject: Subject) -> None:
    scores = _counted(subject, slice(None)).compute()
    monitor = subject.task.monitor
    expect(monitor in scores, f"`monitor` is {monitor}, and the metrics are {', '.join(scores)}")
    for name, value in scores.items():
        expect(not math.isnan(value), f"{name} is not a number")
        expect("/" not in name, f"the metric {name} has a prefix; the host adds train/, val/ and test/")
    strange = set(subject.task.baseline(subject.rows, subject.rows)) - set(scores)
    expect(not strange, f"the baseline has {', '.join(sorted(strange))}, which is no metric")


def _reset(subject: Subject) -> None:
    cut = len(subject.rows) // 3
    first, others = slice(None, cut), slice(cut, None)
    before = _counted(subject, first).compute()
    _counted(subject, others).compute()
    _equal(_counted(subject, first).compute(), before, "after others were counted elsewhere")


def _merge(subject: Subject) -> None:
    whole, cut = _counted(subject, slice(None)).compute(), len(subject.rows) // 3
    first, others = slice(None, cut), slice(cut, None)
    _equal(_counted(subject, first, others).compute(), whole, "in two parts")
    _equal(_counted(subject, others, first).compute(), whole, "in two parts, the second first")
    _equal(_counted(subject, *(slice(n, n + 1) for n in range(len(subject.rows)))).compute(), whole, "row by row")
    # As two processes do that have counted a part each.
    one, other = _counted(subject, first), _counted(subject, others)
    pairs = list(zip(_states(one), _states(other), strict=True))
    expect(
        bool(pairs), "the metrics hold no torchmetrics.Metric, so that processes cannot add theirs up; use RunningSums"
    )
    for mine, its in pairs:
        mine.merge_state(its)
    _equal(one.compute(), whole, "in two parts by two processes")


def _states(metrics: TaskMetrics) -> Iterator[Metric]:
    for value in vars(metrics).values():
        for each in (
            value.values() if isinstance(value, dict) else value if isinstance(value, (list, tuple)) else (value,)
        ):
            if isinstance(each, Metric):
                yield each


def _equal(found: dict[str, float], whole: dict[str, float], how: str) -> None:
    wrong = [name for name in whole if not same(found.get(name), whole[name], TOLERANCE)]
    expect(not wrong, f"counted {how}, {', '.join(wrong)} differ")


CHECKS = (
    Check("metrics", "the metrics have the monitored one, and the baseline's names", _names),
    Check("metrics_reset", "fresh metrics know nothing of what others counted", _reset),
    Check("metrics_merge", "metrics of parts are those of the whole, also of two processes", _merge),
)
