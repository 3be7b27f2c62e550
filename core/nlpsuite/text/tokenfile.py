"""Tokens on disk, read through a memory map: flat integers, where each document starts, and what it all is."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from nlpsuite.errors import UserError
from nlpsuite.files import temporary_name, writing_to
from nlpsuite.text.npy_stream import NpyStream
from nlpsuite.text.token_meta import BYTES, FORMAT_VERSION, META, REMEDY, STARTS, TOKENS, TokenMeta, read_meta

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from types import TracebackType

    from numpy.typing import NDArray

    from nlpsuite.text.tokenizer import Tokenizer

_BUFFER = 1 << 20


class TokenFile:
    """Documents as tokens, each stored as `<s> ... </s>`. Nothing is held in memory; pickles as its path.

    Attributes:
        folder: Where it lies.
        meta: What it holds.
        tokens: uint16 or uint32 (n_tokens), all documents one after another.
        starts: int64 (documents + 1); document i is `tokens[starts[i]:starts[i + 1]]`.
        document_bytes: uint32 (documents), the UTF-8 bytes of each document's text.
    """

    def __init__(self, folder: Path):
        """Map a token file; `open` is the same by a clearer name.

        Raises:
            UserError: There is no token file, it is of another format version, or it is damaged.
        """
        self.folder = folder
        self.meta = read_meta(folder)
        try:
            self.tokens: NDArray[np.unsignedinteger[Any]] = _map_tokens(folder / TOKENS, self.meta)
            self.starts: NDArray[np.int64] = np.load(folder / STARTS, mmap_mode="r")
            self.document_bytes: NDArray[np.uint32] = np.load(folder / BYTES, mmap_mode="r")
        except (OSError, ValueError) as error:
            raise UserError(f"damaged token file ({error})", where=folder, fix=REMEDY) from None
        documents, tokens = self.meta.documents, self.meta.tokens
        whole = self.starts.shape == (documents + 1,) and self.document_bytes.shape == (documents,)
        if not (whole and self.starts[0] == 0 and self.starts[-1] == tokens):
            raise UserError("damaged token file (its parts do not fit together)", where=folder, fix=REMEDY)

    @classmethod
    def open(cls, folder: Path) -> TokenFile:
        """Map the token file in a folder and check that its parts are whole.

        Raises:
            UserError: There is no token file, it is of another format version, or it is damaged.
        """
        return cls(folder)

    def __reduce__(self) -> tuple[type[TokenFile], tuple[Path]]:
        return TokenFile, (self.folder,)

    def __len__(self) -> int:
        return self.meta.documents

    def document(self, index: int) -> NDArray[np.unsignedinteger[Any]]:
        """Return the tokens of one document, `<s>` and `</s>` included, without copying them.

        Raises:
            IndexError: There is no such document.
        """
        if not 0 <= index < len(self):
            raise IndexError(f"document {index} of {len(self)}")
        return self.tokens[self.starts[index] : self.starts[index + 1]]

    @property
    def n_tokens(self) -> int:
        """The number of tokens, `<s>` and `</s>` of each document included."""
        return self.meta.tokens

    @property
    def text_bytes(self) -> int:
        """The UTF-8 bytes of all documents' text."""
        return self.meta.text_bytes

    def check_tokenizer(self, tokenizer: Tokenizer) -> None:
        """Make sure that this tokenizer made the tokens.

        Raises:
            UserError: Another one did.
        """
        if self.meta.tokenizer_sha256 != tokenizer.sha256:
            raise UserError("these tokens were made with another tokenizer", where=self.folder, fix=REMEDY)


class TokenFileWriter:
    """Writes a token file into a folder of a temporary name; renamed when the `with` block ends well, else removed.

    Args:
        folder: Where the token file is to lie; absent or empty. Its parent is made if need be.
        tokenizer: The tokenizer the ids are of.
        key: The cache key to note.

    Attributes:
        account: What cleaning read, kept and dropped, to be noted; may be set at any time before the end.
        documents: Documents so far.
        tokens: Tokens so far, <s> and </s> included.
        text_bytes: UTF-8 bytes of text so far.
    """

    def __init__(self, folder: Path, tokenizer: Tokenizer, *, key: str = ""):
        self.folder, self.account, self._key = folder, dict[str, Any](), key
        self.documents = self.tokens = self.text_bytes = 0
        self._dtype = np.dtype("<u2" if tokenizer.vocab_size <= 1 << 16 else "<u4")
        self._vocab_size, self._sha256 = tokenizer.vocab_size, tokenizer.sha256
        self._begin = np.array([tokenizer.bos_id], self._dtype)
        self._end = np.array([tokenizer.eos_id], self._dtype)
        self._temporary = folder.parent / temporary_name(folder.name)
        self._open_files = contextlib.ExitStack()

    def __enter__(self) -> TokenFileWriter:
        if self.folder.exists() and (not self.folder.is_dir() or any(self.folder.iterdir())):
            raise UserError("exists and is not empty", where=self.folder, fix="give another folder, or remove it")
        with self._open_files as files, writing_to(self.folder):
            self._temporary.mkdir(parents=True)
            files.callback(shutil.rmtree, self._temporary, ignore_errors=True)
            self._tokens = files.enter_context((self._temporary / TOKENS).open("wb", buffering=_BUFFER))
            self._starts = files.enter_context(NpyStream(self._temporary / STARTS, "<i8"))
            self._bytes = files.enter_context(NpyStream(self._temporary / BYTES, "<u4"))
            self._starts.append(np.zeros(1, np.int64))
            self._open_files = files.pop_all()
        return self

    def append(self, documents: Sequence[NDArray[np.integer[Any]]], n_bytes: Sequence[int]) -> None:
        """Add documents.

        Args:
            documents: The ids of each document's text, without <s> and </s>.
            n_bytes: The UTF-8 bytes of each document's text.

        Raises:
            UserError: The folder cannot be written to.
            OSError: The disk is full.
        """
        if not documents:
            return
        parts: list[NDArray[Any]] = []
        for ids in documents:
            parts += (self._begin, ids, self._end)
        flat = np.concatenate(parts, dtype=self._dtype, casting="unsafe")
        ends = self.tokens + np.cumsum([len(ids) + 2 for ids in documents], dtype=np.int64)
        with writing_to(self.folder):
            self._tokens.write(flat.data)
            self._starts.append(ends)
            self._bytes.append(np.asarray(n_bytes, np.uint32))
        self.documents += len(documents)
        self.tokens += len(flat)
        self.text_bytes += sum(n_bytes)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Closing what failed to be written may fail once more; the first error is the one to tell.
        with contextlib.suppress(OSError) if kind else writing_to(self.folder), self._open_files:
            if kind is None:
                self._finish()

    def _finish(self) -> None:
        self._tokens.close()
        self._starts.finish()
        self._bytes.finish()
        meta = TokenMeta(
            format_version=FORMAT_VERSION,
            dtype=self._dtype.str,
            vocab_size=self._vocab_size,
            tokenizer_sha256=self._sha256,
            documents=self.documents,
            tokens=self.tokens,
            text_bytes=self.text_bytes,
            account=self.account,
            key=self._key,
        )
        (self._temporary / META).write_text(json.dumps(asdict(meta), indent=2) + "\n", encoding="utf-8")
        os.replace(self._temporary, self.folder)


def _map_tokens(file: Path, meta: TokenMeta) -> NDArray[np.unsignedinteger[Any]]:
    dtype = np.dtype(meta.dtype)
    expected, size = meta.tokens * dtype.itemsize, file.stat().st_size
    if size != expected:
        raise ValueError(f"{file.name} has {size} bytes, not {expected}")
    # An empty file cannot be mapped.
    return np.memmap(file, dtype, "r") if size else np.zeros(0, dtype)
