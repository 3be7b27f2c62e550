"""A tokenizer of Hugging Face's `tokenizer.json`, read by the `tokenizers` library, behind the interface of our own.

The library is not one of ours (`pip install 'nlpsuite[hub]'`): it is needed for imported models alone. Its ids are those that
`transformers` gives where it reads the file as it is, without tokens at the ends, but for one thing: a special token typed in a
text ("<|im_end|>", "</s>") is ordinary text here, as there with `split_special_tokens=True`, so that nobody's text ends a
document or speaks in another's turn. Added tokens that are not special, as Qwen3's "<think>", are what the text says, there
and here. `transformers` 5 does not read the file as it is for `LlamaTokenizer` and `GPT2Tokenizer`: they take the vocabulary
out of it, and their ids differ where a text begins with a space (Llama 2) or has spaces before digits (SmolLM2).
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import numpy as np

from nlpsuite.errors import UserError
from nlpsuite.files import read_json, read_small, write_text
from nlpsuite.text.offsets import spans_of_bytes, spans_without_gaps
from nlpsuite.text.tokenizer import MASK_PIECE, MODEL_FILE, SEP_PIECE, Tokenizer, refuse_surrogates

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

JSON_FILE, CONFIG_FILE = "tokenizer.json", "tokenizer_config.json"
_SPACE_MARK = "\u2581"
_SPARE = (
    "reserved",
    "unused",
    "fim_pad",
    "fim_middle",
    "fim_suffix",
    "object_ref",
    "box_",
    "quad_",
    "vision_pad",
    "jupyter_",
)
"""What special tokens are called that a language model has and hardly uses."""


class JsonTokenizer(Tokenizer):
    """A `tokenizer.json` with the special tokens that the backbone's objectives and tasks use.

    A model trained elsewhere has no `<mask>` and no `<sep>`; special tokens that it never learned to use stand in for them, and
    where it has none, the end of a text does. What has no beginning-of-text token begins with the end of the one before.

    Args:
        definition: The text of `tokenizer.json`.
        config: What `tokenizer_config.json` holds: the names of special tokens, `bos_token` and so on, and what other tools need.

    Raises:
        UserError: It is none, or the library that reads it is not installed.
    """

    def __init__(self, definition: str, config: Mapping[str, Any]):
        try:
            import tokenizers
        except ImportError:
            fix = "pip install 'nlpsuite[hub]'"
            raise UserError("tokenizer.json needs the library `tokenizers`, which is not installed", fix=fix) from None
        self.definition, self.config = definition, dict(config)
        try:
            self._fast: Any = tokenizers.Tokenizer.from_str(definition)
        except Exception as error:
            # The library has one kind of error for all that may be wrong with the file.
            what = f"not a tokenizer.json ({' '.join(str(error).split())[:200]})"
            raise UserError(what, fix="copy the whole folder again") from None
        self._fast.no_padding()
        self._fast.no_truncation()
        # What it does to ids is for special ones alone; it would take spaces out of the spans.
        self._fast.post_processor = None
        self._fast.encode_special_tokens = True
        self._specials = _mark_specials(self._fast, self.config)
        data = json.loads(definition)
        self._byte_level = _has("ByteLevel", data.get("decoder"), data.get("pre_tokenizer"))
        self._bytes_of = _bytes_of_pieces(self._fast, self._byte_level, self._specials)
        self._joins = self._byte_level or _has("ByteFallback", data.get("decoder"))
        self._drops_space = not self._byte_level and self._decodes_without_space()
        self._ids = self._choose()

    @classmethod
    def load(cls, path: Path) -> JsonTokenizer:
        """Read the `tokenizer.json` of a folder, and the names of its special tokens.

        Raises:
            UserError: It is missing, damaged, or too large.
        """
        file = path / JSON_FILE
        try:
            return cls(read_small(file), _config(path))
        except OSError as error:
            raise UserError(
                f"cannot be read ({error.strerror})", where=file, fix="copy the whole folder again"
            ) from None
        except ValueError as error:
            raise UserError(f"not readable as JSON ({error})", where=file, fix="copy the whole folder again") from None
        except UserError as error:
            raise UserError(error.what, where=file, fix=error.fix) from None

    def save(self, folder: Path) -> Path:
        """Write `tokenizer.json` and `tokenizer_config.json` into the folder, made if need be; return the first one's path."""
        folder.mkdir(parents=True, exist_ok=True)
        config = {"tokenizer_class": "PreTrainedTokenizerFast", **self.config}
        write_text(folder / CONFIG_FILE, json.dumps(config, indent=2, ensure_ascii=False) + "\n")
        write_text(folder / JSON_FILE, self.definition)
        return folder / JSON_FILE

    def __reduce__(self) -> tuple[Any, ...]:
        return JsonTokenizer, (self.definition, self.config)

    @property
    def sha256(self) -> str:
        """SHA-256 of the definition and of which tokens are special, in hexadecimal digits."""
        return hashlib.sha256(json.dumps([self.definition, self._ids], sort_keys=True).encode()).hexdigest()

    def encode(self, text: str) -> list[int]:
        """Return the ids of a text; no special id is ever among them, but for that of the unknown where a tokenizer needs it.

        Raises:
            UserError: The text holds a lone surrogate, which no encoding of Unicode can write.
        """
        refuse_surrogates(text)
        ids: list[int] = self._fast.encode(text, add_special_tokens=False).ids
        return ids

    def encode_as_others(self, text: str, pair: str | None = None) -> list[int]:
        """Return the ids of a text, or of two, with the special tokens that the definition has other tools put around them."""
        import tokenizers

        whole = tokenizers.Tokenizer.from_str(self.definition)
        whole.encode_special_tokens = True
        ids: list[int] = whole.encode(text, pair).ids
        return ids

    def encode_arrays(self, texts: Sequence[str]) -> list[NDArray[np.int32]]:
        """Return the ids of each text as an array.

        Raises:
            UserError: A text holds a lone surrogate.
        """
        for text in texts:
            refuse_surrogates(text)
        found = self._fast.encode_batch(list(texts), add_special_tokens=False)
        return [np.array(each.ids, np.int32) for each in found]

    def encode_with_offsets(self, text: str) -> tuple[list[int], list[tuple[int, int]]]:
        """Return the ids of a text and for each the span of characters it stands for, as indices into `text`.

        The spans are in order and cover all of the text. Pieces that are parts of one character each carry that character's
        span, and a space that the tokenizer puts before a text has an empty one. Where the tokenizer changes a text (its
        Unicode form, say), a piece has the characters that became it, with those after it that became nothing.

        Raises:
            UserError: The text holds a lone surrogate.
        """
        refuse_surrogates(text)
        found = self._fast.encode(text, add_special_tokens=False)
        ids: list[int] = found.ids
        sizes = [len(self._bytes_of[index]) for index in ids]
        joined = b"".join([self._bytes_of[index] for index in ids])
        if all(sizes):
            # Where a space is written as that character, the two are one.
            for read in (text,) if self._byte_level else (text, text.replace(_SPACE_MARK, " ")):
                if joined == read.encode():
                    return ids, spans_of_bytes(sizes, read)
                if joined == b" " + read.encode():
                    rest = [sizes[0] - 1, *sizes[1:]]
                    return ids, spans_of_bytes(rest, read) if rest[0] else [(0, 0), *spans_of_bytes(rest[1:], read)]
        return ids, spans_without_gaps(found.offsets, len(text))

    def decode(self, ids: Iterable[int]) -> str:
        """Return the text of the ids, special ones skipped; bytes that are no UTF-8 become U+FFFD.

        Raises:
            IndexError: An id is outside the vocabulary.
        """
        kept = [int(index) for index in ids if self._bytes_of[int(index)]]
        if not self._joins:
            text: str = self._fast.decode(kept, skip_special_tokens=True)
            return text
        # The library gives up a whole run of bytes for one that is missing.
        joined = b"".join([self._bytes_of[index] for index in kept]).decode(errors="replace")
        return joined.removeprefix(" ") if self._drops_space else joined

    def piece(self, index: int) -> str:
        """Return a single token for people to read: spaces as U+2581, a lone byte as `<0xE2>`, controls escaped."""
        piece = self._fast.id_to_token(int(index)) or f"<{index}>"
        if self._byte_level and (stands_for := self._bytes_of[int(index)]):
            # Bytes that are no whole character come out as surrogates.
            text = stands_for.decode(errors="surrogateescape").replace(" ", _SPACE_MARK)
            piece = "".join(f"<0x{ord(c) - 0xDC00:02X}>" if "\udc80" <= c <= "\udcff" else c for c in text)
        return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in piece)

    @property
    def bos_id(self) -> int:
        """The id of the token that begins every document."""
        return self._ids["bos"]

    @property
    def eos_id(self) -> int:
        """The id of the token that ends every document."""
        return self._ids["eos"]

    @property
    def pad_id(self) -> int:
        """The id of the token that fills rows up."""
        return self._ids["pad"]

    @property
    def mask_id(self) -> int:
        """The id of the token that hides another from the masked objective."""
        return self._ids["mask"]

    @property
    def sep_id(self) -> int:
        """The id of the token that stands between the parts of an input."""
        return self._ids["sep"]

    def _decodes_without_space(self) -> bool:
        ids = self._fast.encode("\u2581\u2581", add_special_tokens=False).ids
        text: str = self._fast.decode(ids, skip_special_tokens=True)
        return len(text.encode()) < sum(len(self._bytes_of[index]) for index in ids)

    def _choose(self) -> dict[str, int]:
        """Choose an id for each special token."""
        by_name = {content: index for index, content in self._specials.items()}

        def named(key: str) -> int | None:
            name = _content(self.config.get(key))
            return None if name is None else self._fast.token_to_id(name)

        eos = next(
            (index for key in ("eos_token", "pad_token", "bos_token") if (index := named(key)) is not None), None
        )
        if eos is None:
            eos = next((by_name[name] for name in ("<|endoftext|>", "</s>", "<eos>") if name in by_name), None)
        if eos is None:
            raise UserError("the tokenizer names no end-of-text token", fix=f"name an eos_token in {CONFIG_FILE}")
        bos = named("bos_token")
        bos = eos if bos is None else bos
        pad = named("pad_token")
        pad = eos if pad is None else pad
        spare = [
            index
            for name, index in by_name.items()
            if any(word in name for word in _SPARE) and index not in (eos, bos, pad)
        ]
        chosen = {"bos": bos, "eos": eos, "pad": pad}
        for key, names in (("mask", (MASK_PIECE, "[MASK]", "<|mask|>")), ("sep", (SEP_PIECE, "[SEP]", "<|sep|>"))):
            own = next((by_name[name] for name in names if name in by_name), None)
            chosen[key] = own if own is not None else spare.pop(0) if spare else eos
        return chosen


def load_tokenizer(folder: Path) -> Tokenizer:
    """Read the tokenizer of a backbone or of tokens: `tokenizer.model`, or else `tokenizer.json`.

    Raises:
        UserError: There is neither, or it is damaged.
    """
    if not (folder / MODEL_FILE).is_file() and (folder / JSON_FILE).is_file():
        return JsonTokenizer.load(folder)
    if not (folder / MODEL_FILE).is_file() and (folder / "config.json").is_file():
        what = f"the model has no tokenizer: neither {JSON_FILE} nor {MODEL_FILE}"
        raise UserError(what, where=folder, fix="copy the whole folder again")
    return Tokenizer.load(folder)


def _config(folder: Path) -> dict[str, Any]:
    """Return what a folder says of its tokenizer, with the special tokens that older writers name in a file of their own."""
    found: dict[str, Any] = {}
    for name in ("special_tokens_map.json", CONFIG_FILE):
        data = read_json(folder / name) if (folder / name).is_file() else {}
        if not isinstance(data, dict):
            raise ValueError(f"{name} is not an object")
        # What is null in one may be named in the other.
        found |= {key: value for key, value in data.items() if value is not None or key not in found}
    return found


def _content(token: object) -> str | None:
    """Return the name of a special token, which some writers give by itself and some with its flags."""
    content = token.get("content") if isinstance(token, dict) else token
    return content if isinstance(content, str) else None


def _mark_specials(fast: Any, config: Mapping[str, Any]) -> dict[int, str]:
    """Return the special tokens, by id; what only the config names as one is no longer found in a text."""
    import tokenizers

    added = fast.get_added_tokens_decoder()
    specials = {index: token.content for index, token in added.items() if token.special}
    for name in sorted(set(_named(config))):
        index = fast.token_to_id(name)
        if index is None or index in specials:
            continue
        # A word of the language in the place of one ("!" that fills rows up) goes on being a word.
        if index in added or fast.encode(name, add_special_tokens=False).ids != [index]:
            fast.add_special_tokens([tokenizers.AddedToken(name, special=True, normalized=False)])
            specials[index] = name
    return specials


def _named(config: Mapping[str, Any]) -> Iterator[str]:
    """Yield the names of special tokens in a config."""
    for key, value in config.items():
        if key in ("additional_special_tokens", "extra_special_tokens") and isinstance(value, (list, dict)):
            names = [_content(each) for each in (value.values() if isinstance(value, dict) else value)]
        elif key == "added_tokens_decoder" and isinstance(value, dict):
            names = [_content(each) for each in value.values() if isinstance(each, dict) and each.get("special")]
        else:
            names = [_content(value)] if key.endswith("_token") else []
        yield from (name for name in names if name)


def _has(kind: str, *parts: object) -> bool:
    """Whether a part of a definition is of a kind or holds one that is."""
    return any(f'"type": "{kind}"' in json.dumps(part) for part in parts)


def _bytes_of_pieces(fast: Any, byte_level: bool, specials: Mapping[int, str]) -> list[bytes]:
    """Return what each id stands for, in UTF-8; nothing for special ids and for ids without a piece."""
    of_letter = {letter: byte for byte, letter in _byte_letters().items()}
    vocabulary = fast.get_vocab(with_added_tokens=True)
    added = {index for index, _ in fast.get_added_tokens_decoder().items()}
    table = [b""] * (max(vocabulary.values(), default=-1) + 1)
    for piece, index in vocabulary.items():
        if index in specials:
            continue
        if index in added:
            table[index] = piece.encode()
        elif byte_level:
            letters = [of_letter.get(letter) for letter in piece]
            table[index] = piece.encode() if None in letters else bytes(letters)  # type: ignore[arg-type]
        elif len(piece) == 6 and piece.startswith("<0x") and piece.endswith(">"):
            table[index] = bytes([int(piece[3:5], 16)])
        else:
            table[index] = piece.replace(_SPACE_MARK, " ").encode()
    return table


def _byte_letters() -> dict[int, str]:
    """Return the letter that byte-level BPE writes each byte as: itself where it is printable, else one from U+0100 on.

    Source: Radford et al. 2019, "Language Models are Unsupervised Multitask Learners", and its released encoder.
    """
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    letters = {byte: chr(byte) for byte in printable}
    others = [byte for byte in range(256) if byte not in letters]
    return letters | {byte: chr(0x100 + place) for place, byte in enumerate(others)}
