from __future__ import annotations

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlpsuite.errors import UserError
from nlpsuite.tasks.text_documents import cut_text, data_files, document_rows, text_splits

SUFFIXES = (".txt", ".jsonl")


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def rows_of(*files, report, documents="auto", longest=1000):
    return list(document_rows(files, documents=documents, longest=longest, report=report))


@given(st.text(alphabet="ab \n", max_size=300), st.integers(1, 50))
def test_pieces_together_are_the_text_and_none_is_too_long(text, longest):
    pieces = cut_text(text, longest)
    assert "".join(pieces) == text
    assert all(0 < len(piece) <= longest for piece in pieces) or pieces == [""]


def test_a_text_is_cut_at_paragraphs_then_lines_then_spaces():
    assert cut_text("aaaa\nbb\n\ncccc dddd eeee", 16) == ["aaaa\nbb\n\n", "cccc dddd eeee"]
    assert cut_text("aaa bbb\nccc ddd eee", 12) == ["aaa bbb\n", "ccc ddd eee"]
    assert cut_text("aaa bbb ccc ddd eee", 12) == ["aaa bbb ccc ", "ddd eee"]


def test_documents_are_found_and_long_ones_come_in_pieces(tmp_path, spy):
    book = "\n".join(f"Line {number} of the book says something." for number in range(100))
    path = write(tmp_path / "a.txt", f"A short one.\n\n{book}\n\nThe last.\n")
    rows = rows_of(path, report=spy, longest=500)
    assert [row.document for row in rows] == [0] + [1] * (len(rows) - 2) + [2]
    assert [row.last for row in rows] == [True] + [False] * (len(rows) - 3) + [True, True]
    assert "".join(row.inputs["text"] for row in rows[1:-1]) == book
    assert all(row.inputs["text"].endswith("\n") for row in rows[1:-2])
    lines = path.read_text(encoding="utf-8").split("\n")
    for row in rows:
        number = int(row.where.rpartition(":")[2])
        assert lines[number - 1] == row.inputs["text"].split("\n")[0]
    assert any("separated by blank lines" in said and "--set task.documents=" in said for said in spy.said)
    assert any("1 document is longer than 500" in said for said in spy.said)


def test_empty_lines_are_passed_over_and_counted(tmp_path, spy):
    path = write(tmp_path / "a.txt", "One sentence here.\n\n   \nAnother one there.\n")
    assert len(rows_of(path, report=spy, documents="line")) == 2
    assert any("2 empty lines" in said for said in spy.said)


@pytest.mark.parametrize("documents", ["blank", "line", "file"])
def test_line_ends_are_read_as_one_character_and_that_is_said_once(tmp_path, spy, documents):
    text = "Act 1\n South.\n\nNorth,\rgone.\nNorth.\n"
    (tmp_path / "a.txt").write_bytes(text.replace("\n", "\r\n").encode())
    (tmp_path / "b.txt").write_bytes(text.encode())
    rows = rows_of(tmp_path / "a.txt", report=spy, documents=documents)
    said = [each for each in spy.said if "\\r\\n" in each]
    expected = rows_of(tmp_path / "b.txt", report=spy, documents=documents)
    assert [row.inputs["text"] for row in rows] == [row.inputs["text"] for row in expected]
    assert [row.where.rpartition(":")[2] for row in rows] == [row.where.rpartition(":")[2] for row in expected]
    # One document a line, the ends are no part of any.
    assert said == (
        [] if documents == "line" else [rf"lines that end in \r\n are read as ending in \n: {tmp_path / 'a.txt'}"]
    )


def test_many_small_files_are_a_document_each_compressed_or_not(tmp_path, spy):
    for number in range(9):
        write(tmp_path / f"{number}.txt", f"Text {number}.\n\nIts second part.\n")
    (tmp_path / "9.txt.gz").write_bytes(gzip.compress(b"Text 9.\n\nIts second part.\n"))
    rows = rows_of(*data_files(tmp_path, spy), report=spy)
    assert [row.document for row in rows] == list(range(10))
    assert all("second part" in row.inputs["text"] for row in rows)


def test_what_is_not_utf8_is_an_error_with_its_line(tmp_path, spy):
    path = tmp_path / "a.txt"
    path.write_bytes(b"Good line here.\nAnother good line.\nA good one.\nMore.\nB\xe9d line.\n")
    with pytest.raises(UserError) as error:
        rows_of(path, report=spy, documents="line")
    assert (error.value.where, error.value.line) == (str(path), 5)


def test_splits_by_name_or_the_whole_folder(tmp_path, spy):
    write(tmp_path / "a" / "train.txt", "x")
    write(tmp_path / "a" / "test.txt", "x")
    found = text_splits(tmp_path / "a", SUFFIXES)
    assert (found.train.name, found.valid, found.test.name) == ("train.txt", None, "test.txt")
    for name in ("one.txt", "two.txt", "valid.txt", "test/three.txt"):
        write(tmp_path / "b" / name, "x")
    found = text_splits(tmp_path / "b", SUFFIXES)
    assert (found.train, found.valid.name, found.test.name) == (tmp_path / "b", "valid.txt", "test")
    assert [file.name for file in data_files(found.train, spy)] == ["one.txt", "two.txt"]
    assert [file.name for file in data_files(found.test, spy)] == ["three.txt"]
    with pytest.raises(UserError):
        text_splits(tmp_path / "none", SUFFIXES)
    write(tmp_path / "b" / "dev.txt", "x")
    with pytest.raises(UserError, match="both valid data"):
        text_splits(tmp_path / "b", SUFFIXES)


def test_a_folder_without_text_is_an_error(tmp_path, spy):
    write(tmp_path / "picture.png", "x")
    with pytest.raises(UserError, match="no text files"):
        data_files(tmp_path, spy)
    assert any("picture.png" in said for said in spy.said)
