"""Documents to token files on all cores, in the order of the documents, and a cache of the outcome.

The tokenizer's compiled code lets other threads run, so threads use all cores without copying text between processes.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple

from nlpsuite.errors import UserError
from nlpsuite.files import temporary_name, temporary_pattern, writing_to
from nlpsuite.text.tokenfile import TokenFile, TokenFileWriter

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from nlpsuite.report import Reporter
    from nlpsuite.text.tokenizer import Tokenizer

TRAIN, VALID = "train", "valid"
CHUNK_BYTES = 1 << 20
_IN_FLIGHT_BYTES = 128 << 20
_STALE_SECONDS = 24 * 3600


def usable_cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def encode_documents(
    documents: Iterable[tuple[str, int]],
    tokenizer: Tokenizer,
    writer: TokenFileWriter,
    *,
    report: Reporter,
    workers: int | None = None,
    total_bytes: int | None = None,
) -> None:
    """Write documents as tokens, in their order, whatever the number of workers.

    Memory stays within a few hundred MB, however long the stream.

    Args:
        documents: Texts, each with the number of its UTF-8 bytes.
        tokenizer: What encodes them.
        writer: An entered token file writer.
        report: Shows the progress.
        workers: Threads that encode at the same time; all usable cores if None.
        total_bytes: The bytes of all documents, where known.

    Raises:
        UserError: A text holds a lone surrogate, or the token file cannot be written.
    """
    total = None if total_bytes is None else float(total_bytes)
    chunks = _encoded(documents, tokenizer, workers or usable_cores())
    with contextlib.closing(chunks), report.progress("tokenising", total, "bytes") as progress:
        for ids, sizes in chunks:
            writer.append(ids, sizes)
            progress.update(float(writer.text_bytes), f"{writer.tokens:,} tokens")
    per_token = writer.text_bytes / max(1, writer.tokens)
    report.say(
        f"tokens, {writer.folder.name}: {writer.tokens:,} in {writer.documents:,} documents, "
        f"{per_token:.2f} bytes of text a token"
    )


def cached_token_files(cache_dir: Path, key: str, build: Callable[[Path], None], *, report: Reporter) -> Path:
    """Return the folder `cache_dir/key`, made by `build` unless it is there and whole.

    It is built under a temporary name and renamed, so an interrupted build leaves no entry, and of two processes that
    build the same one the first to end provides it for both.

    Args:
        cache_dir: Where entries lie; made if need be.
        key: What the entry depends on, as a name for a folder: a hash of text, tokenizer and settings.
        build: Fills a new, empty folder, at least with the token file `train/`.
        report: Is told when an entry is used again, and where it lies.

    Raises:
        UserError: The folder cannot be written to.
    """
    entry = cache_dir / key
    if _is_whole(entry, report):
        report.say(f"tokens: using those made before, in {entry}")
        return entry
    temporary = cache_dir / temporary_name(key)
    with writing_to(cache_dir):
        temporary.mkdir(parents=True)
    try:
        _remove_stale(cache_dir)
        build(temporary)
        _provide(temporary, entry, report)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return entry


class _Chunk(NamedTuple):
    encoded: Future[list[NDArray[np.int32]]]
    sizes: list[int]
    n_bytes: int


def _encoded(
    documents: Iterable[tuple[str, int]], tokenizer: Tokenizer, workers: int
) -> Generator[tuple[list[NDArray[np.int32]], list[int]]]:
    """Give chunks of documents as ids and bytes, in order."""
    pending: deque[_Chunk] = deque()
    executor = ThreadPoolExecutor(workers, thread_name_prefix="tokenise")
    try:
        for texts, sizes in _chunks(documents):
            n_bytes = sum(sizes)
            held = sum(chunk.n_bytes for chunk in pending)
            while pending and (len(pending) >= 2 * workers or held + n_bytes > _IN_FLIGHT_BYTES):
                held -= pending[0].n_bytes
                chunk = pending.popleft()
                yield chunk.encoded.result(), chunk.sizes
            pending.append(_Chunk(executor.submit(tokenizer.encode_arrays, texts), sizes, n_bytes))
        while pending:
            chunk = pending.popleft()
            yield chunk.encoded.result(), chunk.sizes
    finally:
        executor.shutdown(cancel_futures=True)


def _chunks(documents: Iterable[tuple[str, int]]) -> Iterator[tuple[list[str], list[int]]]:
    """Gather documents until they are `CHUNK_BYTES` or more."""
    texts: list[str] = []
    sizes: list[int] = []
    held = 0
    for text, n_bytes in documents:
        texts.append(text)
        sizes.append(n_bytes)
        held += n_bytes
        if held >= CHUNK_BYTES:
            yield texts, sizes
            texts, sizes, held = [], [], 0
    if texts:
        yield texts, sizes


def _is_whole(entry: Path, report: Reporter) -> bool:
    """Tell whether an entry can be used; one that is damaged is removed."""
    if not entry.exists():
        return False
    try:
        for part in (TRAIN, VALID):
            if part == TRAIN or (entry / part).exists():
                TokenFile.open(entry / part)
    except UserError as error:
        report.warn(f"cached tokens are made anew: {error.what} ({entry})")
        doomed = entry.parent / temporary_name(entry.name)
        with writing_to(entry):
            os.replace(entry, doomed)
        shutil.rmtree(doomed, ignore_errors=True)
        return False
    return True


def _provide(temporary: Path, entry: Path, report: Reporter) -> None:
    try:
        os.replace(temporary, entry)
    except OSError:
        # Another process has built the same entry meanwhile.
        if not _is_whole(entry, report):
            raise


def _remove_stale(cache_dir: Path) -> None:
    """Remove what builds that were killed long ago left behind."""
    for folder in cache_dir.glob(temporary_pattern()):
        with contextlib.suppress(OSError):
            newest = max(path.stat().st_mtime for path in [folder, *folder.rglob("*")])
            if time.time() - newest > _STALE_SECONDS:
                shutil.rmtree(folder)
