from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from nlpsuite.errors import UserError
from nlpsuite.report import Silent
from nlpsuite.tasks.splits import find_splits, split_rows
from nlpsuite.tasks.task import Row

if TYPE_CHECKING:
    from pathlib import Path


def make(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x\n")
    return folder


@pytest.mark.parametrize(
    ("train", "valid", "test"),
    [
        ("train.tsv", "dev.tsv", "test.tsv"),
        ("train.csv", "validation.csv", "test.csv.gz"),
        ("training.jsonl", "val.jsonl", "test.jsonl"),
        ("imdb-train.csv", "imdb_valid.csv", "IMDB.test.csv"),
        ("train-v1.1.json", "dev-v1.1.json", "test-v1.1.json"),
    ],
)
def test_splits_are_found_by_name(tmp_path: Path, train: str, valid: str, test: str) -> None:
    found = find_splits(make(tmp_path, train, valid, test, "README.md", "classes.txt", ".hidden"))
    assert (found.train, found.valid, found.test) == (tmp_path / train, tmp_path / valid, tmp_path / test)
    assert "not used: README.md, classes.txt" in found.notes


def test_splits_may_be_folders_of_label_folders(tmp_path: Path) -> None:
    found = find_splits(make(tmp_path, "train/pos/1.txt", "train/neg/1.txt", "test/pos/1.txt", "imdb.vocab"))
    assert (found.train, found.valid, found.test) == (tmp_path / "train", None, tmp_path / "test")


def test_without_names_one_file_or_label_folders_are_training_data(tmp_path: Path) -> None:
    assert find_splits(make(tmp_path / "a", "rows.csv")).train == tmp_path / "a" / "rows.csv"
    assert find_splits(tmp_path / "a" / "rows.csv").train == tmp_path / "a" / "rows.csv"
    assert find_splits(make(tmp_path / "b", "pos/1.txt", "neg/1.txt")).train == tmp_path / "b"


def test_the_exact_name_wins(tmp_path: Path) -> None:
    found = find_splits(make(tmp_path, "train.csv", "train_small.csv", "contest.csv"))
    assert (found.train, found.test) == (tmp_path / "train.csv", None)
    assert "not used: contest.csv, train_small.csv" in found.notes


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (("train.csv", "train.tsv"), "both train data"),
        (("train.csv", "dev.csv", "valid.csv"), "both valid data"),
        (("test.csv",), "no training data beside `test.csv`"),
        (("a.csv", "b.csv"), "cannot tell which"),
        (("notes.docx",), "no data files"),
    ],
)
def test_what_cannot_be_told_apart_is_refused(tmp_path: Path, names: tuple[str, ...], words: str) -> None:
    with pytest.raises(UserError, match=words):
        find_splits(make(tmp_path, *names))
    with pytest.raises(UserError, match="no such"):
        find_splits(tmp_path / "absent")


ROWS = [Row({"text": f"row {n}"}, "rare" if n % 10 == 0 else "common") for n in range(200)]


def test_a_split_keeps_the_share_of_each_label_and_every_row() -> None:
    kept, held = split_rows(ROWS, fraction=0.2, seed=1, report=Silent())
    assert Counter(row.target for row in held) == {"rare": 4, "common": 36}
    assert sorted((*kept, *held), key=ROWS.index) == ROWS
    assert kept == sorted(kept, key=ROWS.index)


def test_a_split_depends_on_the_seed_alone() -> None:
    first = split_rows(ROWS, fraction=0.2, seed=1, report=Silent())
    assert split_rows(ROWS, fraction=0.2, seed=1, report=Silent()) == first
    assert split_rows(ROWS, fraction=0.2, seed=2, report=Silent()) != first


def test_rows_with_the_same_inputs_stay_together() -> None:
    rows = [Row({"text": f"row {n % 20}"}, "ab"[n % 2]) for n in range(200)]
    kept, held = split_rows(rows, fraction=0.2, seed=1, report=Silent())
    assert held
    assert not {row.inputs["text"] for row in kept} & {row.inputs["text"] for row in held}


def test_targets_that_are_many_or_lists_are_split_without_them() -> None:
    for target in (lambda n: f"answer {n}", lambda n: ["O", str(n)]):
        rows = [Row({"text": f"row {n}"}, target(n)) for n in range(50)]
        kept, held = split_rows(rows, fraction=0.1, seed=1, report=Silent())
        assert (len(kept), len(held)) == (45, 5)


def test_two_rows_are_split_and_one_is_refused() -> None:
    assert [len(part) for part in split_rows(ROWS[:2], fraction=0.1, seed=1, report=Silent())] == [1, 1]
    with pytest.raises(UserError, match="too few"):
        split_rows(ROWS[:1], fraction=0.1, seed=1, report=Silent())


def test_what_was_held_out_is_said() -> None:
    class Said(Silent):
        def say(self, text: str) -> None:
            said.append(text)

    said: list[str] = []
    split_rows(ROWS, fraction=0.2, seed=7, report=Said())
    assert said == ["40 of 200 rows held out by seed 7, in the same share of each label"]


def test_what_another_library_has_saved_is_told_apart(tmp_path: Path):
    (tmp_path / "train").mkdir()
    (tmp_path / "dataset_dict.json").write_text("{}")
    with pytest.raises(UserError, match="the library `datasets` has saved") as caught:
        find_splits(tmp_path)
    assert f"hf:{tmp_path}" in str(caught.value.fix)
