"""From a file or a pipe to predictions, in order, one for each input, in bounded memory."""

from __future__ import annotations

import os
import stat
import sys
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nlpsuite.errors import UserError
from nlpsuite.inference.live_lines import LiveLines
from nlpsuite.inference.predictor import predict_rows
from nlpsuite.plain import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from nlpsuite.inference.artifact import TaskModel
    from nlpsuite.tasks.task import Row, Task

POOL_ROWS = 1024
"""The most rows held at a time; among them, those of about one length share a batch."""
POOL_CHARACTERS = 4_000_000
"""The most text held at a time, but for a single row that is longer."""


@contextmanager
def rows_to_predict(task: Task, source: str) -> Iterator[Iterator[list[Row]]]:
    """Open a file, a folder or `-`, and give its rows in groups to be predicted together.

    From a pipe, a group ends where the next row would have to be waited for. Which format it is, the task finds out and
    says.

    Args:
        task: Whose rows they are.
        source: What the user named.

    Raises:
        UserError: There is no such file, or a row is not as it should be.
    """
    path = Path(source).expanduser()
    with ExitStack() as stack:
        if source == "-":
            yield _live_groups(task, LiveLines(sys.stdin.fileno(), "<stdin>"))
        elif _is_pipe(path):
            file = stack.enter_context(path.open("rb", buffering=0))
            yield _live_groups(task, LiveLines(file.fileno(), source))
        elif not path.exists():
            raise UserError("no such file or folder", where=source, fix="check the path, or write - for standard input")
        else:
            yield _groups(task.read(path, "predict"), lambda: True)


def predict_groups(
    model: TaskModel, groups: Iterable[list[Row]], *, batch_tokens: int, limit: int | None = None
) -> Iterator[tuple[Row, dict[str, Any]]]:
    """Yield each row with its prediction, in order, group by group.

    Args:
        model: What predicts, in eval mode, on its device.
        groups: From `rows_to_predict`.
        batch_tokens: Tokens computed at once, padding included.
        limit: Stop after this many rows; None: never.
    """
    left = limit
    for group in groups:
        rows = group[:left]
        yield from predict_rows(
            model.task,
            model.head,
            model.backbone,
            rows,
            model.tokenizer.pad_id,
            batch_tokens=batch_tokens,
            pool=len(rows),
        )
        if left is not None:
            left -= len(rows)
            if not left:
                return


def prediction_record(row: Row, prediction: Mapping[str, Any], *, with_target: bool = False) -> dict[str, Any]:
    """Return what is written of a prediction: the input fields, the true target where asked for, what was predicted.

    An input field with the name of something else that is written is kept as `input_NAME`.
    """
    own = ({"target": row.target} if with_target else {}) | dict(prediction)
    # An `id` may be anything that the file holds, NaN too.
    inputs = {f"input_{name}" if name in own else name: plain(value) for name, value in row.inputs.items()}
    return inputs | own


def _is_pipe(path: Path) -> bool:
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISCHR(mode) or stat.S_ISSOCK(mode)


def _live_groups(task: Task, lines: LiveLines) -> Iterator[list[Row]]:
    return _groups(task.read_lines(lines, lines.name), lines.ready)


def _groups(rows: Iterator[Row], ready: Callable[[], bool]) -> Iterator[list[Row]]:
    group: list[Row] = []
    characters = 0
    try:
        for row in rows:
            group.append(row)
            characters += sum(len(value) for value in row.inputs.values() if isinstance(value, str))
            if len(group) == POOL_ROWS or characters >= POOL_CHARACTERS or not ready():
                yield group
                group, characters = [], 0
    except UserError:
        # What came before the row that is not as it should be gets its predictions all the same.
        if group:
            yield group
        raise
    if group:
        yield group
