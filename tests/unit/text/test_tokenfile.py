from __future__ import annotations

import copy
import errno
import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from nlpsuite.errors import UserError
from nlpsuite.report import Silent
from nlpsuite.text.tokenfile import TokenFile, TokenFileWriter
from nlpsuite.text.train_tokenizer import train_tokenizer

if TYPE_CHECKING:
    from nlpsuite.text.tokenizer import Tokenizer

TEXTS = ["The first document.", "", "The second one, 第二篇 👍."]


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return train_tokenizer(TEXTS, vocab_size=300, report=Silent())


def write(folder: Path, tokenizer: Tokenizer, texts: list[str] = TEXTS) -> TokenFile:
    with TokenFileWriter(folder, tokenizer, key="abc") as writer:
        writer.account = {"read": {"documents": len(texts)}}
        for text in texts:
            writer.append(tokenizer.encode_arrays([text]), [len(text.encode())])
    return TokenFile.open(folder)


def test_documents_come_back_between_bos_and_eos(tokenizer: Tokenizer, tmp_path: Path) -> None:
    tokens = write(tmp_path / "made" / "train", tokenizer)
    assert len(tokens) == 3
    for index, text in enumerate(TEXTS):
        assert tokens.document(index).tolist() == [1, *tokenizer.encode(text), 2]
    assert tokens.tokens.dtype == np.uint16
    assert tokens.n_tokens == len(tokens.tokens) == tokens.starts[-1]
    assert tokens.document_bytes.tolist() == [len(text.encode()) for text in TEXTS]
    assert tokens.text_bytes == tokens.document_bytes.sum()
    tokens.check_tokenizer(tokenizer)
    with pytest.raises(IndexError):
        tokens.document(3)
    assert [path.name for path in (tmp_path / "made").iterdir()] == ["train"]


def test_what_it_holds_is_noted(tokenizer: Tokenizer, tmp_path: Path) -> None:
    tokens = write(tmp_path / "train", tokenizer)
    noted = json.loads((tokens.folder / "meta.json").read_text())
    assert noted == {
        "format_version": 1,
        "dtype": "<u2",
        "vocab_size": tokenizer.vocab_size,
        "tokenizer_sha256": tokenizer.sha256,
        "documents": 3,
        "tokens": tokens.n_tokens,
        "text_bytes": tokens.text_bytes,
        "account": {"read": {"documents": 3}},
        "key": "abc",
    }


def test_many_batches_are_one_file(tokenizer: Tokenizer, tmp_path: Path) -> None:
    texts = [f"document {number}" for number in range(500)]
    one = write(tmp_path / "one", tokenizer, texts)
    with TokenFileWriter(tmp_path / "many", tokenizer) as writer:
        writer.append(tokenizer.encode_arrays(texts[:7]), [len(text) for text in texts[:7]])
        writer.append([], [])
        writer.append(tokenizer.encode_arrays(texts[7:]), [len(text) for text in texts[7:]])
    many = TokenFile.open(tmp_path / "many")
    for name in ("tokens.bin", "starts.npy", "bytes.npy"):
        assert (one.folder / name).read_bytes() == (many.folder / name).read_bytes()


def test_an_empty_token_file_is_whole(tokenizer: Tokenizer, tmp_path: Path) -> None:
    tokens = write(tmp_path / "none", tokenizer, [])
    assert (len(tokens), tokens.n_tokens, tokens.starts.tolist(), len(tokens.tokens)) == (0, 0, [0], 0)


def test_a_large_vocabulary_takes_four_bytes(tmp_path: Path) -> None:
    words = [" ".join(chr(0x4E00 + i) + chr(0x3400 + j % 6500) for j in range(i, i + 4)) for i in range(20_000)]
    tokenizer = train_tokenizer(words, vocab_size=66_000, report=Silent())
    if tokenizer.vocab_size <= 1 << 16:
        pytest.fail("the text no longer fills the vocabulary")
    assert write(tmp_path / "wide", tokenizer, ["x"]).tokens.dtype == np.uint32


def test_a_copy_through_pickling_maps_the_same_file(tokenizer: Tokenizer, tmp_path: Path) -> None:
    tokens = write(tmp_path / "train", tokenizer)
    again = copy.deepcopy(tokens)
    assert isinstance(again.tokens, np.memmap)
    assert again.tokens.tolist() == tokens.tokens.tolist()


@pytest.mark.parametrize("name", ["tokens.bin", "starts.npy", "bytes.npy", "meta.json"])
@pytest.mark.parametrize("harm", ["cut", "removed"])
def test_damage_is_found(tokenizer: Tokenizer, tmp_path: Path, name: str, harm: str) -> None:
    file = write(tmp_path / "train", tokenizer).folder / name
    if harm == "cut":
        file.write_bytes(file.read_bytes()[:-2])
    else:
        file.unlink()
    with pytest.raises(UserError, match=r"damaged token file|no token file here"):
        TokenFile.open(tmp_path / "train")


def test_parts_of_different_files_are_found(tokenizer: Tokenizer, tmp_path: Path) -> None:
    one, other = write(tmp_path / "one", tokenizer), write(tmp_path / "other", tokenizer, TEXTS[:2])
    (one.folder / "starts.npy").write_bytes((other.folder / "starts.npy").read_bytes())
    with pytest.raises(UserError, match="do not fit together"):
        TokenFile.open(one.folder)


def test_another_format_version_is_refused(tokenizer: Tokenizer, tmp_path: Path) -> None:
    meta = write(tmp_path / "train", tokenizer).folder / "meta.json"
    meta.write_text(meta.read_text().replace('"format_version": 1', '"format_version": 7'))
    with pytest.raises(UserError, match="format 7, not 1"):
        TokenFile.open(tmp_path / "train")


def test_another_tokenizer_is_refused(tokenizer: Tokenizer, tmp_path: Path) -> None:
    tokens = write(tmp_path / "train", tokenizer)
    with pytest.raises(UserError, match="another tokenizer"):
        tokens.check_tokenizer(train_tokenizer(["other text"], vocab_size=270, report=Silent()))


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_interrupted_write_leaves_nothing(tokenizer: Tokenizer, tmp_path: Path, error: type[BaseException]) -> None:
    def interrupted() -> None:
        with TokenFileWriter(tmp_path / "train", tokenizer) as writer:
            writer.append(tokenizer.encode_arrays(TEXTS), [1, 0, 1])
            raise error

    with pytest.raises(error):
        interrupted()
    assert list(tmp_path.iterdir()) == []


def test_what_is_there_is_not_overwritten(tokenizer: Tokenizer, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    write(tmp_path / "empty", tokenizer)
    with pytest.raises(UserError, match="not empty"):
        write(tmp_path / "empty", tokenizer)


def test_a_place_that_cannot_be_written_is_named(tokenizer: Tokenizer, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot be written"):
        write(tmp_path / "file" / "train", tokenizer)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_is_told_and_leaves_nothing(tokenizer: Tokenizer, tmp_path: Path) -> None:
    def fill() -> None:
        with TokenFileWriter(tmp_path / "train", tokenizer) as writer:
            (tokens,) = tmp_path.glob(".train.*.tmp/tokens.bin")
            tokens.unlink()
            tokens.symlink_to("/dev/full")
            writer._tokens = tokens.open("wb", buffering=0)
            with writer._tokens:
                writer.append(tokenizer.encode_arrays(TEXTS), [1, 0, 1])

    with pytest.raises(OSError, match="No space left") as caught:
        fill()
    assert caught.value.errno == errno.ENOSPC
    assert caught.value.filename == str(tmp_path / "train")
    assert list(tmp_path.iterdir()) == []
