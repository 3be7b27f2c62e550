"""Data sets by name as text to learn a language from."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nlpsuite.errors import UserError
from nlpsuite.hub import folder as folder_module
from nlpsuite.hub import opening
from nlpsuite.hub.corpora import with_data_sets_read


def read(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def fetched(place, spy, field="sentence", rows=None, splits=None):
    """The folder of the rows of one data set among files."""
    names = ["a.txt", f"hf:{place}", "-"]
    found = with_data_sets_read(names, field=field, rows=rows, splits=splits or {}, report=spy)
    assert (found[0], found[-1]) == ("a.txt", "-")
    folder = Path(found[1]).parent
    assert found[1:-1] == [
        str(folder / name) for name in ("train.jsonl", "validation.jsonl") if (folder / name).exists()
    ]
    return folder


def test_only_the_text_of_training_and_validation_rows_is_read(lib, films, tmp_path, spy, cache):
    lib.DatasetDict({"train": films(6, -1), "validation": films(4), "test": films(3)}).save_to_disk(tmp_path / "films")
    folder = fetched(tmp_path / "films", spy)
    # Labels are withheld or there, and it makes no difference.
    assert read(folder / "train.jsonl")[1] == {"sentence": "a good film, number 1"}
    assert len(read(folder / "train.jsonl")) == 6
    assert len(read(folder / "validation.jsonl")) == 4
    assert not (folder / "test.jsonl").exists()
    assert any("training `train`, 6 rows; validation `validation`, 4 rows" in line for line in spy.said)
    assert any("not used: `test`" in line for line in spy.said)
    assert any("text in `sentence`" in line for line in spy.said)
    assert folder.parent == cache
    assert fetched(tmp_path / "films", spy) == folder


def test_rows_without_text_are_left_out_and_counted(lib, tmp_path, spy):
    rows = {"body": ["one", None, "  ", "two"], "title": ["a", "b", "c", "d"], "label": [1, None, 2, None]}
    lib.Dataset.from_dict(rows).save_to_disk(tmp_path / "pages")
    folder = fetched(tmp_path / "pages", spy, field="body")
    assert read(folder / "train.jsonl") == [{"body": "one"}, {"body": "two"}]
    assert any("train: 2 rows without any text left out" in line for line in spy.said)


@pytest.mark.parametrize("large", [False, True])
def test_the_first_rows(films, tmp_path, spy, monkeypatch, large):
    monkeypatch.setattr(opening, "LARGE", 0 if large else 10**9)
    (tmp_path / "rows").mkdir()
    for split, count in (("train", 50), ("validation", 20)):
        films(count).to_parquet(tmp_path / "rows" / f"{split}.parquet")
    whole = fetched(tmp_path / "rows", spy)
    assert len(read(whole / "train.jsonl")) == 50
    some = fetched(tmp_path / "rows", spy, rows=5)
    assert [row["sentence"][-1] for row in read(some / "train.jsonl")] == list("01234")
    assert len(read(some / "validation.jsonl")) == 5
    assert any("only the first 5 rows, for --rows" in line for line in spy.said) == large


def test_what_would_fill_a_disk_is_asked_about(films, tmp_path, spy, cache, monkeypatch):
    monkeypatch.setattr(opening, "LARGE", 0)
    monkeypatch.setattr(opening, "HUGE", 100)
    (tmp_path / "rows").mkdir()
    films(50).to_parquet(tmp_path / "rows" / "train.parquet")
    with pytest.raises(UserError, match=r"too much to read whole.*--rows 1M"):
        fetched(tmp_path / "rows", spy)
    assert not list(cache.iterdir())
    assert len(read(fetched(tmp_path / "rows", spy, rows=9) / "train.jsonl")) == 9


def test_of_what_says_no_size_no_more_is_read_than_a_disk_bears(films, tmp_path, spy, cache, monkeypatch):
    monkeypatch.setattr(folder_module, "HUGE", 20_000)
    monkeypatch.setattr(folder_module, "_LOOK", 100)
    films(3000).save_to_disk(tmp_path / "films")
    with pytest.raises(UserError, match=r"and more, too much to read whole"):
        fetched(tmp_path / "films", spy)
    assert not list(cache.iterdir())
    assert len(read(fetched(tmp_path / "films", spy, rows=2000) / "train.jsonl")) == 2000


def test_a_test_split_is_never_text(films, lib, tmp_path, spy):
    lib.DatasetDict({"test": films(5)}).save_to_disk(tmp_path / "only")
    with pytest.raises(UserError, match="no split for training among `test`; say which is, with --splits train=NAME"):
        fetched(tmp_path / "only", spy)
    assert len(read(fetched(tmp_path / "only", spy, splits={"train": "test[:3]"}) / "train.jsonl")) == 3


def test_a_validation_split_without_text_is_not_used(films, lib, tmp_path, spy):
    empty = films(5).map(lambda row: {"sentence": " "})
    lib.DatasetDict({"train": films(5), "validation": empty}).save_to_disk(tmp_path / "films")
    assert not (fetched(tmp_path / "films", spy) / "validation.jsonl").exists()
    assert any("not used: `validation` (no rows)" in line for line in spy.said)


@pytest.mark.parametrize(
    ("field", "error"),
    [
        ("sentense", r"no column `sentense`; did you mean `sentence`\? say with --field"),
        ("idx", r"column `idx` holds int32, which is no text; say with --field .*; columns of text: `sentence`$"),
        ("label", r"column `label` holds ClassLabel, which is no text"),
    ],
)
def test_a_column_that_holds_no_text(films, tmp_path, spy, cache, field, error):
    films(5).save_to_disk(tmp_path / "films")
    with pytest.raises(UserError, match=error):
        fetched(tmp_path / "films", spy, field=field)
    assert not list(cache.iterdir())


def test_a_field_inside_a_column(lib, tmp_path, spy):
    lib.Dataset.from_dict({"page": [{"text": "one"}, {"text": "two"}]}).save_to_disk(tmp_path / "pages")
    folder = fetched(tmp_path / "pages", spy, field="page.text")
    assert read(folder / "train.jsonl") == [{"page.text": "one"}, {"page.text": "two"}]
    with pytest.raises(UserError, match="column `page` holds dict, which is no text"):
        fetched(tmp_path / "pages", spy, field="page")


def test_without_names_nothing_is_touched(spy, cache):
    assert with_data_sets_read(["a", "-"], field="text", rows=None, splits={}, report=spy) == ["a", "-"]
    assert not cache.exists()


@pytest.mark.parametrize(
    ("patterns", "rows", "splits", "error"),
    [
        (["a", "-"], 3, {}, "a -: --rows is of data sets by name, and none is named"),
        (["a"], None, {"train": "x"}, "--splits is of data sets by name"),
        (["hf:org/one", "hf:/nowhere/at/all"], None, {}, "hf:/nowhere/at/all: no such folder"),
        (["hf:org/one"], None, {"test": "x"}, "text is read for train and valid, not for `test`"),
    ],
)
def test_what_is_wrong_is_told_before_anything_is_read(spy, cache, patterns, rows, splits, error):
    with pytest.raises(UserError, match=error):
        with_data_sets_read(patterns, field="text", rows=rows, splits=splits, report=spy)
    assert not cache.exists()
