"""From the user's text to tokens on disk: read, clean, train the tokenizer, encode; cached under one key.

A cache entry is a folder that holds `tokenizer.model`, `train/` and, where text was held out, `valid/`. Its key is made of
the text, the way it is read, the tokenizer and the seed, so the same text is read once, and a changed file is read again.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nlpsuite.errors import UserError
from nlpsuite.text.corpus import read_corpus
from nlpsuite.text.encode import cached_token_files, encode_documents
from nlpsuite.text.sample import sample_text
from nlpsuite.text.sources import find_sources
from nlpsuite.text.tokenfile import TokenFile, TokenFileWriter
from nlpsuite.text.tokenizer import Tokenizer
from nlpsuite.text.train_tokenizer import SAMPLE_BYTES, train_tokenizer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from nlpsuite.report import Reporter
    from nlpsuite.text.corpus import Corpus
    from nlpsuite.text.documents import Document
    from nlpsuite.training.settings import PretrainSettings


@dataclass(frozen=True, slots=True)
class PreparedText:
    """Text ready for training.

    Attributes:
        folder: The cache entry that holds it.
        tokenizer: The tokenizer the tokens are of.
        train: Training tokens.
        valid: Validation tokens; None when the text had nothing to hold out.
    """

    folder: Path
    tokenizer: Tokenizer
    train: TokenFile
    valid: TokenFile | None


def prepare_text(
    patterns: Sequence[str], settings: PretrainSettings, tokenizer: Tokenizer | int, cache: Path, report: Reporter
) -> PreparedText:
    """Read, clean and tokenise the text, or find it done.

    Args:
        patterns: Files, folders, globs, or `-`.
        settings: How text is read and sampled, and the seed.
        tokenizer: The tokenizer to use, or the vocabulary size of one to train on the text.
        cache: The folder of cache entries.
        report: Where the account is told.

    Raises:
        UserError: The text is not as it should be.
    """
    with read_corpus(find_sources(patterns), settings.text, seed=settings.seed, report=report) as corpus:
        key = _key(corpus, settings, tokenizer)

        def build(folder: Path) -> None:
            _build(folder, key, corpus, settings, tokenizer, report)

        return open_prepared(cached_token_files(cache, key, build, report=report))


def open_prepared(folder: Path) -> PreparedText:
    """Open a cache entry.

    Raises:
        UserError: It is missing or damaged.
    """
    if not (folder / "train").is_dir():
        raise UserError("the tokenised text is gone", where=folder, fix="start a new run on the text")
    valid = folder / "valid"
    return PreparedText(
        folder,
        Tokenizer.load(folder),
        TokenFile.open(folder / "train"),
        TokenFile.open(valid) if valid.is_dir() else None,
    )


def _key(corpus: Corpus, settings: PretrainSettings, tokenizer: Tokenizer | int) -> str:
    made: object = {"vocab_size": tokenizer, "sample_bytes": settings.tokenizer.sample_bytes or SAMPLE_BYTES}
    facts = [corpus.fingerprint(), settings.seed, tokenizer.sha256 if isinstance(tokenizer, Tokenizer) else made]
    return hashlib.blake2b(json.dumps(facts).encode(), digest_size=12).hexdigest()


def _build(
    folder: Path, key: str, corpus: Corpus, settings: PretrainSettings, tokenizer: Tokenizer | int, report: Reporter
) -> None:
    if not isinstance(tokenizer, Tokenizer):
        limit = settings.tokenizer.sample_bytes or SAMPLE_BYTES
        lines, sample = sample_text(corpus, max_bytes=limit, seed=settings.seed)
        report.say(sample.sentence())
        tokenizer = train_tokenizer(lines, vocab_size=tokenizer, report=report)
    tokenizer.save(folder)
    held_out: list[Document] = []

    def training() -> Iterator[tuple[str, int]]:
        for part, document in corpus.documents():
            if part == "train":
                yield document.text, document.n_bytes
            else:  # at most a few megabytes, so they wait in memory
                held_out.append(document)

    with TokenFileWriter(folder / "train", tokenizer, key=key) as writer:
        writer.account = corpus.account.to_json()
        encode_documents(training(), tokenizer, writer, report=report, total_bytes=corpus.holdout.train.bytes)
    if held_out:
        with TokenFileWriter(folder / "valid", tokenizer, key=key) as writer:
            texts = ((document.text, document.n_bytes) for document in held_out)
            encode_documents(texts, tokenizer, writer, report=report, total_bytes=corpus.holdout.valid.bytes)
