from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from nlpsuite.errors import UserError
from nlpsuite.tasks.parallel import (
    Direction,
    choose_direction,
    languages_in,
    paired_lines,
    parallel_files,
    parallel_splits,
    partner,
    split_name,
)

EN_DE = Direction("en", "de")


def write(folder: Path, **texts: str) -> Path:
    for name, text in texts.items():
        (folder / name.replace("__", ".")).write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("train.en", ("train", "en")),
        ("train.de-en.de", ("train.de-en", "de")),
        ("corpus.zh-Hans.gz", ("corpus", "zh-Hans")),
        ("train.src", ("train", "src")),
        ("news.fr.txt", ("news", "fr")),
        ("NEWS.FR.TXT.XZ", ("NEWS", "FR")),
        ("train.tsv", None),
        ("train.jsonl.gz", None),
        ("README.md", None),
        ("train.txt", None),
        ("train", None),
        (".en", None),
    ],
)
def test_the_language_is_the_last_suffix(name, parts):
    assert split_name(Path("folder") / name) == parts


def test_languages_are_those_with_a_partner(tmp_path):
    write(tmp_path, train__en="a\n", train__de="b\n", notes__fr="c\n", LICENSE="x", table__tsv="a\tb\n")
    assert languages_in(tmp_path) == ["de", "en"]
    assert set(parallel_files(tmp_path)) == {"train", "notes"}


def test_one_file_in_two_guises_is_refused(tmp_path):
    write(tmp_path, train__en="a\n")
    (tmp_path / "train.en.gz").write_bytes(gzip.compress(b"a\n"))
    with pytest.raises(UserError, match=r"the same file twice"):
        parallel_files(tmp_path)


@pytest.mark.parametrize(
    ("languages", "source", "target", "expected"),
    [
        (["de", "en"], None, None, "en -> de"),
        (["de", "en"], "de", None, "de -> en"),
        (["de", "en"], None, "en", "de -> en"),
        (["de", "en"], "DE", "EN", "de -> en"),
        (["cs", "de"], None, None, "cs -> de"),
        (["cs", "de", "en"], "cs", "en", "cs -> en"),
        (["src", "tgt"], None, None, "src -> tgt"),
    ],
)
def test_the_direction(languages, source, target, expected):
    assert str(choose_direction(languages, source, target, Path("d"))) == expected


@pytest.mark.parametrize(
    ("languages", "source", "target", "what"),
    [
        (["cs", "de", "en"], None, None, "3 languages here: cs, de, en"),
        (["cs", "de", "en"], "de", None, "3 languages"),
        (["de", "en"], "fr", None, "no language `fr` here"),
        (["de", "en"], "de", "de", "`de` is both source and target"),
    ],
)
def test_a_direction_that_is_not_there(languages, source, target, what):
    with pytest.raises(UserError, match=what):
        choose_direction(languages, source, target, Path("d"))


def test_splits_by_name_with_several_test_sets(tmp_path):
    names = ("train", "val", "test_2016", "test_2017")
    write(
        tmp_path, **{f"{name}__{language}": "a\n" for name in names for language in ("en", "de")}, test_2018__en="a\n"
    )
    files = parallel_splits(tmp_path, EN_DE)
    assert [path.name for path in (files.train, files.valid, files.test)] == ["train.en", "val.en", "test_2016.en"]
    assert files.notes[0] == "en -> de; train: train; valid: val; test: test_2016"
    assert "test sets: test_2016, test_2017; the first is scored" in files.notes[1]
    assert parallel_splits(tmp_path, Direction("de", "en")).train == tmp_path / "train.de"
    for name in ("test_2017", "test_2017.en", "test_2017.de"):
        assert parallel_splits(tmp_path, EN_DE, name).test == tmp_path / "test_2017.en"
    assert parallel_splits(tmp_path, EN_DE, "test_2018").test == tmp_path / "test_2018.en", "sources alone"
    with pytest.raises(UserError, match=r"no test set `test_2019` in `en`.*there is .*test_2017"):
        parallel_splits(tmp_path, EN_DE, "test_2019")


def test_a_set_named_just_test_goes_first(tmp_path):
    names = ("train", "a_test", "test")
    write(tmp_path, **{f"{name}__{language}": "a\n" for name in names for language in ("en", "de")})
    files = parallel_splits(tmp_path, EN_DE)
    assert files.test == tmp_path / "test.en"
    assert files.valid is None
    assert len(files.notes) == 1


def test_two_training_sets_are_refused(tmp_path):
    write(tmp_path, **{f"train_{n}__{language}": "a\n" for n in "ab" for language in ("en", "de")})
    with pytest.raises(UserError, match="are both train data"):
        parallel_splits(tmp_path, EN_DE)


def test_the_only_pair_is_split(tmp_path):
    write(tmp_path, corpus__en="a\n", corpus__de="b\n")
    files = parallel_splits(tmp_path, EN_DE)
    assert files.train == tmp_path / "corpus.en"
    assert files.valid is files.test is None


def test_the_partner(tmp_path):
    write(tmp_path, train__en="a\n", train__de="b\n", other__fr="c\n")
    assert partner(tmp_path / "train.en", "de") == tmp_path / "train.de"
    assert partner(tmp_path / "train.en", "fr") is None
    assert partner(tmp_path / "train", "de") is None


def test_lines_in_pairs(tmp_path):
    write(tmp_path, a__en="\ufeffone\r\ntwo", a__de="eins\nzwei\n")
    assert list(paired_lines(tmp_path / "a.en", tmp_path / "a.de")) == [(1, "one", "eins"), (2, "two", "zwei")]


@pytest.mark.parametrize(("more", "fewer"), [("en", "de"), ("de", "en")])
def test_unequal_lengths_are_told_with_both_counts(tmp_path, more, fewer):
    write(tmp_path, **{f"a__{more}": "x\n" * 5, f"a__{fewer}": "y\n" * 3})
    counts = {more: 5, fewer: 3}
    with pytest.raises(UserError, match=rf"{counts['en']} lines, and a.de has {counts['de']}"):
        list(paired_lines(tmp_path / "a.en", tmp_path / "a.de"))
