"""Text to token ids and back: a SentencePiece model whose decoding gives back the very input, for any Unicode text."""

from __future__ import annotations

import contextlib
import hashlib
import re
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import sentencepiece

from nlpsuite.errors import UserError
from nlpsuite.files import temporary_name, writing_to
from nlpsuite.text.offsets import spans_of_begins, spans_of_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

MODEL_FILE = "tokenizer.model"
"""The name of the tokenizer's file in a folder, as other tools that read SentencePiece models expect it."""

MASK_PIECE, SEP_PIECE = "<mask>", "<sep>"

_SPACE_MARK = "\u2581"
# SentencePiece writes a space as U+2581, so that character itself is passed around it, as its three bytes.
_SPACE_MARK_BYTES = _SPACE_MARK.encode()
# On longer texts the encoder's queue of merges outgrows the processor's cache: at a megabyte it is three times slower.
_LONG_TEXT = 1 << 13
# Parts of a long text: each ends after a newline, before a space that no space precedes, or where the text does.
_PARTS = re.compile(rf"(?s)(?:.{{1,{_LONG_TEXT}}}|.+?)(?:(?<=\n)|(?<=[^ ])(?= )|\Z)")
_SPANS_PARTS = re.compile(rb"(?s)\n.|[^ ] ")
_BEFORE = "\n"
_PROBE = " \u1e9b\u0323  Ａ\tb \n"


class Tokenizer:
    """A SentencePiece model with the special tokens that the backbone's objectives and tasks use.

    A model that `train_tokenizer` made is exact: `decode(encode(text)) == text` for every text of Unicode scalar
    values, and the bytes of the pieces are the bytes of the text. User's text never gives a special id: a typed
    "<mask>" is ordinary characters. A model made elsewhere works too, as far as its own normalisation lets it.
    The object is cheap to pickle, and its methods may be called from several threads at once.

    Args:
        model_bytes: A serialised SentencePiece model.

    Raises:
        UserError: The bytes are no SentencePiece model.
    """

    def __init__(self, model_bytes: bytes):
        self.model_bytes = model_bytes
        self._processor: Any = sentencepiece.SentencePieceProcessor()
        try:
            self._processor.LoadFromSerializedProto(model_bytes)
        except RuntimeError:
            raise UserError("not a SentencePiece model", fix=f"give a {MODEL_FILE} that SentencePiece wrote") from None
        self._bytes_of = _bytes_of_pieces(self._processor)
        self._space_mark_ids = [self._processor.piece_to_id(f"<0x{byte:02X}>") for byte in _SPACE_MARK_BYTES]
        self._exact = self._is_exact()
        # Where no piece reaches from one part into the next, the parts' ids are those of the whole.
        self._may_part = not any(_SPANS_PARTS.search(piece) for piece in self._bytes_of)

    @classmethod
    def load(cls, path: Path) -> Tokenizer:
        """Read a `tokenizer.model`, or the one in a folder (a tokenizer's, a backbone's or a run's model folder).

        Raises:
            UserError: There is no such file, or it is no SentencePiece model.
        """
        file = path / MODEL_FILE if path.is_dir() else path
        try:
            return cls(file.read_bytes())
        except FileNotFoundError:
            fix = f"give a folder with a {MODEL_FILE}, or make one with `suite tokenizer train`"
            raise UserError("no such tokenizer", where=file, fix=fix) from None
        except OSError as error:
            raise UserError(f"cannot be read ({error.strerror})", where=file, fix="check the file") from None
        except UserError as error:
            raise UserError(error.what, where=file, fix=error.fix) from None

    def save(self, folder: Path) -> Path:
        """Write `tokenizer.model` into the folder (made if need be), whole or not at all; return its path.

        Raises:
            UserError: The folder cannot be written to.
        """
        file, temporary = folder / MODEL_FILE, folder / temporary_name(MODEL_FILE)
        with writing_to(folder):
            folder.mkdir(parents=True, exist_ok=True)
            try:
                temporary.write_bytes(self.model_bytes)
                temporary.replace(file)
            finally:
                temporary.unlink(missing_ok=True)
        return file

    def __reduce__(self) -> tuple[type[Tokenizer], tuple[bytes]]:
        return Tokenizer, (self.model_bytes,)

    @property
    def sha256(self) -> str:
        """SHA-256 of the model's bytes, in hexadecimal digits."""
        return hashlib.sha256(self.model_bytes).hexdigest()

    @property
    def vocab_size(self) -> int:
        """The number of pieces; ids are 0 to vocab_size - 1."""
        return len(self._bytes_of)

    @property
    def bos_id(self) -> int:
        """The id of <s>, which begins every document."""
        return self._special("<s>", self._processor.bos_id())

    @property
    def eos_id(self) -> int:
        """The id of </s>, which ends every document."""
        return self._special("</s>", self._processor.eos_id())

    @property
    def pad_id(self) -> int:
        """The id of <pad>, which fills rows up."""
        return self._special("<pad>", self._processor.pad_id())

    @property
    def mask_id(self) -> int:
        """The id of <mask>, which hides a token from the masked objective."""
        return self._special(MASK_PIECE, self._known_id(MASK_PIECE))

    @property
    def sep_id(self) -> int:
        """The id of <sep>, which stands between the parts of an input."""
        return self._special(SEP_PIECE, self._known_id(SEP_PIECE))

    @property
    def byte_lengths(self) -> NDArray[np.int64]:
        """UTF-8 bytes that each piece stands for, int64 (vocab_size); zero for special ids."""
        return np.array([len(piece) for piece in self._bytes_of], dtype=np.int64)

    def encode(self, text: str) -> list[int]:
        """Return the ids of a text; no special id is ever among them.

        Raises:
            UserError: The text holds a lone surrogate, which no encoding of Unicode can write.
        """
        ids: list[int] = self._encode_parts(text).tolist() if self._needs_parts(text) else self._call(text)
        return ids

    def encode_inside(self, text: str) -> list[int]:
        """Return the ids of a text that follows another, without the space that some tokenizers put before a text.

        Raises:
            UserError: The text holds a lone surrogate.
        """
        before = self._before
        if not before:
            return self.encode(text)
        ids = self.encode(_BEFORE + text)
        return ids[len(before) :] if ids[: len(before)] == before else self.encode(text)

    @cached_property
    def _before(self) -> list[int]:
        """The ids of what is put before a text to have it follow something; none where that changes nothing."""
        before = self.encode(_BEFORE)
        return before if self.encode(_BEFORE + "a") != [*before, *self.encode("a")] else []

    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the ids of each text, as `encode` does.

        Raises:
            UserError: A text holds a lone surrogate.
        """
        return [ids.tolist() for ids in self.encode_arrays(texts)]

    def encode_arrays(self, texts: Sequence[str]) -> list[NDArray[np.int32]]:
        """Return the ids of each text as an array; other threads run meanwhile.

        Raises:
            UserError: A text holds a lone surrogate.
        """
        in_parts = {number for number, text in enumerate(texts) if self._needs_parts(text)}
        whole = ["" if number in in_parts else text for number, text in enumerate(texts)]
        arrays: list[NDArray[np.int32]] = self._call(whole, return_type="numpy")
        for number in in_parts:
            arrays[number] = self._encode_parts(texts[number])
        return arrays

    def encode_with_offsets(self, text: str) -> tuple[list[int], list[tuple[int, int]]]:
        """Return the ids of a text and for each the span of characters it stands for, as indices into `text`.

        The spans are in order and cover all of the text. Byte pieces that make up one character each carry that
        character's span.

        Raises:
            UserError: The text holds a lone surrogate.
        """
        if self._exact:
            ids = self.encode(text)
            return ids, spans_of_bytes([len(self._bytes_of[index]) for index in ids], text)
        mapping = self._call(text, return_type="offset_mapping")
        return mapping["ids"], spans_of_begins([begin for begin, _ in mapping["offsets"]], len(text))

    def decode(self, ids: Iterable[int]) -> str:
        """Return the text of the ids, special ones skipped; bytes that are no UTF-8 become U+FFFD.

        Raises:
            IndexError: An id is outside the vocabulary.
        """
        if not self._exact:
            text: str = self._processor.decode([int(index) for index in ids if self._bytes_of[index]])
            return text
        return b"".join([self._bytes_of[index] for index in ids]).decode(errors="replace")

    def piece(self, index: int) -> str:
        """Return a single token for people to read: spaces as U+2581, a lone byte as `<0xE2>`, controls escaped."""
        piece: str = self._processor.id_to_piece(int(index))
        return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in piece)

    def piece_bytes(self, index: int) -> bytes:
        """Return the UTF-8 bytes a single token stands for, perhaps part of a character; none for a special token."""
        return self._bytes_of[index]

    def _special(self, piece: str, index: int) -> int:
        if index < 0:
            fix = "train a tokenizer with `suite tokenizer train`, or do what needs no such token"
            raise UserError(f"the tokenizer has no {piece} token", fix=fix)
        return index

    def _known_id(self, piece: str) -> int:
        index: int = self._processor.piece_to_id(piece)
        return index if self._processor.id_to_piece(index) == piece else -1

    def _is_exact(self) -> bool:
        pieces = [self._bytes_of[index] for index in self._call(_PROBE)]
        marks = [self._bytes_of[index] for index in self._space_mark_ids]
        return b"".join(pieces) == _PROBE.encode() and b"".join(marks) == _SPACE_MARK_BYTES

    def _needs_parts(self, text: str) -> bool:
        return self._exact and (len(text) > _LONG_TEXT or _SPACE_MARK in text)

    def _encode_parts(self, text: str) -> NDArray[np.int32]:
        mark = np.array(self._space_mark_ids, np.int32)
        arrays: list[NDArray[np.int32]] = []
        for number, between in enumerate(text.split(_SPACE_MARK)):
            if number:
                arrays.append(mark)
            arrays += self._call(self._short_parts(between), return_type="numpy")
        return np.concatenate(arrays)

    def _short_parts(self, text: str) -> list[str]:
        return _PARTS.findall(text) if self._may_part and len(text) > _LONG_TEXT else [text]

    def _call(self, what: str | list[str], **options: str) -> Any:
        try:
            return self._processor.encode(what, num_threads=1, **options)
        except (RuntimeError, TypeError):
            for text in [what] if isinstance(what, str) else what:
                refuse_surrogates(text)
            raise


def _bytes_of_pieces(processor: Any) -> list[bytes]:
    """Return what each id stands for, in UTF-8; nothing for special ids."""
    ids = list(range(processor.vocab_size()))
    table: list[bytes] = []
    rows = (processor.id_to_piece(ids), processor.is_control(ids), processor.is_unknown(ids), processor.is_byte(ids))
    for piece, is_control, is_unknown, is_byte in zip(*rows, strict=True):
        if is_control or is_unknown:
            table.append(b"")
        elif is_byte:
            table.append(bytes([int(piece[3:5], 16)]))
        else:
            table.append(piece.replace(_SPACE_MARK, " ").encode())
    return table


def refuse_surrogates(text: str) -> None:
    """Refuse half a pair of surrogates.

    Raises:
        UserError: The text holds one.
    """
    with contextlib.suppress(UnicodeEncodeError):
        text.encode()
        return
    raise UserError("the text holds a lone surrogate, which is no character", fix="repair the text's encoding")
