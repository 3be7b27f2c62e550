"""Data sets by name as text to learn a language from."""

from __future__ import annotations

import json

import pytest

from nlpsuite.errors import UserError
from nlpsuite.hub import opening
from nlpsuite.hub.corpora import with_data_sets_read


def read(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def fetched(place, spy, cache, field="sentence", rows=None):
    before = set(cache.iterdir()) if cache.is_dir() else set()
    found = with_data_sets_read(["a.txt", f"hf:{place}", "-"], field=field, rows=rows, report=spy)
    assert (found[0], found[2]) == ("a.txt", "-")
    (folder,) = [each for each in cache.iterdir() if str(each) == found[1]]
    assert len(set(cache.iterdir()) - before) <= 1
    return folder


def test_only_the_text_of_training_and_validation_rows_is_read(lib, films, tmp_path, spy, cache):
    lib.DatasetDict({"train": films(6, -1), "validation": films(4), "test": films(3)}).save_to_disk(tmp_path / "films")
    folder = fetched(tmp_path / "films", spy, cache)
    # Labels are withheld or there, and it makes no difference.
    assert read(folder / "train.jsonl")[1] == {"sentence": "a good film, number 1"}
    assert len(read(folder / "train.jsonl")) == 6
    assert len(read(folder / "validation.jsonl")) == 4
    assert not (folder / "test.jsonl").exists()
    assert any("training `train`, 6 rows; validation `validation`, 4 rows" in line for line in spy.said)
    assert any("not used: `test`" in line for line in spy.said)
    assert fetched(tmp_path / "films", spy, cache) == folder


def test_rows_without_text_are_left_out_and_counted(lib, tmp_path, spy, cache):
    rows = {"body": ["one", None, "  ", "two"], "title": ["a", "b", "c", "d"], "label": [1, None, 2, None]}
    lib.Dataset.from_dict(rows).save_to_disk(tmp_path / "pages")
    folder = fetched(tmp_path / "pages", spy, cache, field="body")
    assert read(folder / "train.jsonl") == [{"body": "one"}, {"body": "two"}]
    assert any("train: 2 rows without any text left out" in line for line in spy.said)


@pytest.mark.parametrize("large", [False, True])
def test_the_first_rows(films, tmp_path, spy, cache, monkeypatch, large):
    monkeypatch.setattr(opening, "LARGE", 0 if large else 10**9)
    (tmp_path / "rows").mkdir()
    for split, count in (("train", 50), ("validation", 20)):
        films(count).to_parquet(tmp_path / "rows" / f"{split}.parquet")
    whole = fetched(tmp_path / "rows", spy, cache)
    assert len(read(whole / "train.jsonl")) == 50
    some = fetched(tmp_path / "rows", spy, cache, rows=5)
    assert [row["sentence"][-1] for row in read(some / "train.jsonl")] == list("01234")
    assert len(read(some / "validation.jsonl")) == 20
    assert any("only the first 5 training rows, for --rows" in line for line in spy.said) == large


def test_what_would_fill_a_disk_is_asked_about(films, tmp_path, spy, cache, monkeypatch):
    monkeypatch.setattr(opening, "LARGE", 0)
    monkeypatch.setattr(opening, "HUGE", 100)
    (tmp_path / "rows").mkdir()
    films(50).to_parquet(tmp_path / "rows" / "train.parquet")
    with pytest.raises(UserError, match=r"too much to read whole.*--rows 1M"):
        fetched(tmp_path / "rows", spy, cache)
    assert not list(cache.iterdir())
    assert len(read(fetched(tmp_path / "rows", spy, cache, rows=9) / "train.jsonl")) == 9


def test_a_column_that_is_not_there(films, tmp_path, spy, cache):
    films(5).save_to_disk(tmp_path / "films")
    with pytest.raises(UserError, match=r"no column `sentense`; did you mean `sentence`\? say with --field"):
        fetched(tmp_path / "films", spy, cache, field="sentense")


def test_a_field_inside_a_column(lib, tmp_path, spy, cache):
    lib.Dataset.from_dict({"page": [{"text": "one"}, {"text": "two"}]}).save_to_disk(tmp_path / "pages")
    folder = fetched(tmp_path / "pages", spy, cache, field="page.text")
    assert read(folder / "train.jsonl") == [{"page.text": "one"}, {"page.text": "two"}]


def test_without_names_nothing_is_touched(tmp_path, spy, cache):
    assert with_data_sets_read(["a", "-"], field="text", rows=3, report=spy) == ["a", "-"]
    assert not cache.exists()
