"""Which languages data is in: those asked for, those of the model, or others, which are refused."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from nlpsuite.api import UserError
from nlpsuite_translation import TranslationSettings
from nlpsuite_translation.languages import language_of, suffix_language
from nlpsuite_translation.layout import Layout
from nlpsuite_translation.reading import PairReader

if TYPE_CHECKING:
    from pathlib import Path

EN, ZH, DE = ["It is late.", "Come in!"], ["现在很晚了。", "进来！"], ["Es ist spät.", "Komm herein!"]


def write(path: Path, *lines: str) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def reader(spy: Any, **settings) -> PairReader:
    return PairReader(TranslationSettings(**settings), spy)  # type: ignore[arg-type]


def read(made: PairReader, path: Path, split: str = "train") -> list[tuple[str, str | None]]:
    return [(row.inputs["source"], row.target) for row in made.read(path, split)]  # type: ignore[arg-type]


def model(spy: Any, layout: Layout, **settings) -> PairReader:
    """Return the reader of a model that is loaded again."""
    made = reader(spy, **settings)
    made.layout = Layout.from_state(json.loads(json.dumps(layout.to_state())))
    return made


@pytest.fixture(params=["files", "columns"])
def en_zh(request, tmp_path, spy) -> PairReader:
    """The reader of a model from English to Chinese, trained on parallel files or on a table."""
    trained = reader(spy)
    if request.param == "files":
        write(tmp_path / "t" / "train.zh", *ZH)
        read(trained, write(tmp_path / "t" / "train.en", *EN))
    else:
        pairs = zip(ZH, EN, strict=True)
        read(trained, write(tmp_path / "t" / "train.tsv", "zh\ten", *map("\t".join, pairs)))
    return model(spy, trained.layout)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("de", "de"), ("de_AT", "de"), ("zh-Hans", "zh"), ("Deutsch", "de"), ("ENG", "en"), ("English sentence", "en"),
        ("中文", "zh"), ("汉语", "zh"), ("英文", "en"), ("英语", "en"), ("日文", "ja"), ("法文", "fr"), ("德文", "de"),
        ("source", None), ("column 1", None), ("note", None),
    ],
)  # fmt: skip
def test_names_of_languages(name, code):
    assert language_of(name) == code


def test_suffixes_need_be_no_known_language():
    assert [suffix_language(name) for name in ("en", "ENG", "xx", "src", "tgt", "原文")] == [
        "en",
        "en",
        "xx",
        None,
        None,
        None,
    ]


@pytest.mark.parametrize("names", ["英文,中文", "英语,汉语", "English,Chinese"])
def test_headers_in_chinese(tmp_path, spy, names):
    pairs = [",".join(pair) for pair in zip(EN, ZH, strict=True)]
    assert read(reader(spy), write(tmp_path / "a.csv", names, *pairs)) == list(zip(EN, ZH, strict=True))
    back = ",".join(reversed(names.split(",")))
    pairs = [",".join(pair) for pair in zip(ZH, EN, strict=True)]
    path = write(tmp_path / "b.csv", back, *pairs)
    assert read(reader(spy), path) == list(zip(EN, ZH, strict=True)), "from English, whichever stands first"
    assert read(reader(spy, source="zh", target="en"), path) == list(zip(ZH, EN, strict=True)), "codes mean the same"


def test_headers_of_two_sides_in_chinese(tmp_path, spy):
    path = write(tmp_path / "a.tsv", "译文\t原文", *map("\t".join, zip(EN, ZH, strict=True)))
    assert read(reader(spy), path) == list(zip(ZH, EN, strict=True))


def test_languages_asked_of_a_file_without_header_are_an_error(tmp_path, spy):
    path = write(tmp_path / "a.tsv", *map("\t".join, zip(EN, DE, strict=True)))
    with pytest.raises(UserError, match=r"no column `de`, which task.source asks for: the file has no header") as error:
        read(reader(spy, source="de", target="en"), path)
    assert error.value.line == 1
    assert "task.source=2 --set task.target=1" in error.value.fix
    assert read(reader(spy, source=2, target=1), path) == list(zip(DE, EN, strict=True))
    with pytest.raises(UserError, match="no column `3`"):
        read(reader(spy, source=3, target=1), path)


def test_columns_asked_for_that_a_header_lacks_are_an_error(tmp_path, spy):
    path = write(tmp_path / "a.tsv", "source\ttarget", *map("\t".join, zip(EN, DE, strict=True)))
    with pytest.raises(UserError, match=r"no column `de`, which task.source asks for") as error:
        read(reader(spy, source="de", target="en"), path)
    assert error.value.fix == "there is `source`, `target`"


def test_data_in_other_languages_is_refused(tmp_path, en_zh):
    folder = write(tmp_path / "d" / "val.de", *DE).parent
    path = write(folder / "val.en", *EN)
    with pytest.raises(UserError, match=r"the data has `en`, `de`, and the model translates en -> zh"):
        en_zh.splits(folder)
    with pytest.raises(UserError, match="the model translates en -> zh"):
        read(en_zh, path, "test")
    table = write(tmp_path / "test.tsv", "en\tde", *map("\t".join, zip(EN, DE, strict=True)))
    with pytest.raises(UserError, match=r"test.tsv: the data has `en`, `de`, and the model translates en -> zh"):
        read(en_zh, table, "test")
    with pytest.raises(UserError, match="the model translates en -> zh"):
        list(en_zh.stream([json.dumps({"de": DE[0]}) + "\n"], "<stdin>"))


def test_to_predict_the_source_alone_matters(tmp_path, en_zh):
    folder = write(tmp_path / "d" / "new.de", *DE).parent
    path = write(folder / "new.en", *EN)
    assert read(en_zh, path, "predict") == [(text, None) for text in EN]
    with pytest.raises(UserError, match=r"the data has `de`, and the model translates en -> zh"):
        read(en_zh, folder / "new.de", "predict")
    table = write(tmp_path / "new.tsv", "de\ten", *map("\t".join, zip(DE, EN, strict=True)))
    assert read(en_zh, table, "predict") == [(text, None) for text in EN]


def test_the_same_languages_by_other_names_are_found(tmp_path, en_zh):
    folder = write(tmp_path / "d" / "val.zh-Hans", *ZH).parent
    write(folder / "val.eng", *EN)
    files = en_zh.splits(folder)
    assert files.valid == folder / "val.eng"
    assert read(en_zh, files.valid, "test") == list(zip(EN, ZH, strict=True))
    table = write(tmp_path / "test.csv", "中文,英文", *map(",".join, zip(ZH, EN, strict=True)))
    assert read(en_zh, table, "test") == list(zip(EN, ZH, strict=True))


def test_names_that_tell_no_language_are_taken_as_they_are(tmp_path, en_zh, spy):
    pairs = list(map("\t".join, zip(EN, ZH, strict=True)))
    assert read(en_zh, write(tmp_path / "a.tsv", "source\ttarget", *pairs), "test") == list(zip(EN, ZH, strict=True))
    assert not spy.warned
    assert read(en_zh, write(tmp_path / "b.tsv", *pairs), "test") == list(zip(EN, ZH, strict=True))
    (warned,) = spy.warned
    assert "no header, so column 1 is taken for `en`, column 2 for `zh`" in warned
    assert read(en_zh, write(tmp_path / "lines.txt", *EN), "predict") == [(text, None) for text in EN]


def test_a_model_of_one_direction_reads_all_files_in_it(tmp_path, spy):
    trained = reader(spy, source="zh", target="en")
    write(tmp_path / "train.zh", *ZH)
    read(trained, write(tmp_path / "train.en", *EN))
    later = model(spy, trained.layout, source="zh", target="en")
    for name, rows in (("a.tsv", zip(EN, ZH, strict=True)), ("b.csv", zip(ZH, EN, strict=True))):
        columns = ("en", "zh") if name == "a.tsv" else ("Chinese", "English")
        separator = "\t" if name == "a.tsv" else ","
        path = write(tmp_path / name, separator.join(columns), *map(separator.join, rows))
        assert read(later, path, "test") == list(zip(ZH, EN, strict=True))


def test_what_is_asked_later_counts_before_what_was_trained_on(tmp_path, en_zh, spy):
    table = write(tmp_path / "test.tsv", "en\tde", *map("\t".join, zip(EN, DE, strict=True)))
    asked = model(spy, en_zh.layout, source="en", target="de")
    assert read(asked, table, "test") == list(zip(EN, DE, strict=True))
    with pytest.raises(UserError, match="no language `fr` here"):
        read(model(spy, en_zh.layout, source="en", target="fr"), table, "test")


def test_generic_training_data_says_nothing_of_languages(tmp_path, spy):
    trained = reader(spy)
    read(trained, write(tmp_path / "train.tsv", *map("\t".join, zip(EN, ZH, strict=True))))
    later = model(spy, trained.layout)
    table = write(tmp_path / "test.tsv", "en\tde", *map("\t".join, zip(EN, DE, strict=True)))
    assert read(later, table, "test") == list(zip(EN, DE, strict=True))
