"""Our SentencePiece model as a `tokenizer.json`, so that other tools give a text the very same ids.

Both are byte-pair encoding: SentencePiece joins the neighbours whose joint piece was learned first, the other format lists
what may be joined in that order. A space is a space in the pieces here, and not U+2581 put in its place, so that this
character itself is spelt as its three bytes, as our own tokenizer spells it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nlpsuite.text.tokenizer import Tokenizer


def tokenizer_json(tokenizer: Tokenizer) -> str:
    """Return the text of `tokenizer.json` for a tokenizer that `train_tokenizer` made."""
    pieces = [_written(tokenizer, index) for index in range(tokenizer.vocab_size)]
    ordinary = {piece: index for index, piece in enumerate(pieces) if _is_ordinary(tokenizer, index)}
    special = [index for index in range(tokenizer.vocab_size) if not tokenizer.piece_bytes(index)]
    data: dict[str, Any] = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [_added(index, pieces[index]) for index in special],
        "normalizer": None,
        "pre_tokenizer": None,
        "post_processor": special_template(tokenizer, closed=False),
        "decoder": {"type": "Sequence", "decoders": [{"type": "ByteFallback"}, {"type": "Fuse"}]},
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": "<unk>",
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": True,
            "byte_fallback": True,
            "ignore_merges": False,
            "vocab": {piece: index for index, piece in enumerate(pieces)},
            "merges": _merges(ordinary),
        },
    }
    return json.dumps(data, ensure_ascii=False, indent=1) + "\n"


def tokenizer_config(tokenizer: Tokenizer, context: int) -> dict[str, Any]:
    """Return `tokenizer_config.json`: the names of the special tokens, and the class that reads `tokenizer.json`."""
    ids = {
        "bos_token": tokenizer.bos_id,
        "eos_token": tokenizer.eos_id,
        "pad_token": tokenizer.pad_id,
        "mask_token": tokenizer.mask_id,
        "sep_token": tokenizer.sep_id,
    }
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": context,
        "clean_up_tokenization_spaces": False,
        "unk_token": "<unk>",
        **{name: _written(tokenizer, index) for name, index in ids.items()},
    }


def special_template(tokenizer: Tokenizer, *, closed: bool) -> dict[str, Any]:
    """Return the part of `tokenizer.json` that puts special tokens around texts as windows of tasks have them.

    `<s> text`, and of a pair `<s> first <sep> second`; `closed`: with `</s>` at the end.
    """
    begin, between, end = (tokenizer.piece(index) for index in (tokenizer.bos_id, tokenizer.sep_id, tokenizer.eos_id))
    first, second = ({"Sequence": {"id": name, "type_id": 0}} for name in "AB")
    last = [_special(end)] if closed else []
    ids = {begin: tokenizer.bos_id, between: tokenizer.sep_id} | ({end: tokenizer.eos_id} if closed else {})
    return {
        "type": "TemplateProcessing",
        "single": [_special(begin), first, *last],
        "pair": [_special(begin), first, _special(between), second, *last],
        "special_tokens": {piece: {"id": piece, "ids": [index], "tokens": [piece]} for piece, index in ids.items()},
    }


def _merges(ordinary: Mapping[str, int]) -> list[list[str]]:
    """Return what may be joined, the earlier learned first; all ways in which two pieces make a third."""
    merges: list[tuple[int, int, int, str, str]] = []
    for piece, rank in ordinary.items():
        for cut in range(1, len(piece)):
            left, right = piece[:cut], piece[cut:]
            if left in ordinary and right in ordinary:
                merges.append((rank, ordinary[left], ordinary[right], left, right))
    return [[left, right] for *_, left, right in sorted(merges)]


def _is_ordinary(tokenizer: Tokenizer, index: int) -> bool:
    return bool(tokenizer.piece_bytes(index)) and not _is_byte(tokenizer, index)


def _is_byte(tokenizer: Tokenizer, index: int) -> bool:
    piece = tokenizer.piece(index)
    return len(piece) == 6 and piece.startswith("<0x") and tokenizer.piece_bytes(index) == bytes([int(piece[3:5], 16)])


def _written(tokenizer: Tokenizer, index: int) -> str:
    if not tokenizer.piece_bytes(index) or _is_byte(tokenizer, index):
        return tokenizer.piece(index)
    return tokenizer.piece_bytes(index).decode()


def _added(index: int, piece: str) -> dict[str, Any]:
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    return {"id": index, "content": piece, **flags}


def _special(piece: str) -> dict[str, Any]:
    return {"SpecialToken": {"id": piece, "type_id": 0}}
