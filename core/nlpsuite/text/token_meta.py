"""What a token file's folder holds: the names of its parts, and the facts in `meta.json`."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from nlpsuite.errors import UserError
from nlpsuite.files import read_json

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FORMAT_VERSION = 1
TOKENS, STARTS, BYTES, META = "tokens.bin", "starts.npy", "bytes.npy", "meta.json"
REMEDY = "remove the folder, and it is made anew"


@dataclass(frozen=True, slots=True)
class TokenMeta:
    """What a token file holds.

    Attributes:
        format_version: `FORMAT_VERSION` of the code that wrote it.
        dtype: `<u2` or `<u4`: little-endian integers of 2 or 4 bytes.
        vocab_size: The tokenizer's number of pieces.
        tokenizer_sha256: The tokenizer's fingerprint.
        documents: How many documents there are.
        tokens: How many tokens there are, <s> and </s> of each document included.
        text_bytes: The UTF-8 bytes of all documents.
        account: What cleaning read, kept and dropped.
        key: The cache key it was made under; empty if none.
    """

    format_version: int
    dtype: str
    vocab_size: int
    tokenizer_sha256: str
    documents: int
    tokens: int
    text_bytes: int
    account: Mapping[str, Any]
    key: str


def read_meta(folder: Path) -> TokenMeta:
    """Read the facts of the token file in a folder.

    Raises:
        UserError: There is none, it is damaged, or it is of another format version.
    """
    file = folder / META
    try:
        values = read_json(file)
        if values["format_version"] == FORMAT_VERSION:
            return TokenMeta(**{field.name: values[field.name] for field in fields(TokenMeta)})
    except OSError:
        raise UserError("no token file here", where=folder, fix=f"give a folder with a {META}") from None
    except (ValueError, KeyError, TypeError):
        raise UserError("damaged token file", where=file, fix=REMEDY) from None
    found = values["format_version"]
    raise UserError(f"token file of format {found}, not {FORMAT_VERSION}", where=file, fix=REMEDY)
