from __future__ import annotations

import bz2
import codecs
import gzip
import json
import lzma
from typing import TYPE_CHECKING, Literal

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from nlpsuite.errors import UserError
from nlpsuite.text.documents import iter_documents
from nlpsuite.text.modes import decide_modes, detect_mode
from nlpsuite.text.segments import segments, split_long
from nlpsuite.text.sources import find_sources

if TYPE_CHECKING:
    from pathlib import Path

    from nlpsuite.text.documents import Document, DocumentMode
    from nlpsuite.text.sources import Source

WRAPPED = """It was the best of times, it was the worst of times, it was
the age of wisdom, it was the age of foolishness, it was the
epoch of belief, it was the epoch of incredulity, it was the
season of Light, it was the season of Darkness, it was the
spring of hope, it was the winter of despair."""
COMPRESS = {"": bytes, ".gz": gzip.compress, ".xz": lzma.compress, ".bz2": bz2.compress, ".zst": zstandard.compress}
WIKI = "Cat\nA cat is an animal.\nIt purrs.\n\nDog\nA dog barks.\n\n\n \nFox\nA fox."


def source_of(path: Path, data: bytes | str) -> Source:
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return find_sources([str(path)]).train[0]


def documents(path: Path, data: bytes | str, mode: DocumentMode = "line", field: str = "text") -> list[Document]:
    return list(iter_documents(source_of(path, data), mode, field))


def test_blank_line_separated(tmp_path: Path) -> None:
    found = documents(tmp_path / "a.txt", WIKI, "blank")
    assert [(d.text, d.line) for d in found] == [
        ("Cat\nA cat is an animal.\nIt purrs.", 1),
        ("Dog\nA dog barks.", 5),
        ("Fox\nA fox.", 10),
    ]
    assert [d.n_bytes for d in found] == [len(d.text) for d in found]


def test_only_a_newline_ends_a_line(tmp_path: Path) -> None:
    text = "a\u2028b\x85c\vd\fe\rf\r\ng\n\nh"
    assert [d.text for d in documents(tmp_path / "a.txt", text)] == ["a\u2028b\x85c\vd\fe\rf", "g", "", "h"]


def test_one_a_file(tmp_path: Path) -> None:
    assert [d.text for d in documents(tmp_path / "a.txt", WIKI, "file")] == [WIKI]


@pytest.mark.parametrize("suffix", COMPRESS)
def test_compressed_text_reads_the_same(tmp_path: Path, suffix: str) -> None:
    data = "".join(f"line {i} größer 漢字\n" for i in range(70_000)).encode()
    # Files made by concatenation, as `cat a.gz b.gz` does, are read to their end.
    stored = COMPRESS[suffix](data) + COMPRESS[suffix](b"last line\n")
    read = [d.text for d in documents(tmp_path / f"a.txt{suffix}", stored)]
    assert read == [*data.decode().splitlines(), "last line"]


@pytest.mark.parametrize("suffix", [suffix for suffix in COMPRESS if suffix])
def test_a_damaged_or_cut_compressed_file_is_refused(tmp_path: Path, suffix: str) -> None:
    data = COMPRESS[suffix]("".join(f"line {i * i}\n" for i in range(9000)).encode())
    for name, damaged in (("cut", data[:-20]), ("wrong", b"not compressed at all, it says so in its name")):
        with pytest.raises(UserError, match=f"damaged {suffix} file") as caught:
            documents(tmp_path / f"{name}.txt{suffix}", damaged)
        assert name in str(caught.value)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_a_byte_order_mark_decides_the_encoding(tmp_path: Path, encoding: str) -> None:
    found = documents(tmp_path / "a.txt", "Grüße\n漢字 🙂\n".encode(encoding))
    assert [(d.text, d.n_bytes) for d in found] == [("Grüße", 7), ("漢字 🙂", 11)]


def test_big_endian_utf16_and_its_lone_surrogates(tmp_path: Path) -> None:
    data = codecs.BOM_UTF16_BE + "good\n".encode("utf-16-be") + b"\xd8\x00" + "\nalso good".encode("utf-16-be")
    assert [d.decodable for d in documents(tmp_path / "a.txt", data)] == [True, False, True]


def test_undecodable_documents_are_marked(tmp_path: Path) -> None:
    lines = [b"plain line"] * 9
    lines[4] = b"caf\xe9 latte"
    found = documents(tmp_path / "a.txt", b"\n".join(lines))
    assert [d.line for d in found if not d.decodable] == [5]
    assert found[4].n_bytes == 10


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (bytes(range(256)) * 40, "a binary file"),
        ("ordinary words\n".encode("utf-16-le") * 50, "UTF-16 without a byte-order mark"),
        (
            "plain\n" + "où est le café, déjà là\n" * 9,
            r"a\.txt:2: not UTF-8, looks like Latin-1; .*iconv -f latin1 -t utf-8",
        ),
        ("“quoted”\n".encode("windows-1252") * 9, "Windows-1252"),
        ("我们今天去公园散步\n".encode("gb18030") * 9, "iconv -f gb18030"),
        ("привет, как дела\n".encode("koi8-r") * 9, "in another encoding"),
    ],
)
def test_what_is_no_utf8_text_is_refused(tmp_path: Path, data: bytes | str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        documents(tmp_path / "a.txt", data.encode("latin-1") if isinstance(data, str) else data)


def test_jsonl(tmp_path: Path) -> None:
    rows = '{"id": 1, "text": "one\\ntwo"}\r\n\n{"text": ""}\n{"text": "\\ud800"}\n{"text": "caf\xe9"}'
    found = documents(tmp_path / "a.jsonl", rows.encode())
    assert [(d.line, d.text if d.decodable else None) for d in found] == [
        (1, "one\ntwo"),
        (3, ""),
        (4, None),
        (5, "café"),
    ]
    assert found[0].n_bytes == 7


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ('{"text": ', "2: not JSON"),
        ("[1, 2]", "2: not a JSON object"),
        ('{"txt": "b"}', "2: no field `text`; did you mean `txt`"),
        ('{"body": "b"}', "2: no field `text`; .*`body`"),
        ('{"text": 3, "body": "b"}', "2: field `text` is not text but int; fields with text: body"),
        ('{"text": null}', "not text but null"),
        ("[" * 100_000, "2: "),
    ],
)
def test_bad_records_are_named_by_line(tmp_path: Path, row: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        documents(tmp_path / "a.jsonl", '{"text": "a"}\n' + row + "\n")


def test_another_field(tmp_path: Path) -> None:
    assert [d.text for d in documents(tmp_path / "a.jsonl", '{"body": "b"}', field="body")] == ["b"]


@pytest.mark.parametrize("suffix", [".txt", ".jsonl"])
def test_a_long_document_comes_in_pieces_that_are_the_whole(tmp_path: Path, suffix: str) -> None:
    text = "word 漢字\n" * 500
    source = source_of(tmp_path / f"a{suffix}", text if suffix == ".txt" else json.dumps({"text": text}))
    pieces = list(iter_documents(source, "file", cut_at=1000))
    assert "".join(piece.text for piece in pieces) == text
    assert [piece.piece for piece in pieces] == list(range(len(pieces)))
    assert all(piece.n_bytes <= 1000 and piece.text.endswith("\n") for piece in pieces)


BYTES = st.lists(st.sampled_from([b"a", b"bc ", b"\n", b"\n\n", b"\r\n", b" ", b"\t\n", "é漢".encode(), b"\xff"])).map(
    b"".join
)


@settings(max_examples=100, deadline=None)
@given(BYTES, st.sampled_from(["blank", "line", "file"]), st.integers(1, 7), st.integers(8, 40))
def test_segments_do_not_depend_on_where_blocks_end(
    data: bytes, mode: Literal["blank", "line", "file"], block: int, cut_at: int
) -> None:
    blocks = [data[i : i + block] for i in range(0, len(data), block)]
    found = list(segments(blocks, mode, cut_at))
    assert found == list(segments([data], mode, cut_at))
    assert all(len(segment.data) <= cut_at for segment in found)
    # Nothing but white space, and no order, is lost.
    assert b"".join(b"".join(s.data for s in found).split()) == b"".join(data.split())
    rows = data.split(b"\n")
    for segment in found:
        first = segment.data.split(b"\n")[0]
        assert first in rows[segment.line - 1]
        assert segment.piece or rows[segment.line - 1].startswith(first)


@settings(max_examples=100, deadline=None)
@given(st.text(st.sampled_from("ab 漢é🙂\n")), st.integers(8, 30))
def test_split_long_cuts_no_character(text: str, cut_at: int) -> None:
    pieces = split_long(text.encode(), cut_at)
    assert "".join(piece.decode() for piece in pieces) == text
    assert all(len(piece) <= cut_at for piece in pieces)


@pytest.mark.parametrize(
    ("text", "mode"),
    [
        (WIKI, "blank"),
        ("A first review, rather long and good.\nBad.\nA third review that says much more than that.\n", "line"),
        (WRAPPED, "file"),
        ("just one line, however long", "file"),
    ],
)
def test_the_mode_is_found_by_looking_and_said(tmp_path: Path, text: str, mode: str) -> None:
    found, sentence = detect_mode(source_of(tmp_path / "a.txt", text))
    assert found == mode
    assert "a.txt" in sentence
    assert "--documents" in sentence


def test_many_small_files_are_a_document_each(tmp_path: Path) -> None:
    for i in range(20):
        (tmp_path / f"{i}.txt").write_text(WIKI)
    (tmp_path / "r.jsonl").write_text('{"text": "a"}\n')
    sources = find_sources([str(tmp_path)])
    modes = decide_modes(sources.read, "auto")
    assert {modes.of(s) for s in sources.read if s.kind == "text"} == {"file"}
    assert {modes.of(s) for s in sources.read if s.kind == "jsonl"} == {"record"}
    assert len(modes.sentences()) == 2
    asked = decide_modes(sources.read, "line")
    assert {asked.of(s) for s in sources.read if s.kind == "text"} == {"line"}


def test_parquet(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "a.parquet"
    parquet.write_table(pyarrow.table({"text": ["one", "two"], "n": [1, 2]}), path)
    source = find_sources([str(path)]).train[0]
    assert [(d.text, d.line) for d in iter_documents(source, "record")] == [("one", 1), ("two", 2)]
    with pytest.raises(UserError, match="no field `txt`; did you mean `text`"):
        list(iter_documents(source, "record", "txt"))
    path.write_bytes(b"not parquet")
    with pytest.raises(UserError, match="not a Parquet file"):
        list(iter_documents(source, "record"))
