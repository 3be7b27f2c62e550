from __future__ import annotations

import gzip
import lzma
from typing import TYPE_CHECKING

import pytest
import zstandard

from nlpsuite.errors import UserError
from nlpsuite.tasks.lines import file_lines

if TYPE_CHECKING:
    from pathlib import Path

TEXT = "text\tlabel\r\nein schöner Film\tpos\n一部好电影\u2028\x0bja\tneg"
LINES = ["text\tlabel\r\n", "ein schöner Film\tpos\n", "一部好电影\u2028\x0bja\tneg"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress, lzma.compress, zstandard.compress])
def test_lines_are_decompressed_and_decoded_and_keep_their_ends(tmp_path: Path, encoding: str, pack) -> None:
    path = tmp_path / "rows.tsv"
    path.write_bytes(pack(TEXT.encode(encoding)))
    assert list(file_lines(path)) == LINES


def test_a_line_longer_than_a_block_stays_whole(tmp_path: Path) -> None:
    path = tmp_path / "rows.txt"
    path.write_text("é" * 3_000_000 + "\nlast\n", encoding="utf-8")
    assert [len(line) for line in file_lines(path)] == [3_000_001, 5]


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress, zstandard.compress])
def test_a_compressed_file_cut_short_is_damaged(tmp_path: Path, pack) -> None:
    data = pack("".join(f"{number * 7919 % 10007}\n" for number in range(50_000)).encode())
    path = tmp_path / "rows.txt"
    path.write_bytes(data[:-5])
    with pytest.raises(UserError, match="damaged"):
        list(file_lines(path))


@pytest.mark.parametrize(
    ("data", "line", "words"),
    [
        (b"good\tpos\ncaf\xe9\tneg\n", 2, "iconv"),
        ("é fine\n".encode() * 30 + b"caf\xe9\tneg\n", 31, "iconv"),
        (b"fine\n" * 100 + b"bad\0one\n", 101, "NUL"),
        ("good\tpos\n".encode("utf-16-le"), None, "NUL"),
        (b"", None, "empty"),
        (b"\xef\xbb\xbf", None, "empty"),
        (b"PK\x03\x04rest", None, "Excel"),
        (bytes(range(256)), None, "binary"),
    ],
)
def test_what_is_no_utf8_text_is_refused_with_its_line(
    tmp_path: Path, data: bytes, line: int | None, words: str
) -> None:
    path = tmp_path / "rows.tsv"
    path.write_bytes(data)
    with pytest.raises(UserError, match=words) as caught:
        list(file_lines(path))
    assert caught.value.line == line
    assert str(path) in str(caught.value)


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such file"):
        list(file_lines(tmp_path / "absent.tsv"))
    with pytest.raises(UserError, match="cannot be read"):
        list(file_lines(tmp_path))
