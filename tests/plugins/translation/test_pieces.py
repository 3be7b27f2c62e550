from __future__ import annotations

import pytest

from nlpsuite_translation.pieces import aligned, cut, join, sentences, space_after


def words(text: str) -> int:
    return len(text.split())


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("One. Two? Three!", ["One. ", "Two? ", "Three!"]),
        ("He said: “Go.” Then he went.", ["He said: “Go.” ", "Then he went."]),
        ("你好。再见！", ["你好。", "再见！"]),
        ("Line one\n\nline two", ["Line one\n\n", "line two"]),
        ("Version 2.5 is out", ["Version 2.5 is out"]),
    ],
)
def test_sentences(text, parts):
    assert sentences(text) == parts


@pytest.mark.parametrize("most", [3, 5, 50])
@pytest.mark.parametrize("usual", [2, 4, 12])
@pytest.mark.parametrize(
    "text",
    [
        "One two three. Four, five six seven eight nine. Ten!\n\nEleven twelve",
        "  spaces   before and  after ,  and \t tabs  in one very long sentence without end  ",
        "word " * 40,
        "今天天气很好。" * 20,
        "a",
    ],
)
def test_pieces_are_the_text_and_none_is_too_long(text, usual, most):
    count = (lambda part: len(part.strip())) if "今" in text else words
    pieces = cut(text, count, min(usual, most), most)
    assert "".join(pieces) == text
    assert all(count(piece) <= most for piece in pieces)
    assert all(piece.strip() for piece in pieces)


def test_sentences_share_a_piece_while_they_fit():
    assert cut("a b. c d. e f. g h.", words, 4, 8) == ["a b. c d. ", "e f. g h."]
    assert cut("a b c d e. f.", words, 3, 8) == ["a b c d e. ", "f."], "a sentence may be longer than usual"


def test_a_long_sentence_is_cut_after_a_clause():
    assert cut("a b c d, e f g h", words, 2, 5) == ["a b c d, ", "e f g h"]


def test_parts_of_the_translation():
    assert aligned(["A b. "], "X. Y.") == ["X. Y."]
    assert aligned(["A. B. ", "C."], "X. Y. Z.") == ["X. Y. ", "Z."]
    assert aligned(["A. ", "B."], "X.") == [None, None]
    assert aligned(["A ", "b. ", "C."], "X. Y.") == [None, None, None]


@pytest.mark.parametrize(
    ("texts", "spaces", "whole"),
    [
        (["X.", "Y."], [" ", ""], "X. Y."),
        (["X.", "Y."], ["\n\n", ""], "X.\n\nY."),
        (["X.", "Y."], ["", ""], "X. Y."),
        (["你好。", "再见。"], [" ", ""], "你好。再见。"),
        (["X.", "", "Y."], [" ", " ", ""], "X. Y."),
        ([], [], ""),
    ],
)
def test_joined(texts, spaces, whole):
    assert join(texts, spaces) == whole


def test_space_after():
    assert space_after("a b \n") == " \n"
    assert space_after("a") == ""
