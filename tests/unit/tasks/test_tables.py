from __future__ import annotations

import gzip
import json
import lzma
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
import zstandard

from nlpsuite.errors import UserError
from nlpsuite.tasks.columns import KNOWN_NAMES
from nlpsuite.tasks.tables import Table, data_suffix, is_json, read_table


def table(path: Path, text: str, header: bool | None = None) -> Table:
    path.write_text(text, encoding="utf-8", newline="")
    return read_table(path, known=KNOWN_NAMES, header=header)


def test_a_tsv_with_header(tmp_path: Path) -> None:
    found = table(tmp_path / "a.tsv", "Sentence\tlabel\nfine\t1\ndull\t0\n")
    assert (found.kind, found.named, found.columns) == ("TSV", True, ("Sentence", "label"))
    assert [(record.values, record.line) for record in found] == [
        ({"Sentence": "fine", "label": "1"}, 2),
        ({"Sentence": "dull", "label": "0"}, 3),
    ]


def test_a_csv_without_header(tmp_path: Path) -> None:
    found = table(tmp_path / "a.csv", '"3","","Shares fell, again."\n"2","Cup","They won."\n')
    assert (found.kind, found.named) == ("CSV", False)
    assert [record.values["column 3"] for record in found] == ["Shares fell, again.", "They won."]


def test_json_lines_have_the_line_of_the_object(tmp_path: Path) -> None:
    found = table(tmp_path / "a.jsonl", '{"text": "a"}\n\n{"text": "b", "label": 1}\n')
    assert found.columns == ("text", "label")
    assert [record.line for record in found] == [1, 3]


@pytest.mark.parametrize(
    ("ending", "pack"), [(".gz", gzip.compress), (".xz", lzma.compress), (".zst", zstandard.compress)]
)
def test_each_format_may_be_compressed(tmp_path: Path, ending: str, pack) -> None:
    for name, text in (
        ("a.tsv", "text\tlabel\nfine\t1\n"),
        ("a.csv", "text,label\nfine,1\n"),
        ("a.jsonl", '{"text":"fine"}'),
    ):
        path = tmp_path / (name + ending)
        path.write_bytes(pack(text.encode()))
        assert [record.values["text"] for record in read_table(path, known=KNOWN_NAMES)] == ["fine"]


def test_values_of_parquet_are_what_json_has(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    columns = {
        "id": [Decimal("12"), Decimal("13")],
        "text": [b"one", "二".encode()],
        "key": [b"\xff\x00", b"ok"],
        "day": [date(2026, 12, 1), None],
    }
    parquet.write_table(pyarrow.table(columns), tmp_path / "a.parquet")
    rows = [dict(record.values) for record in read_table(tmp_path / "a.parquet", known=())]
    assert rows == [
        {"id": "12", "text": "one", "key": "ff00", "day": "2026-12-01"},
        {"id": "13", "text": "二", "key": "ok", "day": None},
    ]
    assert json.loads(json.dumps(rows)) == rows


def test_parquet(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    pyarrow.parquet = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "a.parquet"
    pyarrow.parquet.write_table(pyarrow.table({"text": ["a", "b"], "label": [0, 1]}), path)
    found = read_table(path, known=KNOWN_NAMES)
    assert [(record.values["label"], record.line) for record in found] == [(0, 1), (1, 2)]


def test_text_files_are_looked_at(tmp_path: Path) -> None:
    assert table(tmp_path / "a.txt", "ham\tsee you\nspam\tyou won\n").kind == "TSV"
    assert table(tmp_path / "b.txt", '{"text": "a", "label": "b"}\n').kind == "JSON Lines"
    with pytest.raises(UserError, match="no fields set apart"):
        table(tmp_path / "c.txt", "EU NNP B-NP B-ORG\nrejects VBZ B-VP O\n")


def test_semicolons_in_a_csv(tmp_path: Path) -> None:
    found = table(tmp_path / "a.csv", "text;label\nfine, really;1\ndull;0\n")
    assert (found.kind, found.columns) == ("CSV with semicolons", ("text", "label"))


@pytest.mark.parametrize(
    ("name", "text", "line", "words"),
    [
        ("a.csv", 'text,label\n"one\ntwo",1\nthree,four,0\n', 4, "3 fields where the header has 2"),
        ("a.csv", "1,one text\n0,two texts\n1\n", 3, "1 field where the first row has 2"),
        ("a.tsv", "text\tlabel\nfine\n", 2, "1 field where the header has 2"),
        ("a.csv", 'text,label\nfine,1\n"dull,0\n', 3, "never closed"),
        ("a.csv", "text,label\n", 1, "a header and no rows"),
        ("a.csv", "text,label,text\na,b,c\n", 1, "two columns are named `text`"),
        ("a.csv", "\n\n", None, "no rows"),
        ("a.jsonl", '{"text": "a"}\n{"text": \n', 2, "not valid JSON"),
        ("a.jsonl", '{"text": "a"}\n["a"]\n', 2, "not a JSON object"),
        ("a.jsonl", '{"text": "a"}\n' + '{"a":' * 100_000 + "\n", 2, "nested too deeply"),
        ("a.json", "[" + '{"a":' * 100_000 + "\n", None, "nested too deeply"),
        ("a.json", '[{"text": "a"}, 3]', None, "element 2 of the JSON array is not an object"),
        ("a.json", '[\n{"text": "a"},\n{"text" "b"}\n]', 3, "not valid JSON"),
        ("a.json", "[\n]", None, "no rows"),
        ("a.json", "[]", 1, "not a JSON object"),
    ],
)
def test_a_broken_row_is_refused_with_its_line(
    tmp_path: Path, name: str, text: str, line: int | None, words: str
) -> None:
    with pytest.raises(UserError, match=words) as caught:
        list(table(tmp_path / name, text))
    assert caught.value.line == line
    assert "\n" not in str(caught.value)


def test_looking_uses_nothing_up(tmp_path: Path) -> None:
    found = table(tmp_path / "a.jsonl", "".join(json.dumps({"n": n}) + "\n" for n in range(2500)))
    assert len(found.look(10)) == 10
    assert len(found.look()) == 1000
    assert len(found.look(None)) == 2500
    assert [record.values["n"] for record in found] == list(range(2500))


def test_the_suffix_of_a_compressed_file() -> None:
    assert data_suffix(Path("a/train.TSV.gz")) == ".tsv"
    assert data_suffix(Path("a/train")) == ""


@pytest.mark.parametrize(
    "text", ['[{"text": "a"}, {"text": "b", "n": 1}]', '\n[\n {"text": "a"},\n {"text": "b", "n": 1}\n]\n']
)
@pytest.mark.parametrize("name", ["a.json", "a.jsonl", "a.txt"])
def test_a_json_array_has_the_number_of_the_element(tmp_path: Path, name: str, text: str) -> None:
    found = table(tmp_path / name, text)
    assert (found.kind, found.columns) == ("JSON array", ("text", "n"))
    assert [(record.values["text"], record.line) for record in found] == [("a", 1), ("b", 2)]


def test_brackets_in_text_are_no_json() -> None:
    assert not any(map(is_json, ("[sic] he said", "[1] See below", "", '{"a":' * 100_000)))
    assert all(map(is_json, ("[", ' [ {"a": 1},', '{"a": 1}')))
