from __future__ import annotations

import io
import os
import threading
from importlib.util import find_spec
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from nlpsuite.errors import UserError
from nlpsuite.text.kinds import role_by_name
from nlpsuite.text.sources import find_sources

if TYPE_CHECKING:
    from pathlib import Path


def write(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("some text\n")


def test_a_folder_gives_its_text_sorted_and_says_what_it_leaves(tmp_path: Path) -> None:
    write(tmp_path, "b.txt", "a/z.jsonl.gz", "a/c.text", "notes.pdf", ".hidden.txt", ".git/x.txt")
    (tmp_path / "nothing.txt").touch()
    sources = find_sources([str(tmp_path)])
    assert [os.path.relpath(source.path, tmp_path) for source in sources.train] == ["a/c.text", "a/z.jsonl.gz", "b.txt"]
    assert [(source.kind, source.compression) for source in sources.train] == [
        ("text", ""),
        ("jsonl", "gz"),
        ("text", ""),
    ]
    reasons = {item.path.name: item.reason for item in sources.skipped}
    assert reasons == {
        "notes.pdf": "not a kind of text that is read",
        ".hidden.txt": "hidden",
        ".git": "hidden",
        "nothing.txt": "empty",
    }
    said = "\n".join(sources.sentences())
    assert all(name in said for name in reasons)


def test_a_folder_holds_out_valid_and_leaves_test(tmp_path: Path) -> None:
    write(tmp_path, "part.txt", "valid.txt", "test.txt.gz")
    sources = find_sources([str(tmp_path)])
    assert [[s.path.name for s in part] for part in (sources.train, sources.valid, sources.test)] == [
        ["part.txt"],
        ["valid.txt"],
        ["test.txt.gz"],
    ]
    assert [source.path.name for source in sources.read] == ["valid.txt", "part.txt"]
    assert any("test.txt.gz" in line for line in sources.sentences())


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("valid.txt", "valid"),
        ("Validation.jsonl.zst", "valid"),
        ("dev-00001-of-00002.jsonl", "valid"),
        ("wiki.val.txt", "valid"),
        ("testing.txt", "test"),
        ("test_3.txt", "test"),
        ("validity.txt", "train"),
        ("latest.txt", "train"),
        ("developers.txt", "train"),
    ],
)
def test_roles_by_name(tmp_path: Path, name: str, role: str) -> None:
    assert role_by_name(tmp_path / name) == role


def test_a_validation_file_named_alone_is_the_text(tmp_path: Path) -> None:
    write(tmp_path, "valid.txt")
    assert [s.role for s in find_sources([str(tmp_path / "valid.txt")]).train] == ["train"]
    with pytest.raises(UserError, match="nothing to train on"):
        find_sources([str(tmp_path)])


def test_globs_and_repeats_give_each_file_once(tmp_path: Path) -> None:
    write(tmp_path, "a.txt", "b.txt", "sub/c.txt")
    sources = find_sources([str(tmp_path / "b.txt"), str(tmp_path / "**/*.txt"), str(tmp_path)])
    assert [s.path.name for s in sources.train] == ["b.txt", "a.txt", "c.txt"]


def test_links_in_a_folder_are_followed_once(tmp_path: Path) -> None:
    write(tmp_path, "a/x.txt")
    (tmp_path / "a" / "loop").symlink_to(tmp_path / "a")
    (tmp_path / "gone.txt").symlink_to(tmp_path / "nowhere.txt")
    sources = find_sources([str(tmp_path)])
    assert [s.path.name for s in sources.train] == ["x.txt"]
    assert [(item.path.name, item.reason) for item in sources.skipped] == [("gone.txt", "a broken link")]


def test_a_named_file_of_unknown_suffix_is_read_by_its_content(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("# Title\n")
    (tmp_path / "rows.data").write_text('{"text": "a"}\n{"text": "b"}\n')
    sources = find_sources([str(tmp_path / "README.md"), str(tmp_path / "rows.data")])
    assert [s.kind for s in sources.train] == ["text", "jsonl"]


def test_standard_input_is_copied_and_the_copy_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(b'{"text": "hello"}\n')))
    sources = find_sources(["-", "-"])
    (source,) = sources.train
    assert (source.name, source.kind) == ("<stdin>", "jsonl")
    assert source.path.read_bytes() == b'{"text": "hello"}\n'
    assert source.content_hash
    path = source.path
    del sources, source
    assert not path.exists()


def test_a_named_pipe_is_copied(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(b"through the pipe\n",))
    writer.start()
    sources = find_sources([str(pipe)])
    writer.join()
    assert sources.train[0].path.read_bytes() == b"through the pipe\n"
    sources.spools[0].close()


@pytest.mark.parametrize(
    ("make", "pattern", "message"),
    [
        (None, "missing.txt", "no such file or folder"),
        (None, "*.txt", "no text here"),
        ("folder/", "folder", "no text here"),
        ("empty.txt", "empty.txt", "an empty file"),
        ("x.json", "x.json", "one object a line"),
        ("t.parquet.gz", "t.parquet.gz", "Parquet"),
        ("hidden_zip", "hidden_zip", "rename it to end in .gz"),
    ],
)
def test_bad_input_is_one_line_that_names_it(tmp_path: Path, make: str | None, pattern: str, message: str) -> None:
    if make == "folder/":
        (tmp_path / "folder").mkdir()
    elif make:
        content = {"empty.txt": b"", "x.json": b'[\n{"text": "a"}\n]', "hidden_zip": b"\x1f\x8b\x08rest"}.get(
            make, b"x"
        )
        (tmp_path / make).write_bytes(content)
    with pytest.raises(UserError, match=message) as caught:
        find_sources([str(tmp_path / pattern)])
    assert pattern in str(caught.value)
    assert "\n" not in str(caught.value)


def test_nothing_given_and_empty_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match="no text given"):
        find_sources([])
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(b"")))
    with pytest.raises(UserError, match="<stdin>"):
        find_sources(["-"])


@pytest.mark.skipif(find_spec("pyarrow") is not None, reason="pyarrow is installed")
def test_parquet_without_pyarrow_says_what_to_install(tmp_path: Path) -> None:
    write(tmp_path, "x.parquet")
    with pytest.raises(UserError, match=r"pip install nlpsuite\[parquet\]"):
        find_sources([str(tmp_path)])
