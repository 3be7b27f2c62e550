from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from nlpsuite.errors import UserError
from nlpsuite.host.manager import PluginHost
from nlpsuite.host.resolve import resolve_name
from nlpsuite.report import Silent
from nlpsuite.tasks.task import TaskContext
from nlpsuite.training.finetuning.rows import TaskRows, read_rows

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from nlpsuite.text.tokenizer import Tokenizer


@pytest.fixture
def read(tiny_tokenizer: Tokenizer, spy: Any) -> Callable[..., TaskRows]:
    spec = resolve_name("sentiment", PluginHost.installed(Silent()))

    def call(source: Path, limit: int | None = None, seed: int = 1) -> TaskRows:
        task = spec.build(TaskContext(tiny_tokenizer, 32, seed, spy), spec.config())
        return read_rows(task, source, limit=limit, valid_share=0.2, seed=seed, report=spy)

    return call


def write(path: Path, rows: int, start: int = 0, labels: tuple[str, ...] = ("good", "bad")) -> Path:
    lines = [f"text number {n}\t{labels[n % len(labels)]}" for n in range(start, start + rows)]
    path.write_text("\n".join(["text\tlabel", *lines]) + "\n")
    return path


def test_one_file_is_split_in_three(read: Callable[..., TaskRows], spy: Any, tmp_path: Path):
    rows = read(write(tmp_path / "all.tsv", 100))
    assert [len(part) for part in (rows.train, rows.valid, rows.test)] == [64, 16, 20]
    assert rows.test_labelled
    texts = [row.inputs["text"] for part in (rows.train, rows.valid, rows.test) for row in part]
    assert len(set(texts)) == 100
    assert sum("held out by seed 1" in line for line in spy.said) == 2


def test_the_split_follows_the_seed(read: Callable[..., TaskRows], tmp_path: Path):
    path = write(tmp_path / "all.tsv", 100)
    assert read(path).valid == read(path).valid
    assert read(path).valid != read(path, seed=2).valid


def test_given_test_rows_are_not_made_up(read: Callable[..., TaskRows], tmp_path: Path):
    write(tmp_path / "train.tsv", 100)
    write(tmp_path / "test.tsv", 10, start=200)
    rows = read(tmp_path)
    assert [len(part) for part in (rows.train, rows.valid, rows.test)] == [80, 20, 10]


def test_no_test_rows_where_validation_rows_are_given(read: Callable[..., TaskRows], tmp_path: Path):
    write(tmp_path / "train.tsv", 20)
    write(tmp_path / "dev.tsv", 10, start=200)
    rows = read(tmp_path)
    assert [len(part) for part in (rows.train, rows.valid, rows.test)] == [20, 10, 0]


def test_a_limit_draws_from_all_training_rows_in_their_order(read: Callable[..., TaskRows], tmp_path: Path):
    write(tmp_path / "train.tsv", 200)
    write(tmp_path / "valid.tsv", 10, start=400)
    rows = read(tmp_path, limit=20)
    numbers = [int(row.inputs["text"].split()[-1]) for row in rows.train]
    assert len(numbers) == 20
    assert numbers == sorted(set(numbers))
    assert max(numbers) > 100, "a file sorted by label gives all its labels"
    assert [row.inputs for row in read(tmp_path, limit=20).train] == [row.inputs for row in rows.train]
    assert len(rows.valid) == 10


@pytest.mark.parametrize("name", ["valid", "test"])
def test_labels_of_every_split_are_checked(read: Callable[..., TaskRows], tmp_path: Path, name: str):
    write(tmp_path / "train.tsv", 20)
    write(tmp_path / "valid.tsv", 10, start=200)
    write(tmp_path / f"{name}.tsv", 10, start=300, labels=("good", "ugly"))
    with pytest.raises(UserError, match=rf"{name}\.tsv:3: .*ugly"):
        read(tmp_path)


def test_a_test_file_with_some_labels_missing_is_refused(read: Callable[..., TaskRows], tmp_path: Path):
    write(tmp_path / "train.tsv", 20)
    (tmp_path / "test.tsv").write_text("text\tlabel\nnice\tgood\nso so\t\n")
    with pytest.raises(UserError, match=r"test\.tsv:3: a row without a label"):
        read(tmp_path)


def test_labelled_test_rows_are_read_as_strictly_as_others(read: Callable[..., TaskRows], spy: Any, tmp_path: Path):
    write(tmp_path / "train.tsv", 20)
    write(tmp_path / "valid.tsv", 10, start=200)
    (tmp_path / "test.tsv").write_text("text\tlabel\nnice\tgood\n \tbad\n")
    with pytest.raises(UserError, match=r"test\.tsv:3: "):
        read(tmp_path)
    (tmp_path / "test.tsv").write_text("text\nnice\n\n")
    assert not read(tmp_path).test_labelled


def test_test_rows_that_chose_the_weights_are_counted(read: Callable[..., TaskRows], spy: Any, tmp_path: Path):
    write(tmp_path / "train.tsv", 20)
    write(tmp_path / "valid.tsv", 10, start=200)
    write(tmp_path / "test.tsv", 10, start=208)
    read(tmp_path)
    assert spy.warned == ["2 of 10 test rows have the same input as a validation row"]


def test_overlap_is_counted(read: Callable[..., TaskRows], spy: Any, tmp_path: Path):
    write(tmp_path / "train.tsv", 20)
    write(tmp_path / "valid.tsv", 10, start=17)
    write(tmp_path / "test.tsv", 10, start=200)
    read(tmp_path)
    assert [line.split(",")[0] for line in spy.warned] == [
        "3 of 10 validation rows have the same input as a training row"
    ]
