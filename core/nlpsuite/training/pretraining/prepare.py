"""From the user's text to tokens on disk: read, clean, train the tokenizer, encode; cached under one key.

A cache entry is a folder that holds `tokenizer.model`, `train/` and `valid/` (empty where nothing was held out). Its key
is made of the text, the way it is read, the tokenizer and the seed, so the same text is read once, and a changed file is
read again.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from nlpsuite.errors import UserError
from nlpsuite.text.corpus import read_corpus
from nlpsuite.text.encode import cached_token_files, encode_documents
from nlpsuite.text.json_tokenizer import load_tokenizer
from nlpsuite.text.order import RowOrder
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
    from nlpsuite.text.holdout import Part
    from nlpsuite.training.pretraining.settings import PretrainSettings

_ASIDE_BYTES = 4_000_000


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
    _orders: dict[tuple[int, int], RowOrder] = field(default_factory=dict, repr=False, compare=False)

    def order(self, row: int, seed: int) -> RowOrder:
        """Return the order of training in rows of `row` inputs, made once: of a large text that takes a minute."""
        if (row, seed) not in self._orders:
            self._orders[row, seed] = RowOrder(self.train, row=row, seed=seed, pad_id=self.tokenizer.pad_id)
        return self._orders[row, seed]


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
    valid = TokenFile.open(folder / "valid")
    return PreparedText(folder, load_tokenizer(folder), TokenFile.open(folder / "train"), valid if len(valid) else None)


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
    with (
        TokenFileWriter(folder / "train", tokenizer, key=key) as train,
        TokenFileWriter(folder / "valid", tokenizer, key=key) as valid,
    ):
        train.account = corpus.account.to_json()
        aside = _Aside(valid, tokenizer)
        documents = aside.take_out(corpus.documents())
        encode_documents(documents, tokenizer, train, report=report, total_bytes=corpus.holdout.train.bytes)
        aside.flush()


class _Aside:
    """Takes validation documents out of the stream and writes them on the side, a few megabytes at a time."""

    def __init__(self, writer: TokenFileWriter, tokenizer: Tokenizer):
        self._writer, self._tokenizer = writer, tokenizer
        self._texts: list[str] = []
        self._sizes: list[int] = []
        self._waiting = 0

    def take_out(self, documents: Iterator[tuple[Part, Document]]) -> Iterator[tuple[str, int]]:
        for part, document in documents:
            if part == "train":
                yield document.text, document.n_bytes
                continue
            self._texts.append(document.text)
            self._sizes.append(document.n_bytes)
            self._waiting += document.n_bytes
            if self._waiting > _ASIDE_BYTES:
                self.flush()

    def flush(self) -> None:
        self._writer.append(self._tokenizer.encode_arrays(self._texts), self._sizes)
        self._texts, self._sizes, self._waiting = [], [], 0
