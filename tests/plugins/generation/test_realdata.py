"""Running text as users have it: one file of plays, and a hundred novels in a compressed one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from nlpsuite.training.finetuning.rows import read_rows

if TYPE_CHECKING:
    from nlpsuite.tasks.task import Row

pytestmark = pytest.mark.realdata


def size(rows: list[Row]) -> int:
    return sum(len(row.inputs["text"].encode()) for row in rows)


def test_one_file_of_plays_is_split_in_runs_and_read_whole(realdata, make_task, spy):
    task = make_task(context=256)
    path = realdata / "tinyshakespeare" / "input.txt"
    rows = read_rows(task, path, limit=None, valid_share=0.1, seed=1, report=spy)
    total = size([*rows.train, *rows.valid, *rows.test])
    assert len(rows.train) + len(rows.valid) + len(rows.test) == 7_222
    text = sorted("".join(row.inputs["text"] for row in (*rows.train, *rows.valid, *rows.test)).replace("\n", ""))
    assert text == sorted(path.read_text(encoding="utf-8").replace("\n", "")), "only blank lines are missing"
    assert 0.05 < size(rows.test) / total < 0.15
    assert 0.05 < size(rows.valid) / total < 0.15
    train = {row.inputs["text"] for row in rows.train}
    assert not train & {row.inputs["text"] for row in (*rows.valid, *rows.test)}


def test_the_same_file_as_one_document_holds_out_its_end(realdata, make_task, spy):
    path = realdata / "tinyshakespeare" / "input.txt"
    rows = read_rows(make_task(documents="file"), path, limit=None, valid_share=0.1, seed=1, report=spy)
    text = "".join(row.inputs["text"] for row in (*rows.train, *rows.valid, *rows.test))
    assert text == path.read_text(encoding="utf-8")
    assert size(rows.test) / len(text) == pytest.approx(0.1, abs=0.02)


def test_novels_are_a_document_each_in_bounded_rows(realdata, make_task, spy):
    path = realdata / "pretrain" / "novels" / "novels.txt.xz"
    rows = list(make_task().read(path, "train"))
    assert rows[-1].document == 99
    assert sum(row.last for row in rows) == 100
    assert size(rows) > 75_000_000
    assert max(len(row.inputs["text"]) for row in rows) <= 16_000
    for row in rows:
        # Some of these novels have chapters without a line end.
        text = row.inputs["text"]
        assert row.last or text.endswith("\n") or "\n" not in text[len(text) * 3 // 4 :]
