from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from nlpsuite.errors import UserError
from nlpsuite.report import Silent
from nlpsuite.text import encode
from nlpsuite.text.encode import CHUNK_BYTES, cached_token_files, encode_documents
from nlpsuite.text.tokenfile import TokenFile, TokenFileWriter
from nlpsuite.text.train_tokenizer import train_tokenizer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from nlpsuite.text.tokenizer import Tokenizer

SENTENCE = "the quick brown fox jumps over a lazy dog while seven boxers watch from the gate"
WORDS = SENTENCE.split()


class Heard(Silent):
    def __init__(self) -> None:
        self.lines: list[str] = []
        self.warnings: list[str] = []
        self.done: list[float] = []

    def say(self, text: str) -> None:
        self.lines.append(text)

    def warn(self, text: str) -> None:
        self.warnings.append(text)

    def progress(self, title: str, total: float | None, unit: str) -> Bar:  # type: ignore[override]
        return Bar(self.done)


class Bar:
    def __init__(self, done: list[float]) -> None:
        self._done = done

    def __enter__(self) -> Bar:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def update(self, completed: float, note: str = "") -> None:
        self._done.append(completed)


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return train_tokenizer([SENTENCE] * 3, vocab_size=320, report=Silent())


def stream(number: int, repeat: int = 1) -> Iterator[tuple[str, int]]:
    for i in range(number):
        text = " ".join(WORDS[(i * 7 + k) % len(WORDS)] for k in range(i % 40)) * repeat + f" 第{i}"
        yield text, len(text.encode())


def test_documents_are_written_in_order_for_any_number_of_workers(tokenizer: Tokenizer, tmp_path: Path) -> None:
    heard, total = Heard(), sum(n_bytes for _, n_bytes in stream(3000, 12))
    assert total > 3 * CHUNK_BYTES
    for workers in (1, 3):
        with TokenFileWriter(tmp_path / str(workers), tokenizer) as writer:
            encode_documents(stream(3000, 12), tokenizer, writer, report=heard, workers=workers, total_bytes=total)
    one, three = TokenFile.open(tmp_path / "1"), TokenFile.open(tmp_path / "3")
    assert (one.folder / "tokens.bin").read_bytes() == (three.folder / "tokens.bin").read_bytes()
    assert [tokenizer.decode(one.document(i)) for i in range(0, 3000, 100)] == [t for t, _ in stream(3000, 12)][::100]
    assert heard.done[-1] == total == three.text_bytes
    assert heard.done[:4] == sorted(heard.done[:4])
    assert heard.lines[0].startswith(f"tokens, 1: {one.n_tokens:,} in 3,000 documents")


def test_few_texts_are_held_at_once(tokenizer: Tokenizer, tmp_path: Path) -> None:
    text = "word\n" * (CHUNK_BYTES // 5 + 1)
    ahead: list[int] = []
    with TokenFileWriter(tmp_path / "train", tokenizer) as writer:

        def long_stream() -> Iterator[tuple[str, int]]:
            for i in range(12):
                ahead.append(i - writer.documents)
                yield text, len(text)

        encode_documents(long_stream(), tokenizer, writer, report=Silent(), workers=2)
    assert max(ahead) <= 5


def test_an_error_of_a_worker_is_the_error(tokenizer: Tokenizer, tmp_path: Path) -> None:
    def spoilt() -> None:
        with TokenFileWriter(tmp_path / "train", tokenizer) as writer:
            encode_documents([("fine", 4), ("a\ud800", 4)], tokenizer, writer, report=Silent(), workers=2)

    with pytest.raises(UserError, match="lone surrogate"):
        spoilt()
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_stream_leaves_nothing(tokenizer: Tokenizer, tmp_path: Path) -> None:
    def interrupted() -> Iterator[tuple[str, int]]:
        yield from stream(2000, 9)
        raise KeyboardInterrupt

    def write() -> None:
        with TokenFileWriter(tmp_path / "train", tokenizer) as writer:
            encode_documents(interrupted(), tokenizer, writer, report=Silent())

    with pytest.raises(KeyboardInterrupt):
        write()
    assert list(tmp_path.iterdir()) == []


class Builder:
    def __init__(self, tokenizer: Tokenizer) -> None:
        self.tokenizer, self.calls = tokenizer, 0

    def __call__(self, folder: Path) -> None:
        self.calls += 1
        assert list(folder.iterdir()) == []
        for part in ("train", "valid"):
            with TokenFileWriter(folder / part, self.tokenizer) as writer:
                encode_documents(stream(20), self.tokenizer, writer, report=Silent(), workers=1)


def test_an_entry_is_built_once_and_found_again(tokenizer: Tokenizer, tmp_path: Path) -> None:
    build, heard = Builder(tokenizer), Heard()
    entry = cached_token_files(tmp_path / "cache", "k1", build, report=heard)
    assert entry == tmp_path / "cache" / "k1"
    assert (len(TokenFile.open(entry / "train")), build.calls, heard.lines) == (20, 1, [])
    assert cached_token_files(tmp_path / "cache", "k1", build, report=heard) == entry
    assert build.calls == 1
    assert str(entry) in heard.lines[-1]
    cached_token_files(tmp_path / "cache", "k2", build, report=heard)
    assert build.calls == 2
    assert sorted(path.name for path in entry.parent.iterdir()) == ["k1", "k2"]


@pytest.mark.parametrize("part", ["train", "valid"])
def test_a_damaged_entry_is_made_anew(tokenizer: Tokenizer, tmp_path: Path, part: str) -> None:
    build, heard = Builder(tokenizer), Heard()
    entry = cached_token_files(tmp_path, "k", build, report=heard)
    (entry / part / "tokens.bin").write_bytes(b"short")
    cached_token_files(tmp_path, "k", build, report=heard)
    assert build.calls == 2
    assert "made anew" in heard.warnings[0]
    assert len(TokenFile.open(entry / part)) == 20
    assert [path.name for path in tmp_path.iterdir()] == ["k"]


def test_a_failed_build_leaves_nothing(tokenizer: Tokenizer, tmp_path: Path) -> None:
    def fail(folder: Path) -> None:
        Builder(tokenizer)(folder)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cached_token_files(tmp_path, "k", fail, report=Silent())
    assert list(tmp_path.iterdir()) == []


def test_of_two_builders_one_provides_the_entry(tokenizer: Tokenizer, tmp_path: Path) -> None:
    build = Builder(tokenizer)

    def slow(folder: Path) -> None:
        build(folder)
        while not (tmp_path / "k").exists() and build.calls < 2:
            time.sleep(0.01)

    with ThreadPoolExecutor(2) as pool:
        entries = list(pool.map(lambda _: cached_token_files(tmp_path, "k", slow, report=Silent()), range(2)))
    assert build.calls == 2
    assert entries == [tmp_path / "k"] * 2
    assert len(TokenFile.open(tmp_path / "k" / "train")) == 20
    assert [path.name for path in tmp_path.iterdir()] == ["k"]


def test_only_what_was_left_long_ago_is_removed(tokenizer: Tokenizer, tmp_path: Path) -> None:
    old, young, foreign = tmp_path / ".k.0123abcd.tmp", tmp_path / ".k.89abcdef.tmp", tmp_path / ".mine.tmp"
    for folder in (old, young, foreign):
        folder.mkdir()
        (folder / "tokens.bin").write_bytes(b"x")
    for path in (old / "tokens.bin", old, foreign / "tokens.bin", foreign):
        os.utime(path, (1, 1))
    cached_token_files(tmp_path, "k", Builder(tokenizer), report=Silent())
    assert [old.exists(), young.exists(), foreign.exists()] == [False, True, True]


def test_an_unwritable_cache_is_named(tokenizer: Tokenizer, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot be written"):
        cached_token_files(tmp_path / "file", "k", Builder(tokenizer), report=Silent())


def test_cores_are_counted() -> None:
    assert 1 <= encode.usable_cores() <= (os.cpu_count() or 1)
