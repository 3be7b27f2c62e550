"""Checks of prediction: one for each row, by that row alone, the same after saving, for long rows and scripts without spaces."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from nlpsuite.inference.artifact import save_task_model
from nlpsuite.testing.check import Check, CheckFailed, expect, same
from nlpsuite.testing.subject import CONTEXT, Subject

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from nlpsuite.tasks.task import Row

TOLERANCE = 1e-4
SMALL_BATCH = CONTEXT
WHOLE = 0.9
"""Share of a row's tokens that windows must hold: a word by itself may take fewer tokens than in its text."""
LONG = "long.*"
UNSPACED = "unspaced.*"
_CHINESE = "王小明昨天去了北京，在那里见到了老朋友李华。天气很好。"


def _one_for_each_row(subject: Subject) -> None:
    rows = subject.rows
    predictions = subject.predict(rows)
    expect(len(predictions) == len(rows), f"{len(predictions)} predictions for {len(rows)} rows")
    try:
        json.dumps(predictions, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise CheckFailed(f"a prediction is not made of JSON values: {error}") from None


def _saved_and_loaded(subject: Subject) -> None:
    expected = subject.predict(subject.rows)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        save_task_model(
            folder,
            name=subject.spec.name,
            settings=subject.spec.config(),
            task=subject.task,
            head=subject.head,
            backbone=subject.backbone,
            tokenizer=subject.tokenizer,
        )
        found = _elsewhere(subject, folder)
    same_ = found == json.loads(json.dumps(expected))
    expect(same_, "loaded by another process a saved model predicts otherwise; is all that it needs in `state`?")


def _elsewhere(subject: Subject, folder: Path) -> Any:
    """Return the predictions that a process of its own makes with a saved model."""
    words = [subject.entry, subject.spec.name, str(folder), str(subject.source)]
    paths = os.pathsep.join(path for path in sys.path if path)
    done = subprocess.run(
        [sys.executable, "-P", "-m", "nlpsuite.testing.restored", *words],
        capture_output=True,
        text=True,
        check=False,
        # As many threads as here: sums in another order differ in the last bit.
        env=os.environ | {"PYTHONPATH": paths, "OMP_NUM_THREADS": str(torch.get_num_threads())},
        timeout=600,
    )
    if done.returncode:
        said = done.stderr.strip().splitlines() or [f"it ended with status {done.returncode}"]
        raise CheckFailed(f"a saved model cannot be loaded by another process: {said[-1]}")
    return json.loads(done.stdout)


def _padding(subject: Subject) -> None:
    _differ_not(
        subject, subject.predict(subject.rows, batch_tokens=SMALL_BATCH), "in batches of another size and padding"
    )


def _order(subject: Subject) -> None:
    turned = subject.predict(subject.rows[::-1], pool=3)[::-1]
    _differ_not(subject, turned, "in another order, among other neighbours")


def _alone(subject: Subject) -> None:
    _differ_not(subject, [subject.predict([row])[0] for row in subject.rows], "alone")


def _differ_not(subject: Subject, found: Sequence[Mapping[str, Any]], how: str) -> None:
    expected = subject.predict(subject.rows)
    for number, (one, other) in enumerate(zip(found, expected, strict=True)):
        where = subject.rows[number].where
        expect(same(one, other, TOLERANCE), f"the row at {where} is predicted otherwise {how}: {one}, and {other}")


def _long_rows(subject: Subject) -> None:
    rows = _long(subject)
    for row in rows:
        windows = subject.task.encode(row)
        for window in windows:
            expect(0 < len(window.ids) <= CONTEXT, f"a window of {len(window.ids)} tokens; the context has {CONTEXT}")
        whole = sum(len(subject.tokenizer.encode(text)) for text in subject.task.texts(row))
        expect(
            whole > CONTEXT,
            f"the row at {row.where} has {whole} tokens, which is not long; give others in check/{LONG}",
        )
        tokens = sum(len(window.ids) for window in windows)
        expect(tokens >= WHOLE * whole, f"the row at {row.where} was cut: {whole} tokens, and {tokens} in its windows")
    _complete(subject, rows)


def _long(subject: Subject) -> list[Row]:
    return _given(subject, LONG) or [_with_strings(row, lambda text: (text + " ") * 60) for row in subject.rows[:3]]


def _unspaced(subject: Subject) -> None:
    rows = _given(subject, UNSPACED) or [_with_strings(row, lambda _: _CHINESE) for row in subject.rows[:3]]
    _complete(subject, rows)


def _complete(subject: Subject, rows: Sequence[Row]) -> None:
    # Of a row without its target, as these are.
    keys = set(subject.predict([replace(subject.rows[0], target=None)])[0])
    for row, prediction in zip(rows, subject.predict(rows), strict=True):
        expect(
            set(prediction) == keys,
            f"the prediction for {row.where} has {sorted(prediction)} where others have {sorted(keys)}",
        )


def _given(subject: Subject, pattern: str) -> list[Row]:
    """Return the rows to predict that the author gives for a check."""
    files = sorted(subject.cases.glob(pattern)) if subject.cases.is_dir() else []
    return [row for file in files for row in subject.task.read(file, "predict")]


def _with_strings(row: Row, change: Any) -> Row:
    """Return a row to predict with every string of its inputs changed."""

    def changed(value: Any) -> Any:
        if isinstance(value, str):
            return change(value)
        if isinstance(value, dict):
            return {key: changed(each) for key, each in value.items()}
        return [changed(each) for each in value] if isinstance(value, (list, tuple)) else value

    return replace(row, inputs={name: changed(value) for name, value in row.inputs.items()}, target=None)


CHECKS = (
    Check("predictions", "one prediction of JSON values for each row", _one_for_each_row),
    Check("saved", "saved and loaded it predicts the same to the last bit", _saved_and_loaded),
    Check("padding", "a prediction does not depend on padding and batch size", _padding),
    Check("order", "nor on the order of rows", _order),
    Check("alone", "nor on the rows beside it", _alone),
    Check("long_rows", "a row longer than the context is not cut", _long_rows),
    Check("unspaced", "rows in a language without spaces are predicted", _unspaced),
)
