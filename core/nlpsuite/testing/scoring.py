"""Checks of metrics: fresh ones know nothing of others, and two halves give the whole."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from nlpsuite.testing.check import Check, expect, same
from nlpsuite.testing.subject import Subject  # noqa: TC001

if TYPE_CHECKING:
    from collections.abc import Sequence

TOLERANCE = 1e-6


def _scores(subject: Subject, *parts: slice) -> dict[str, float]:
    """Return the scores of some parts of the rows, counted one after another."""
    predictions = subject.predict(subject.rows)
    metrics = subject.task.make_metrics()
    for part in parts:
        metrics.update(subject.rows[part], predictions[part])
    return metrics.compute()


def _names(subject: Subject) -> None:
    scores = _scores(subject, slice(None))
    monitor = subject.task.monitor
    expect(monitor in scores, f"`monitor` is {monitor}, and the metrics are {', '.join(scores)}")
    for name, value in scores.items():
        expect(not math.isnan(value), f"{name} is not a number")
        expect("/" not in name, f"the metric {name} has a prefix; the host adds train/, val/ and test/")
    strange = set(subject.task.baseline(subject.rows, subject.rows)) - set(scores)
    expect(not strange, f"the baseline has {', '.join(sorted(strange))}, which is no metric")


def _reset(subject: Subject) -> None:
    first = _scores(subject, slice(None))
    expect(_scores(subject, slice(None)) == first, "fresh metrics give other scores: a count is left over from others")


def _merge(subject: Subject) -> None:
    whole, half = _scores(subject, slice(None)), len(subject.rows) // 2
    _equal(_scores(subject, slice(None, half), slice(half, None)), whole, "in two halves")
    _equal(_scores(subject, slice(half, None), slice(None, half)), whole, "in two halves, the second first")
    _equal(_scores(subject, *(slice(n, n + 1) for n in range(len(subject.rows)))), whole, "row by row")


def _equal(found: dict[str, float], whole: dict[str, float], how: str) -> None:
    wrong: Sequence[str] = [name for name in whole if not same(found.get(name), whole[name], TOLERANCE)]
    expect(not wrong, f"counted {how}, {', '.join(wrong)} differ from those of all rows at once")


CHECKS = (
    Check("metrics", "the metrics have the monitored one, and the baseline's names", _names),
    Check("metrics_reset", "fresh metrics know nothing of earlier ones", _reset),
    Check("metrics_merge", "metrics of two halves are those of the whole", _merge),
)
