"""Kinds, compressions and roles of text files, from their names or their first bytes."""

from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from pathlib import Path

Kind = Literal["text", "jsonl", "parquet"]
Compression = Literal["", "gz", "xz", "zst", "bz2"]
Role = Literal["train", "valid", "test"]

KINDS: dict[str, Kind] = {
    ".txt": "text",
    ".text": "text",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
}
COMPRESSIONS: dict[str, Compression] = {".gz": "gz", ".xz": "xz", ".zst": "zst", ".bz2": "bz2"}
READS = ".txt and .jsonl, also with .gz, .xz, .zst or .bz2, and .parquet"

_MAGIC: dict[bytes, Compression] = {
    b"\x1f\x8b": "gz",
    b"\xfd7zXZ\x00": "xz",
    b"\x28\xb5\x2f\xfd": "zst",
    b"BZh": "bz2",
}
_SHARD = r"(?:[-_]?\d+(?:-of-\d+)?)?"
_VALID = re.compile(rf"(?:valid|validation|val|dev){_SHARD}")
_TEST = re.compile(rf"(?:test|testing){_SHARD}")


def by_suffix(path: Path) -> tuple[Kind | None, Compression]:
    """Tell kind (None for an unknown one) and compression from a file's suffixes."""
    stem, suffix = os.path.splitext(path.name.lower())
    compression = COMPRESSIONS.get(suffix, "")
    if compression:
        suffix = os.path.splitext(stem)[1]
    return KINDS.get(suffix), compression


def by_content(head: bytes) -> tuple[Kind, Compression]:
    """Tell kind and compression from the first bytes of a file; of a compressed one only the compression is known."""
    for magic, compression in _MAGIC.items():
        if head.startswith(magic):
            return "text", compression
    return ("jsonl" if _is_json_object(head) else "text"), ""


def role_by_name(path: Path) -> Role:
    """Look for `valid`, `test` and the like among the dotted parts of a name; `dev-00001-of-00002` counts too."""
    name = path.name.lower()
    for suffix in (*COMPRESSIONS, *KINDS):
        name = name.removesuffix(suffix)
    parts = name.split(".")
    if any(_TEST.fullmatch(part) for part in parts):
        return "test"
    return "valid" if any(_VALID.fullmatch(part) for part in parts) else "train"


def _is_json_object(head: bytes) -> bool:
    line = head.removeprefix(b"\xef\xbb\xbf").lstrip().partition(b"\n")[0]
    if not line.startswith(b"{"):
        return False
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        # The first line of a file of long records may go on beyond these first bytes.
        return b"\n" not in head and re.match(rb'\{\s*"[^"\n]*"\s*:', line) is not None
