"""Data sets in folders, in the formats of the library `datasets`, become JSON Lines."""

from __future__ import annotations

import gc
import json
import sys

import pytest

from nlpsuite.errors import UserError
from nlpsuite.hub import opening
from nlpsuite.hub.folder import data_file, data_folder
from nlpsuite.hub.request import request


def read(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def fetched(folder, spy, purpose="train", columns=None, splits=None, limit=None):
    return data_folder(request(f"hf:{folder}", purpose, columns or {}, splits or {}, limit), spy)


def test_what_save_to_disk_wrote(lib, films, tmp_path, spy, cache):
    lib.DatasetDict({"train": films(6), "validation": films(4), "test": films(3, -1)}).save_to_disk(tmp_path / "sst2")
    folder = fetched(tmp_path / "sst2", spy)
    assert folder.parent == cache
    assert folder.name.startswith("sst2-")
    assert read(folder / "train.jsonl")[1] == {"sentence": "a good film, number 1", "label": "positive", "idx": 1}
    assert len(read(folder / "validation.jsonl")) == 4
    assert not (folder / "test.jsonl").exists()
    assert {path.name for path in folder.iterdir()} == {"train.jsonl", "validation.jsonl", ".source.json"}
    assert any("training `train`, 6 rows; validation `validation`, 4 rows" in line for line in spy.said)
    assert any("not used: `test` (its labels are withheld)" in line for line in spy.said)
    assert [path.name for path in cache.iterdir()] == [folder.name]


def test_rows_are_read_once(films, tmp_path, spy, monkeypatch):
    films(6).save_to_disk(tmp_path / "one")
    folder = fetched(tmp_path / "one", spy)
    monkeypatch.setattr("nlpsuite.hub.folder.open_data", None)
    spy.said.clear()
    assert fetched(tmp_path / "one", spy) == folder
    assert any("as it was read on" in line for line in spy.said)
    assert any("training `train`, 6 rows" in line for line in spy.said)


def test_a_folder_that_has_changed_is_read_again(films, tmp_path, spy):
    (tmp_path / "rows").mkdir()
    films(6).to_json(tmp_path / "rows" / "train.jsonl")
    before = fetched(tmp_path / "rows", spy)
    films(9).to_json(tmp_path / "rows" / "train.jsonl")
    after = fetched(tmp_path / "rows", spy)
    assert before != after
    assert len(read(after / "train.jsonl")) == 9


@pytest.mark.parametrize("form", ["parquet", "csv", "json"])
@pytest.mark.parametrize("large", [False, True])
# Read as it comes, that library leaves it to the collector to close a CSV file.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_files_in_a_folder(films, tmp_path, spy, cache, monkeypatch, form, large):
    """Whether they are copied by that library or read as they come."""
    monkeypatch.setattr(opening, "LARGE", 0 if large else 10**9)
    place = tmp_path / "rows"
    place.mkdir()
    for split, count in (("train", 7), ("test", 3)):
        getattr(films(count), f"to_{form}")(place / f"{split}.{form}")
    folder = fetched(place, spy)
    label = "positive" if form == "parquet" else 1
    assert read(folder / "train.jsonl")[5] == {"sentence": "a good film, number 5", "label": label, "idx": 5}
    assert len(read(folder / "test.jsonl")) == 3
    assert any("rows are read as they come" in line for line in spy.said) == large
    assert [path.name for path in cache.iterdir()] == [folder.name]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cache", "rows"]
    gc.collect()


def test_of_a_large_one_no_more_is_read_than_the_limit(films, tmp_path, spy, monkeypatch):
    monkeypatch.setattr(opening, "LARGE", 0)
    (tmp_path / "rows").mkdir()
    for split, count in (("train", 50), ("test", 20)):
        films(count).to_parquet(tmp_path / "rows" / f"{split}.parquet")
    folder = fetched(tmp_path / "rows", spy, limit=5)
    assert [row["idx"] for row in read(folder / "train.jsonl")] == [0, 1, 2, 3, 4]
    assert len(read(folder / "test.jsonl")) == 20
    assert any("only the first 5 training rows, for --limit" in line for line in spy.said)
    whole = fetched(tmp_path / "rows", spy)
    assert len(read(whole / "train.jsonl")) == 50
    assert fetched(tmp_path / "rows", spy, limit=5) == folder
    assert fetched(tmp_path / "rows", spy, limit=6) not in (folder, whole)


def test_of_a_small_one_all_is_read_and_drawn_from_later(films, tmp_path, spy):
    films(50).save_to_disk(tmp_path / "rows")
    folder = fetched(tmp_path / "rows", spy, limit=5)
    assert len(read(folder / "train.jsonl")) == 50
    assert fetched(tmp_path / "rows", spy) == folder


def test_splits_and_slices(lib, films, tmp_path, spy):
    lib.DatasetDict({"train": films(20), "other": films(4)}).save_to_disk(tmp_path / "rows")
    splits = {"train": "train[:50%]", "valid": "train[50%:]", "test": "other"}
    folder = fetched(tmp_path / "rows", spy, splits=splits)
    assert [row["idx"] for row in read(folder / "validation.jsonl")] == list(range(10, 20))
    assert len(read(folder / "train.jsonl")) == 10
    assert len(read(folder / "test.jsonl")) == 4


def test_columns_are_renamed(films, tmp_path, spy):
    films(4).save_to_disk(tmp_path / "rows")
    folder = fetched(tmp_path / "rows", spy, columns={"text": "sentence", "label": "idx"})
    assert read(folder / "train.jsonl")[1] == {"text": "a good film, number 1", "label": 1}
    assert any("columns: `sentence` as `text`, `idx` as `label`" in line for line in spy.said)
    assert any("not used, for their names are taken: `label`" in line for line in spy.said)


def test_a_field_inside_a_column(lib, tmp_path, spy):
    features = lib.Features({"translation": lib.Translation(languages=["en", "de"])})
    rows = {"translation": [{"en": "yes", "de": "ja"}]}
    lib.Dataset.from_dict(rows, features=features).save_to_disk(tmp_path / "rows")
    folder = fetched(tmp_path / "rows", spy, columns={"source": "translation.en", "target": "translation.de"})
    assert read(folder / "train.jsonl") == [{"source": "yes", "target": "ja"}]
    with pytest.raises(UserError, match=r"no column `translation.fr`"):
        fetched(tmp_path / "rows", spy, columns={"source": "translation.fr"})


def test_wrong_columns(films, tmp_path, spy, cache):
    films(4).save_to_disk(tmp_path / "rows")
    expected = (
        r"no column `sentense`, which --columns text=sentense asks for; did you mean `sentence`\? columns: `sentence`"
    )
    with pytest.raises(UserError, match=expected):
        fetched(tmp_path / "rows", spy, columns={"text": "sentense"})
    assert list(cache.iterdir()) == []


def test_rows_that_nothing_can_be_learned_from(lib, tmp_path, spy):
    features = lib.Features({"text": lib.Value("string"), "label": lib.ClassLabel(names=["a", "b"])})
    rows = {"text": ["x", "y", " ", "z", None], "label": [0, -1, 1, 1, 0]}
    lib.Dataset.from_dict(rows, features=features).save_to_disk(tmp_path / "rows")
    folder = fetched(tmp_path / "rows", spy)
    assert read(folder / "train.jsonl") == [{"text": "x", "label": "a"}, {"text": "z", "label": "b"}]
    assert any("train: 1 rows without a label left out" in line for line in spy.said)
    assert any("train: 2 rows without any text left out" in line for line in spy.said)
    file = data_file(request(f"hf:{tmp_path / 'rows'}", "predict", {}, {"test": "train"}, None), spy)
    assert len(read(file)) == 5


def test_training_rows_without_labels_are_kept_for_tasks_that_need_none(films, tmp_path, spy):
    films(4, -1).save_to_disk(tmp_path / "rows")
    folder = fetched(tmp_path / "rows", spy)
    assert [row["label"] for row in read(folder / "train.jsonl")] == [None] * 4


def test_what_is_scored_and_what_is_predicted(lib, films, tmp_path, spy):
    lib.DatasetDict({"train": films(6), "validation": films(4), "test": films(3, -1)}).save_to_disk(tmp_path / "rows")
    name = f"hf:{tmp_path / 'rows'}"
    scored = data_file(request(name, "score", {}, {}, None), spy)
    assert (scored.name, len(read(scored))) == ("validation.jsonl", 4)
    assert len(read(data_file(request(name, "predict", {}, {}, 2), spy))) == 2
    asked = data_file(request(name, "predict", {}, {}, None), spy)
    assert (asked.name, len(read(asked))) == ("test.jsonl", 3)
    with pytest.raises(UserError, match="nothing to read in `test`: its labels are withheld"):
        data_file(request(name, "score", {}, {"valid": ""}, None), spy)


def test_columns_without_text(lib, tmp_path, spy):
    features = lib.Features({"image": lib.Image(), "caption": lib.Value("string")})
    rows = lib.Dataset.from_dict({"image": [None], "caption": ["a cat"]}, features=features)
    rows.save_to_disk(tmp_path / "both")
    assert read(fetched(tmp_path / "both", spy) / "train.jsonl") == [{"caption": "a cat"}]
    assert any("left out, for they hold no text: `image` (Image)" in line for line in spy.said)
    with pytest.raises(UserError, match="column `image` holds Image, which is no text"):
        fetched(tmp_path / "both", spy, columns={"text": "image"})
    rows.remove_columns("caption").save_to_disk(tmp_path / "pictures")
    with pytest.raises(UserError, match=r"no column of text among `image` \(Image\)"):
        fetched(tmp_path / "pictures", spy)


def test_several_configurations_in_a_folder(films, tmp_path, spy):
    place = tmp_path / "rows"
    text = "---\nconfigs:\n"
    for config in ("one", "two"):
        (place / config).mkdir(parents=True)
        films(4).to_parquet(place / config / "train.parquet")
        text += f"- config_name: {config}\n  data_files:\n  - split: train\n    path: {config}/train.parquet\n"
    (place / "README.md").write_text(text + "---\n")
    with pytest.raises(UserError, match=r"has 2 configurations; say which, such as hf:.*/rows/one; there are one, two"):
        fetched(place, spy)
    with pytest.raises(
        UserError, match=r"no configuration `tow`; say which, such as hf:.*/rows/two; there are one, two"
    ):
        fetched(f"{place}/tow", spy)


def test_code_in_a_folder_is_not_run(films, tmp_path, spy):
    place = tmp_path / "rows"
    place.mkdir()
    (place / "rows.py").write_text("raise SystemExit(7)\n")
    with pytest.raises(UserError, match="made by a script of its own; no code of a data set is ever run"):
        fetched(place, spy)


@pytest.mark.parametrize(
    ("name", "text"), [("train.jsonl", '{"text": "a"}\n{"text": '), ("train.parquet", "x"), ("notes.xyz", "x")]
)
def test_files_that_are_broken_or_none(lib, tmp_path, spy, cache, name, text):
    place = tmp_path / "rows"
    place.mkdir()
    (place / name).write_text(text)
    with pytest.raises(UserError, match=r"rows: (the data set cannot be read: |no data files that are read)") as caught:
        fetched(place, spy)
    assert "\n" not in str(caught.value)
    assert list(cache.iterdir()) == []


def test_an_empty_split(lib, films, tmp_path, spy):
    (tmp_path / "rows").mkdir()
    films(3).to_parquet(tmp_path / "rows" / "train.parquet")
    films(0).to_parquet(tmp_path / "rows" / "test.parquet")
    assert not (fetched(tmp_path / "rows", spy) / "test.jsonl").exists()
    assert any("no rows in `test`" in line for line in spy.said)


def test_without_the_library(tmp_path, spy, monkeypatch):
    monkeypatch.setitem(sys.modules, "datasets", None)
    (tmp_path / "rows").mkdir()
    for name in ("hf:org/name", f"hf:{tmp_path / 'rows'}"):
        with pytest.raises(UserError, match=r"pip install 'nlpsuite\[hub\]'"):
            data_folder(request(name, "train", {}, {}, None), spy)
