"""Tables with a header: words with the number of their sentence, and texts to predict."""

from __future__ import annotations

import re

import pytest

from nlpsuite.api import UserError

TARGET = [{"label": "PER", "start_word": 0, "end_word": 1}]
SIMPLE = 'sentence_id,words,labels\n0,Ana,B-PER\n0,"1,5",O\n1,It,O\n'
KAGGLE = 'Sentence #,Word,POS,Tag\nSentence: 1,Ana,NNP,B-PER\n,"1,5",CD,O\nSentence: 2,It,PRP,O\n'


def write(path, text):
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.csv", SIMPLE),
        ("a.csv", "\ufeff" + KAGGLE),
        ("a.csv", SIMPLE.replace('"1,5"', '"1;5"').replace(",", ";").replace("1;5", "1,5")),
        ("a.tsv", KAGGLE.replace('"1,5"', "1.5").replace(",", "\t").replace("1.5", "1,5")),
        ("a.txt", "words\ttag\tsentence_idx\nAna\tB-PER\t1\n1,5\tO\t1\nIt\tO\t2\n"),
    ],
)
def test_words_by_the_number_of_their_sentence(make, tmp_path, name, text):
    task = make()
    rows = list(task.read(write(tmp_path / name, text), "train"))
    assert [row.inputs for row in rows] == [{"tokens": ["Ana", "1,5"]}, {"tokens": ["It"]}]
    assert [row.target for row in rows] == [TARGET, []]
    assert rows[1].where.endswith(":4")
    assert "a table; sentences by `" in task.context.report.said[0]
    assert ("not used: `POS`" in task.context.report.said[0]) == ("POS" in text)


def test_columns_may_be_chosen_by_their_number(make, tmp_path):
    path = write(tmp_path / "a.csv", "id,sent,lemma,token,pos_tag,kind\n1,1,ana,Ana,X,B-PER\n2,1,be,is,Y,O\n")
    (row,) = make(word=4, tag=-1).read(path, "train")
    assert (row.inputs["tokens"], row.target) == (["Ana", "is"], TARGET)


def test_a_folder_of_csv_files_and_an_unknown_label_with_its_line(make, tmp_path):
    write(tmp_path / "train.csv", SIMPLE)
    write(tmp_path / "test.csv", SIMPLE.replace("B-PER", "B-GOD"))
    task = make()
    files = task.splits(tmp_path)
    task.fit(list(task.read(files.train, "train")))
    with pytest.raises(UserError, match="label `GOD`") as error:
        task.check(list(task.read(files.test, "test")))
    assert error.value.line == 2


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("words,labels\nAna,B-PER\n", 1, "no columns of sentence numbers, words and tags among `words`, `labels`"),
        ("Ana,B-PER\nmet,O\n", 1, "no columns of sentence numbers, words and tags among `Ana`, `B-PER`"),
        ("sentence_id,words,labels\n1,Ana,\n", 2, "a word without a tag"),
        ("sentence_id,words,labels\n1,Ana,O\n1,,O\n", 3, "an empty word"),
        ("sentence_id,words,labels\n1,Ana,O\n2,Bo,O\n1,is,O\n", 4, "sentence `1` goes on after another"),
    ],
)
def test_what_is_wrong_is_refused_with_its_line_and_what_is_right(make, tmp_path, text, line, what):
    with pytest.raises(UserError, match=re.escape(what)) as error:
        list(make().read(write(tmp_path / "a.csv", text), "train"))
    assert error.value.line == line
    assert '"sentence_id","words","labels"' in str(error.value)
    if line == 1:
        assert "`Paris B-LOC` a line and an empty line after each sentence" in str(error.value)


@pytest.mark.parametrize("name", ["a.csv", "a.tsv"])
def test_texts_to_predict_stand_in_a_column_with_a_usual_name(make, tmp_path, name):
    task = make()
    between = "\t" if name == "a.tsv" else ","
    text = 'id,Text,stars\n7,"Ana met Bo",5\n8,,1\n'.replace(",", between)
    rows = list(task.read(write(tmp_path / name, text), "predict"))
    assert [row.inputs for row in rows] == [{"text": "Ana met Bo", "id": "7"}, {"text": "", "id": "8"}]
    assert "texts in `Text`; not used: `id`, `stars`" in task.context.report.said[0]
    assert "1 row is empty" in task.context.report.warned[0]


def test_csv_to_predict_is_never_taken_for_lines_of_text_in_silence(make, tmp_path):
    path = write(tmp_path / "a.csv", "Ana met Bo.,5\nIn Rome.,3\n")
    with pytest.raises(UserError, match=r"no column of texts among `Ana met Bo\.`, `5`; name the texts `text`"):
        list(make().read(path, "predict"))
    assert [row.inputs["text"] for row in make(format="text").read(path, "predict")] == ["Ana met Bo.,5", "In Rome.,3"]
    (row,) = make().read(write(tmp_path / "b.csv", "sentence_id,words\n1,Ana\n1,left\n"), "predict")
    assert (row.inputs, row.target) == ({"tokens": ["Ana", "left"]}, None)
