"""Every format and scheme gives the same rows; what is wrong is repaired and counted, or refused with its line."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import nlpsuite_ner
from nlpsuite.api import Scheme, Span, UserError

WORDS = ["Ana", "left", "New", "York", "City", "Rome", "."]
SPANS = [Span(0, 1, "PER"), Span(2, 5, "LOC"), Span(5, 6, "LOC")]
TARGET = [{"label": span.label, "start_word": span.start, "end_word": span.end} for span in SPANS]
PACKAGE = Path(nlpsuite_ner.__file__).parent


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8", newline="")
    return path


def columns(tags, between=" ", before="", end="\n") -> str:
    return "".join(f"{before}{word}{between}{tag}{end}" for word, tag in zip(WORDS, tags, strict=True)) + end


@pytest.mark.parametrize("name", ["IOB1", "IOB2", "BIOES", "BMES", "BILOU"])
@pytest.mark.parametrize(
    "style", [{}, {"between": "\t"}, {"between": "\tx\ty\t"}, {"end": "\r\n"}, {"between": "   NN "}]
)
def test_columns_in_every_scheme(make, tmp_path, name, style):
    task = make()
    text = columns(Scheme(name).tags(SPANS, 7), **style)
    rows = list(task.read(write(tmp_path / "train.conll", "-DOCSTART- -X- O\n\n" * (not style) + text * 2), "train"))
    assert [row.inputs["tokens"] for row in rows] == [WORDS, WORDS]
    assert [row.target for row in rows] == [TARGET, TARGET]
    assert any(f"tags in {name}" in line for line in task.context.report.said)
    assert not task.context.report.warned


@pytest.mark.parametrize("key", ["tags", "ner_tags"])
def test_json_lines_of_words(make, tmp_path, key):
    row = json.dumps({"tokens": WORDS, key: Scheme("BIOES").tags(SPANS, 7)})
    (read,) = make().read(write(tmp_path / "train.jsonl", row + "\n"), "train")
    assert read.target == TARGET


def test_io_without_letters(make, tmp_path):
    tags = Scheme("IO", "").tags(SPANS, 7)
    (row,) = make().read(write(tmp_path / "a.bio", columns(tags)), "train")
    assert [(each["start_word"], each["end_word"]) for each in row.target] == [(0, 1), (2, 6)]


def test_letters_alone(make, tmp_path):
    task = make()
    tags = [tag[0] for tag in Scheme("IOB2").tags(SPANS, 7)]
    (row,) = task.read(write(tmp_path / "train.tsv", columns(tags, "\t")), "train")
    assert row.target == [{**each, "label": "ENTITY"} for each in TARGET]
    assert any("tags in IOB2 without labels, called ENTITY" in line for line in task.context.report.said)


def test_stray_tags_are_counted(make, tmp_path):
    task = make()
    text = "Ana B-PER\nmet O\n\nBo I-PER\nLee I-PER\n\nRome B-LOC\nis O\n\n"
    rows = list(task.read(write(tmp_path / "train.txt", text), "train"))
    assert rows[1].target == [{"label": "PER", "start_word": 0, "end_word": 2}]
    (warning,) = task.context.report.warned
    assert "1 tag may not stand where it does" in warning
    assert "line 4" in warning


def test_unequal_schemes_compare(make, tmp_path):
    task = make()
    train = list(task.read(write(tmp_path / "train.txt", columns(Scheme("IOB2").tags(SPANS, 7))), "train"))
    test = list(task.read(write(tmp_path / "test.txt", columns(Scheme("BIOES").tags(SPANS, 7))), "predict"))
    assert train[0].target == test[0].target == TARGET
    assert any("training data has tags in IOB2" in line for line in task.context.report.said)
    assert not task.context.report.warned


@pytest.mark.parametrize(("suffix", "line"), [("conll", 8), ("jsonl", 2)])
def test_a_label_that_training_rows_lack(make, tmp_path, suffix, line):
    task = make()
    task.fit(list(task.read(write(tmp_path / "train.conll", columns(Scheme().tags(SPANS, 7))), "train")))
    tags = ["O", "O", "O", "O", "B-XYZ", "O", "O"]
    text = "x O\n\n\n" + columns(tags)
    if suffix == "jsonl":
        text = "\n" + json.dumps({"tokens": WORDS, "tags": tags})
    path = write(tmp_path / f"test.{suffix}", text)
    with pytest.raises(UserError, match="XYZ") as error:
        task.check(list(task.read(path, "test")))
    assert (error.value.where, error.value.line) == (str(path), line)


@pytest.mark.parametrize(
    ("name", "text", "line", "what"),
    [
        ("a.conll", "Ana B-PER\nmet\n" + "a O\n" * 30, 2, "1 column where"),
        ("a.conll", "Ana B-PER\nmet MISC\n" + "a O\n" * 30, 2, "`MISC` is not a tag"),
        ("a.jsonl", '{"text": "Ana", "entities": [[0, 4, "PER"]]}\n', 1, "text of 3 characters"),
        ("a.jsonl", '{"text": "Ana", "entities": []}\n{"text": " ", "entities": []}\n', 2, "empty text"),
        ("a.jsonl", '{"text": "Ana"}\n', 1, "a row without entities"),
        ("a.jsonl", '{"tokens": ["Ana"]}\n', 1, "a row without tags"),
        ("a.txt", "Just a text.\nAnd one more.\n", 1, "neither words with tags"),
    ],
)
def test_what_is_wrong_is_refused_with_its_line(make, tmp_path, name, text, line, what):
    path = write(tmp_path / name, text)
    with pytest.raises(UserError, match=re.escape(what)) as error:
        list(make().read(path, "train"))
    assert (str(error.value.where), error.value.line) == (str(path), line)
    assert "rows look like" in str(error.value)


def test_rows_without_any_entity_are_refused(make, tmp_path):
    task = make()
    with pytest.raises(UserError, match="no entities"):
        task.fit(list(task.read(write(tmp_path / "a.conll", "a O\nb O\n"), "train")))


def test_what_may_be_predicted(make, tmp_path):
    task = make()
    task.fit(list(task.read(write(tmp_path / "train.conll", columns(Scheme().tags(SPANS, 7), " NN ")), "train")))
    cases = {
        "a.txt": ("Ana met Bo.\n\nIn Rome.\n", ["Ana met Bo.", "", "In Rome."]),
        "b.txt": ("Ana\nmet\n\nBo\n", [["Ana", "met"], ["Bo"]]),
        "c.conll": ("Ana NN\nmet VB\n\nBo NN\n", [["Ana", "met"], ["Bo"]]),
        "h.txt": ("Ana B-NP\nmet O\n\nBo B-NP\n", [["Ana", "met"], ["Bo"]]),
        "d.txt": ("Ana NN\nmet VB\n\nBo NN\n", ["Ana NN", "met VB", "", "Bo NN"]),
        "e.txt": ("王小明\n去了\n", ["王小明", "去了"]),
        "f.jsonl": ('{"text": "Ana"}\n{"tokens": ["Bo", "Li"]}\n', ["Ana", ["Bo", "Li"]]),
        "g.txt": (columns(Scheme().tags(SPANS, 7), " NN "), [WORDS]),
    }
    for name, (text, expected) in cases.items():
        rows = list(task.read(write(tmp_path / name, text), "predict"))
        assert [row.inputs.get("tokens", row.inputs.get("text")) for row in rows] == expected, name
        streamed = list(task.read_lines(text.splitlines(keepends=True), "<stdin>"))
        if name != "c.conll":
            assert [row.inputs for row in streamed] == [row.inputs for row in rows], name
        assert all(row.target is None for row in streamed)


def test_entities_that_end_inside_words_cut_them(make, tmp_path):
    task = make()
    texts = ["Romebound Ana", *["Ana is in Rome"] * 30]
    spans = [[[0, 4, "LOC"], [10, 13, "PER"]], *[[[0, 3, "PER"], [10, 14, "LOC"]]] * 30]
    rows = [json.dumps({"text": text, "entities": each}) for text, each in zip(texts, spans, strict=True)]
    read = list(task.read(write(tmp_path / "a.jsonl", "\n".join(rows)), "train"))
    task.fit(read)
    assert task.places(read[0]) == [(0, 4), (4, 9), (10, 13)]
    assert task.encode(read[0])[0].target.tolist() == [4, 0, 8]
    many = [json.dumps({"text": "Romebound", "entities": [[0, 4, "LOC"]]})] * 5
    task = make()
    read = list(task.read(write(tmp_path / "b.jsonl", "\n".join(many)), "train"))
    task.fit(read)
    assert len(task.places(read[0])) == 9


def test_every_example_of_the_readme_is_read_whole(make, tmp_path):
    readme = (PACKAGE.parent / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^\*\*([^*\n]+)\*\*(?:(?!^```).)*?^```(\w+)\n(.*?)^```", readme, re.DOTALL | re.MULTILINE)
    assert len(blocks) >= 10
    for title, suffix, text in blocks:
        rows = list(make().read(write(tmp_path / f"a.{suffix}", text), "train"))
        assert len(rows) == 2, title
        assert all(row.target for row in rows), title


def test_demo_rows(make):
    task = make()
    files = task.splits(PACKAGE / "demo")
    train, valid, test = (list(task.read(path, "test")) for path in (files.train, files.valid, files.test))
    assert (len(train), len(valid), len(test)) == (213, 40, 70)
    task.fit(train)
    task.check([*valid, *test])
    assert task.labels == ("LOC", "ORG", "PER")
    assert task.state()["splitter"] == {"splitting": "fine", "cuts": {}}
    texts = [row.inputs["text"] for row in (*train, *valid, *test)]
    assert len(set(texts)) == len(texts)


def test_texts_of_as_many_words_as_columns_are_texts(tmp_path, make):
    path = write(tmp_path / "train.txt", "Ana NNP B-NP B-PER\nmet VBD O O\nBo NNP B-NP B-PER\n. . O O\n")
    task = make()
    task.fit(list(task.read(path, "train")))
    lines = ["Angela visited Paris\n", "Bob likes Rome\n"]
    rows = list(task.read(write(tmp_path / "new.txt", "".join(lines)), "predict"))
    assert [row.inputs for row in rows] == [{"text": "Angela visited Paris"}, {"text": "Bob likes Rome"}]
    assert [row.inputs for row in task.read_lines(lines, "<stdin>")] == [row.inputs for row in rows]
    (row,) = task.read(write(tmp_path / "new.conll", "Angela NNP X\nvisited VBD Y\n"), "predict")
    assert row.inputs == {"tokens": ["Angela", "visited"]}, "the file's name says that it holds columns"


def conllu(*tags: str) -> str:
    return "".join(f"1\tAna\t_\t_\t_\t_\t_\t_\t_\t{tag}\n\n" for tag in tags)


def test_the_key_of_the_training_data_is_found_however_late_it_comes(tmp_path, make):
    task = make()
    train = write(tmp_path / "train.conllu", conllu("NER=B-PER", "NER=O"))
    task.fit(list(task.read(train, "train")))
    test = write(tmp_path / "test.conllu", conllu(*["_"] * 1001, "NER=B-PER"))
    rows = list(task.read(test, "test"))
    assert sum(len(row.target) for row in rows) == 1
    with pytest.raises(UserError, match="no tags in the last column"):
        list(task.read(write(tmp_path / "none.conllu", conllu("_", "SpaceAfter=No")), "test"))


def test_an_unknown_label_is_named_with_its_own_line(tmp_path, make):
    task = make()
    task.fit(list(task.read(write(tmp_path / "train.conllu", conllu("NER=B-PER", "NER=O")), "train")))
    row = "{}\tdel\t_\t_\t_\t_\t_\t_\t_\t{}\n"
    test = write(tmp_path / "test.conllu", row.format("1-2", "_") + row.format(1, "_") + row.format(2, "NER=B-GOD"))
    with pytest.raises(UserError, match="label `GOD`") as error:
        task.check(list(task.read(test, "test")))
    assert error.value.line == 3


def test_small_letters_of_tags_are_read_and_said(tmp_path, make):
    task = make()
    path = write(tmp_path / "a.txt", "Ana b-per\nSilva i-per\nmet o\n\nRome b-loc\n\n")
    rows = list(task.read(path, "train"))
    assert [each["label"] for row in rows for each in row.target] == ["per", "loc"]
    assert rows[0].target[0]["end_word"] == 2
    assert any("4 tags have small letters (`b-loc`, `b-per`, `i-per`)" in line for line in task.context.report.said)


def test_labels_that_differ_in_case_alone_are_warned_of_with_their_numbers(tmp_path, make):
    task = make()
    task.fit(list(task.read(write(tmp_path / "a.txt", "Ana B-PER\nBo B-Per\n\nCy B-PER\n\n"), "train")))
    (warning,) = task.context.report.warned
    assert "`PER` (2 entities) and `Per` (1 entity)" in warning


def test_columns_without_an_empty_line_are_said_to_be_so(tmp_path, make):
    task = make()
    path = write(tmp_path / "a.conll", "Ana B-PER\nmet O\n" * 60)
    rows = list(task.read(path, "train"))
    assert "no empty line between sentences was found, so its 120 words are one row" in task.context.report.warned[0]
    with pytest.raises(UserError, match="no empty line between sentences was found") as error:
        task.hold_out(rows, 0.1, 1, task.context.report)
    assert error.value.where == str(path)


def test_sources_as_germeval_writes_them_are_comments(tmp_path, make):
    source = "#\tn-tv.de [2009-10-17]\n"
    text = source + "1\tAna\tB-PER\tO\n2\tmet\tO\tO\n\n" + source + "1\tRome\tB-LOC\tO\n\n"
    task = make(word=2, tag=3)
    rows = list(task.read(write(tmp_path / "train.tsv", text), "train"))
    assert [row.inputs["tokens"] for row in rows] == [["Ana", "met"], ["Rome"]]
    task.fit(rows)
    (row,) = task.read(write(tmp_path / "new.tsv", source + "1\tBo\tx\n2\tis\tx\n"), "predict")
    assert row.inputs["tokens"] == ["Bo", "is"]
    assert [each.inputs for each in task.read_lines([source, "1\tBo\tx\n", "\n"], "<stdin>")] == [{"tokens": ["Bo"]}]


def test_two_keys_of_tags_in_one_file_are_warned_of(tmp_path, make):
    task = make()
    list(task.read(write(tmp_path / "a.conllu", conllu("Entity=B-PER", "NER=B-LOC", "NER=O|Entity=O")), "train"))
    (warning,) = task.context.report.warned
    assert "tags are read from Entity= (2 words), and NER= (2) is not read" in warning
