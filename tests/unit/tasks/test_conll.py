from __future__ import annotations

import pytest

from nlpsuite.errors import UserError
from nlpsuite.tasks.conll import Layout, find_layout, misc_key, sentences


def read(text: str, **chosen):
    lines = text.splitlines(keepends=True)
    layout = find_layout(lines, **chosen)
    assert layout is not None
    return layout, [(each.words, each.tags, each.lines) for each in sentences(lines, layout, "f")]


def test_four_columns_documents_and_blank_or_blank_looking_lines():
    text = "-DOCSTART- -X- -X- O\n\nEU NNP B-NP B-ORG\nsays VB B-VP O\n \t \nYes UH O O\n\n\n-DOCSTART- -X- -X- O\n\nNo UH O O"
    layout, found = read(text)
    assert layout == Layout(4, 0, 3, False)
    assert found == [(["EU", "says"], ["B-ORG", "O"], [3, 4]), (["Yes"], ["O"], [6]), (["No"], ["O"], [11])]


def test_tabs_windows_line_ends_and_words_with_blanks():
    layout, found = read("\ufeffNew York\tB-LOC\r\n\u3000\tO\r\n, \tO\r\n\r\n")
    assert layout == Layout(2, 0, 1, True)
    assert found == [(["New York", "\u3000", ","], ["B-LOC", "O", "O"], [1, 2, 3])]


def test_columns_may_be_chosen_and_blanks_may_be_many():
    layout, found = read("1   Ana  B-PER  x\n2   met  O      y\n", word=2, tag=3)
    assert layout == Layout(4, 1, 2, False)
    assert found == [(["Ana", "met"], ["B-PER", "O"], [1, 2])]
    assert read("B-PER Ana\nO met\n", word=2, tag=1)[1][0][1] == ["B-PER", "O"]
    assert read("Ana B-PER x\nmet O y\n", tag=-2)[1][0][1] == ["B-PER", "O"]


def test_one_character_a_line():
    assert read("王 B-PER\n明 E-PER\n， O\n\n1 O\n")[1][0][0] == ["王", "明", "，"]


def test_comments_where_a_sentence_begins_and_a_hash_that_is_a_word():
    text = "# id 12 domain=en\nAna _ _ B-PER\n# _ _ O\n\n# text = Ana\nBo _ _ B-PER\n"
    assert [words for words, _, _ in read(text)[1]] == [["Ana", "#"], ["Bo"]]


def test_conllu():
    rows = [
        "# sent_id = 1",
        "1\tAna\tAna\tPROPN\t_\t_\t2\tnsubj\t_\tEntity=B-PER",
        "2-3\tdel\t_\t_\t_\t_\t_\t_\t_\t_",
        "2\tde\tde\tADP\t_\t_\t3\tcase\t_\tSpaceAfter=No",
        "3\tel\tel\tDET\t_\t_\t1\tdet\t_\tEntity=I-PER|SpaceAfter=No",
        "3.1\tx\t_\t_\t_\t_\t_\t_\t_\t_",
        "",
    ]
    layout, found = read("\n".join(rows))
    assert layout.misc == "Entity"
    assert found == [(["Ana", "de", "el"], ["B-PER", "O", "I-PER"], [2, 4, 5])]
    assert read("\n".join(rows).replace("Entity", "NER"))[0].misc == "NER"


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("Ana B-PER\nmet\n", 2, "1 column where"),
        ("Ana x B-PER\nBo B-PER\nto x O\n", 2, "2 columns"),
        ("a\tO\n \tO\n", 2, "empty"),
    ],
)
def test_a_broken_line_is_named(text, line, what):
    lines = text.splitlines(keepends=True)
    layout = Layout(len(lines[0].split()), 0, len(lines[0].split()) - 1, "\t" in text)
    with pytest.raises(UserError, match=what) as error:
        list(sentences(lines, layout, "f"))
    assert (error.value.where, error.value.line) == ("f", line)


def test_text_is_not_taken_for_columns():
    assert find_layout(["It rained.\n", "Nobody came.\n"]) is None
    assert find_layout(["\n"]) is None
    assert find_layout(["single\n", "words\n"]) is None


def test_hashtags_and_words_that_look_like_marks_are_words():
    text = "#text O\nis O\n-DOCSTART-Foo B-X\n\n#id B-X\n\n# O\n\n# a comment\nAna B-PER\n\n-DOCSTART- O\n\nBo B-PER\n"
    assert [words for words, _, _ in read(text)[1]] == [
        ["#text", "is", "-DOCSTART-Foo"],
        ["#id"],
        ["#"],
        ["Ana"],
        ["Bo"],
    ]


def test_the_key_of_tags_in_conllu_is_looked_for_in_all_of_a_file():
    row = "1\tAna\t_\t_\t_\t_\t_\t_\t_\t{}\n"
    lines = [*[row.format("_"), "\n"] * 3, row.format("SpaceAfter=No|NER=B-PER"), row.format("Entity=O")]
    assert misc_key(lines) == "Entity"
    assert misc_key(lines, "NER") == "NER"
    assert misc_key(lines[:6]) == ""


def test_sources_as_germeval_writes_them_are_comments_and_a_sign_that_is_a_word_stays():
    source = "#\tn-tv.de [2009-10-17]\n"
    text = source + "1\tAna\tB-PER\tO\n2\tmet\tO\tO\n\n" + source + "1\t#\tO\tO\n\n"
    layout, found = read(text, word=2, tag=3)
    assert layout == Layout(4, 1, 2, True)
    assert [words for words, _, _ in found] == [["Ana", "met"], ["#"]]
    assert read("#\tO\nAna\tB-PER\n")[1][0][0] == ["#", "Ana"]


def test_small_letters_of_tags_look_like_tags():
    assert read("Ana b-per\nmet o\n")[1][0][1] == ["b-per", "o"]
    assert find_layout(["Write an e-mail\n", "Take the bus\n"]) is None


def test_words_without_tags_have_a_layout_where_it_is_asked_for():
    assert find_layout(["-DOCSTART- x\n", "Ana NN\n", "met VB\n"], tagged=False) == Layout(2, 0, None, False)
    assert find_layout(["\n"], tagged=False) is None
