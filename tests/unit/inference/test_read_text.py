from __future__ import annotations

import json

import pytest

from nlpsuite.errors import UserError
from nlpsuite.inference.read_text import Piece, TextToRead


def read(spy, data, **options) -> tuple[list[Piece], TextToRead]:
    text = TextToRead(str(data), report=spy, **options)
    return list(text.pieces(spy)), text


def file(tmp_path, content: str | bytes, name: str = "a.txt"):
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_documents_as_text_reading_finds_them(tmp_path, spy):
    pieces, text = read(spy, file(tmp_path, "One.\nStill one.\n\n\nTwo.\n"))
    assert pieces == [Piece("One.\nStill one.", True, True), Piece("Two.", True, True)]
    assert text.documents == 2
    assert any("separated by blank lines" in line for line in spy.said)
    assert text.stored_bytes == (tmp_path / "a.txt").stat().st_size
    assert spy.updates[-1] == text.stored_bytes


@pytest.mark.parametrize(("documents", "number"), [("blank", 2), ("line", 3), ("file", 1)])
def test_documents_as_asked(tmp_path, spy, documents, number):
    path = file(tmp_path, "One.\nStill one.\n\nTwo.\n")
    pieces, text = read(spy, path, documents=documents)
    assert len(pieces) == text.documents == number
    if documents == "file":
        assert pieces[0].text == path.read_text(), "the very text"


def test_nothing_is_cleaned_away(tmp_path, spy):
    pieces, _ = read(spy, file(tmp_path, "same\nsame\nx\n \n"), documents="line")
    assert [piece.text for piece in pieces] == ["same", "same", "x", " "]
    assert not spy.warned


def test_empty_documents_are_told(tmp_path, spy):
    pieces, text = read(spy, file(tmp_path, "a\n\n\nb\n"), documents="line")
    assert [piece.text for piece in pieces] == ["a", "b"]
    assert text.documents == 2
    assert any(line.startswith("2 empty documents") for line in spy.said)


def test_what_is_not_utf8_is_told(tmp_path, spy):
    pieces, _ = read(spy, file(tmp_path, b"good\nb\xffd\n" + b"fine\n" * 8), documents="line")
    assert pieces[1].text == "b\ufffdd"
    assert any(line.startswith("1 documents are not UTF-8") for line in spy.warned)


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        (4, [("aaaa", False)]),
        (6, [("aaaa", False), ("bb", True)]),
        (8, [("aaaa", False), ("bbbb", False)]),
        (9, [("aaaa", False), ("bbbb", False), ("", True)]),
        (10, [("aaaa", False), ("bbbb", False), ("é", True)]),
        (99, [("aaaa", False), ("bbbb", False), ("éc", False)]),
    ],
)
def test_a_limit_cuts_at_a_character(tmp_path, spy, limit, expected):
    pieces, _ = read(spy, file(tmp_path, "aaaa\nbbbb\néc\n"), documents="line", limit_bytes=limit)
    assert [(piece.text, piece.cut) for piece in pieces] == expected
    assert all(piece.last for piece in pieces)
    assert any("--limit-bytes" in line for line in spy.said) == (limit < 99)


def test_a_long_document_comes_in_pieces_that_make_it_up(tmp_path, spy):
    content = "The cat sat on the mat and looked at the rain. " * 50_000
    pieces, text = read(spy, file(tmp_path, content), documents="file")
    assert len(pieces) > 2
    assert "".join(piece.text for piece in pieces) == content
    assert [piece.first for piece in pieces] == [True] + [False] * (len(pieces) - 1)
    assert [piece.last for piece in pieces] == [False] * (len(pieces) - 1) + [True]
    assert text.documents == 1
    limited, _ = read(spy, tmp_path / "a.txt", documents="file", limit_bytes=1_500_000)
    assert sum(len(piece.text) for piece in limited) == 1_500_000
    assert limited[-1].cut
    assert limited[-1].last
    assert not any(piece.cut or piece.last for piece in limited[:-1])


def test_a_folder_is_read_whole_whatever_its_files_are_called(tmp_path, spy):
    for name in ("train.txt", "valid.txt", "test.txt"):
        file(tmp_path, f"{name} text", name)
    file(tmp_path, "no", "notes.pdf")
    pieces, _ = read(spy, tmp_path, documents="file")
    assert sorted(piece.text for piece in pieces) == ["test.txt text", "train.txt text", "valid.txt text"]
    assert any("notes.pdf" in line and "skipped" in line for line in spy.said)


@pytest.mark.parametrize("name", ["valid.txt", "test.txt"])
def test_a_folder_or_file_of_test_text_alone(tmp_path, spy, name):
    path = file(tmp_path, "text", name)
    assert read(spy, path, documents="file")[0] == read(spy, tmp_path, documents="file")[0]


def test_records(tmp_path, spy):
    lines = "".join(json.dumps({"body": text}) + "\n" for text in ("one", "", "two\n\nstill two"))
    pieces, text = read(spy, file(tmp_path, lines, "a.jsonl"), field="body")
    assert [piece.text for piece in pieces] == ["one", "two\n\nstill two"]
    assert text.documents == 2
    with pytest.raises(UserError, match="no field `text`"):
        read(spy, tmp_path / "a.jsonl")


@pytest.mark.parametrize("make", ["missing", "empty", "binary", "folder"])
def test_bad_input_is_one_line(tmp_path, spy, make):
    path = tmp_path / "in.txt"
    if make == "empty":
        path.write_text("")
    elif make == "binary":
        path.write_bytes(bytes(range(32)) * 99)
    elif make == "folder":
        path.mkdir()
    with pytest.raises(UserError) as caught:
        read(spy, path)
    assert "\n" not in str(caught.value)
    assert "in.txt" in str(caught.value)
