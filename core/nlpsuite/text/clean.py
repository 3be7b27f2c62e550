"""Cleaning: empty, undecodable, too short and duplicate documents are dropped, and every one is accounted for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nlpsuite.text.documents import Document
from nlpsuite.text.mixing import key_of
from nlpsuite.text.seen import SeenKeys

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from nlpsuite.text.account import Account, Reason

# Duplicates are looked for a batch at a time, which ends at either.
_BATCH_DOCUMENTS = 1 << 11
_BATCH_BYTES = 8_000_000


def clean(
    documents: Iterable[Document], *, min_chars: int, account: Account, seen: SeenKeys | None = None
) -> Iterator[Document]:
    r"""Stream the documents worth training on, in order, each with its `key` and the `n_bytes` of its cleaned text.

    Dropped are: documents with bytes that are not UTF-8, those of white space alone, those shorter than `min_chars`,
    and exact duplicates of an earlier one (by a 64-bit hash of the cleaned text; `nlpsuite.text.seen` has the odds).
    Kept ones are altered in two ways only: Unicode white space at both ends is cut off, and `\r\n` becomes `\n`. A
    further piece of a long document is never too short.

    Args:
        documents: From `iter_documents`.
        min_chars: The fewest characters of a document.
        account: Filled in as the stream is consumed; it balances at the end.
        seen: Keys of documents that count as seen already; the keys of those kept are added.
    """
    seen = SeenKeys() if seen is None else seen
    batch: list[Document] = []
    raw_bytes: list[int] = []
    size = 0
    for document in documents:
        text = document.text.strip()
        if "\r" in text:
            text = text.replace("\r\n", "\n")
        reason = _why_dropped(document, text, min_chars)
        if reason is not None:
            _drop(document, reason, account)
            continue
        data = text.encode()
        batch.append(
            Document(text, document.source, document.line, len(data), document.piece, key=key_of(data)),
        )
        raw_bytes.append(document.n_bytes)
        size += document.n_bytes
        if len(batch) >= _BATCH_DOCUMENTS or size >= _BATCH_BYTES:
            yield from _without_duplicates(batch, raw_bytes, account, seen)
            batch, raw_bytes, size = [], [], 0
    yield from _without_duplicates(batch, raw_bytes, account, seen)


def _why_dropped(document: Document, text: str, min_chars: int) -> Reason | None:
    if not document.decodable:
        return "undecodable"
    if not text:
        return "empty"
    return "too_short" if len(text) < min_chars and not document.piece else None


def _drop(document: Document, reason: Reason, account: Account) -> None:
    account.read.add(1, document.n_bytes)
    account.dropped[reason].add(1, document.n_bytes)
    account.split += document.piece == 1
    if reason == "undecodable" and not account.first_undecodable:
        account.first_undecodable = f"{document.source.name}:{document.line}"


def _without_duplicates(
    batch: list[Document], raw_bytes: list[int], account: Account, seen: SeenKeys
) -> Iterator[Document]:
    is_new, n_forgotten = seen.add(np.array([document.key for document in batch], dtype=np.uint64))
    pairs = list(zip(batch, raw_bytes, is_new.tolist(), strict=True))
    n_new = int(is_new.sum())
    kept = sum(document.n_bytes for document, _, new in pairs if new)
    duplicate = sum(n_raw for _, n_raw, new in pairs if not new)
    account.read.add(len(batch), sum(raw_bytes))
    account.kept.add(n_new, kept)
    account.dropped["duplicate"].add(len(batch) - n_new, duplicate)
    account.dropped["trimmed"].add(0, sum(raw_bytes) - duplicate - kept)
    account.split += sum(document.piece == 1 for document in batch)
    account.unremembered += n_forgotten
    for document, _, new in pairs:
        if new:
            yield document
