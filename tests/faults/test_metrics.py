"""Scores of rows that two processes share are those of one: odd numbers of rows, a process without any, each row once."""

from __future__ import annotations

import json
import math
import socket
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("score_worker.py")
shared = pytest.mark.fault(
    "scores on 2 processes beside 1: odd numbers of rows, a process without any; each task", "identical; each row once"
)


@pytest.fixture(scope="module")
def scores(tmp_path_factory):
    """What one process found, and what each of two did."""
    folder = tmp_path_factory.mktemp("scores")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    places = {(0, 1): folder / "alone.json", (0, 2): folder / "first.json", (1, 2): folder / "second.json"}
    begun = [
        subprocess.Popen([sys.executable, str(SCRIPT), str(out), str(rank), str(world), str(port)])
        for (rank, world), out in places.items()
    ]
    assert [process.wait(300) for process in begun] == [0, 0, 0]
    return [json.loads(out.read_text()) for out in places.values()]


def close(one, other):
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-6, abs_tol=1e-9) or (math.isnan(one) and math.isnan(other))
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(close(one[name], other[name]) for name in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(close, one, other))
    return one == other


@shared
@pytest.mark.parametrize("rows", [1, 3, 8])
@pytest.mark.parametrize("task", ["classification", "sentiment", "ner", "qa", "translation", "generation"])
def test_scores_on_two_processes(scores, task, rows):
    alone, *both = (each[f"{task} {rows}"] for each in scores)
    assert len(alone["predictions"]) == rows
    assert alone["metrics"]
    for each in both:
        assert close(each["metrics"], alone["metrics"]), (each["metrics"], alone["metrics"])
        assert close(each["tables"], alone["tables"])
        assert close(each["predictions"], alone["predictions"])
