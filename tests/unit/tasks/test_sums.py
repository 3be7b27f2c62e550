from __future__ import annotations

import torch

from nlpsuite.tasks.sums import RunningSums


def test_sums_by_name():
    sums = RunningSums(["a", "b"])
    sums.update({"a": 1.5})
    sums.update({"b": 2, "a": 0.5})
    assert sums.compute() == {"a": 2.0, "b": 2.0}


def test_large_counts_stay_exact():
    sums = RunningSums(["a"])
    sums.update({"a": 2.0**40})
    sums.update({"a": 1})
    assert sums.compute()["a"] == 2.0**40 + 1
    assert sums.sums.dtype == torch.float64
