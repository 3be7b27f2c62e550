"""Dirty files: each is refused with file and line, or read with every row used or counted; none loses a row unsaid."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

import pytest

from nlpsuite.errors import UserError
from nlpsuite.host.manager import PluginHost
from nlpsuite.host.resolve import resolve_name
from nlpsuite.report import Silent
from nlpsuite.tasks.task import TaskContext

_spec = importlib.util.spec_from_file_location("dirty", Path(__file__).with_name("dirty.py"))
dirty = sys.modules["dirty"] = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(dirty)

CASES = list(dirty.cases())
HOST = PluginHost.installed(Silent())
refused = pytest.mark.fault(
    "dirty files: encodings, broken compression, open quotes, ragged rows, wrong offsets, mixed schemes, hostile Unicode; each with each reader",
    "refused with file and line, or every row used or counted",
)


class Counting(Silent):
    """Counts what is left out, and keeps what is told."""

    def __init__(self):
        self.count, self.told = 0, []

    def say(self, text):
        self.told.append(text)

    warn = say

    def left_out(self, count, what, where):
        self.count += count


def read(form, path, report, tokenizer):
    """Return the rows of a file; those of one text that was cut into pieces count once."""
    spec = resolve_name(form.task, HOST)
    task = spec.build(TaskContext(tokenizer, 128, 0, report), spec.config(**dict(form.settings)))
    rows = list({row.where: row for row in task.read(path, "train")}.values())
    if not rows:
        # A file without rows may be found wrong only here.
        task.hold_out(rows, 0.1, 1, report)
    return rows


def line_in(error, path):
    """Return the line that an error names, which readers write in one of two ways."""
    place, _, number = str(error.where).rpartition(":")
    return error.line or (int(number) if place == str(path) else 0)


def write(form, folder, content):
    path = folder / form.name
    path.write_bytes(content)
    if form.beside is not None:
        name, line = form.beside
        (folder / name).write_text("\n".join(map(line, range(dirty.ROWS))) + "\n")
    return path


def test_there_are_enough_of_them():
    assert len({fault for fault, *_ in CASES}) >= 60
    assert len(CASES) >= 300


@pytest.mark.parametrize("form", dirty.FORMATS, ids=lambda form: f"{form.task} {form.name}")
def test_clean_files_are_read_whole(form, tmp_path, tiny_tokenizer):
    """What is spoilt below is well where it is not."""
    report = Counting()
    path = write(form, tmp_path, "\n".join(form.lines()).encode() + b"\n")
    assert len(read(form, path, report, tiny_tokenizer)) == dirty.ROWS
    assert report.count == 0


@refused
@pytest.mark.parametrize(
    ("fault", "form", "spoil", "outcome"), CASES, ids=[f"{fault}, {form.task} {form.name}" for fault, form, *_ in CASES]
)
def test_a_dirty_file(fault, form, spoil, outcome, tmp_path, tiny_tokenizer):
    report = Counting()
    path = write(form, tmp_path, spoil(form))
    if outcome in (dirty.READ, dirty.REPAIRED):
        assert len(read(form, path, report, tiny_tokenizer)) + report.count == dirty.ROWS
        if outcome == dirty.READ:
            assert report.count == 0
        if outcome == dirty.REPAIRED:
            assert any(" 1 " in text or " 41 " in text for text in report.told), report.told
        return
    with pytest.raises(UserError) as refusal:
        read(form, path, report, tiny_tokenizer)
    error = refusal.value
    # Where a file has no rows at all, what is wrong may be that it was named.
    assert str(error.where).startswith((str(path), "--data")), error
    assert error.fix, error
    assert "\n" not in str(error)
    assert len(str(error)) < 1000, "one line that can be read"
    if outcome == dirty.LINE:
        # A row of several lines may be found wrong at any of them.
        first = form.line_of(dirty.BAD)
        assert first <= line_in(error, path) < first + len(form.row(dirty.BAD)), error


@pytest.mark.fault("a line of 200 MB", "read whole, or refused with file and line")
def test_a_very_long_line(tmp_path, tiny_tokenizer, all_faults):
    if not all_faults:
        pytest.skip("one of those that --all-faults runs")
    form = next(form for form in dirty.FORMATS if form.name == "rows.tsv")
    path = tmp_path / form.name
    with path.open("w") as file:
        file.write("text\tlabel\n")
        for row in range(3):
            file.write("x" * (200_000_000 if row == 1 else 10) + "\tgood\n")
    assert len(read(form, path, Silent(), tiny_tokenizer)) == 3
    assert os.path.getsize(path) > 200_000_000
