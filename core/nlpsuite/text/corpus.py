"""A corpus: cleaned documents, each for training or for validation, streamed in a fixed order as often as needed."""

from __future__ import annotations

import hashlib
import json
from functools import partial
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from nlpsuite.config import Settings
from nlpsuite.errors import UserError
from nlpsuite.files import data_place
from nlpsuite.text.account import HEADER, Account
from nlpsuite.text.clean import clean
from nlpsuite.text.documents import Document, iter_documents
from nlpsuite.text.holdout import Holdout, HoldoutPlan, Part
from nlpsuite.text.modes import Modes, decide_modes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    from nlpsuite.report import Progress, Reporter
    from nlpsuite.text.sources import Source, Sources

# Part of every fingerprint: raise it when the same input and settings give other documents than before.
FORMAT = 1


class TextSettings(Settings):
    """How text is cut into documents, cleaned and held out.

    Attributes:
        documents: What separates documents in plain text; `auto` finds out by looking.
        field: The field of a JSON Lines record, or the column of a Parquet file, that holds the text.
        min_chars: A document with fewer characters is dropped as too short. Small, for a Chinese sentence is short too.
        valid_fraction: About which fraction of the documents is held out for validation.
        valid_bytes: About how many bytes are held out at most.
    """

    documents: Literal["auto", "blank", "line", "file"] = "auto"
    field: str = Field(default="text", min_length=1)
    min_chars: int = Field(default=8, ge=1)
    valid_fraction: float = Field(default=0.01, gt=0, le=0.5)
    valid_bytes: int = Field(default=4_000_000, ge=1)


class Corpus:
    """Cleaned text, read anew from its sources in each pass; nothing of it is held in memory. Made by `read_corpus`.

    Attributes:
        sources: Where the text comes from.
        settings: How it is read.
        seed: What the choice of validation documents and samples hangs on.
    """

    def __init__(self, sources: Sources, settings: TextSettings, modes: Modes, seed: int, report: Reporter):
        self.sources, self.settings, self.seed = sources, settings, seed
        self._modes, self._report = modes, report
        self._account: Account | None = None
        self._holdout: Holdout | None = None

    def scan(self) -> Iterator[Document]:
        """Make one pass over the cleaned documents, whatever their part.

        The first pass that is consumed to its end also draws the validation part and tells the user the account.

        Raises:
            UserError: A source cannot be read, or nothing is left after cleaning.
        """
        account = Account()
        if self._holdout is not None:
            yield from clean(self._raw(None), min_chars=self.settings.min_chars, account=account)
            return
        plan = HoldoutPlan(self.settings.valid_fraction, self.settings.valid_bytes, self.seed)
        with self._report.progress("reading text", float(self.sources.stored_bytes()), "bytes") as progress:
            for document in clean(self._raw(progress), min_chars=self.settings.min_chars, account=account):
                plan.add(document)
                yield document
        account.check()
        self._account, self._holdout = account, plan.finish()
        self._tell(account, self._holdout)

    def documents(self) -> Iterator[tuple[Part, Document]]:
        """Stream every cleaned document with its part, `train` or `valid`, in a fixed order; none has both.

        Makes a pass of its own first when there was none yet.

        Raises:
            UserError: As `scan`.
        """
        holdout = self.holdout
        start = 0
        for document in self.scan():
            yield from holdout.parts(document, start)
            start += document.n_bytes

    @property
    def account(self) -> Account:
        """The account of a whole pass: what was read, kept and dropped (makes the pass when there was none yet)."""
        self._ensure_scanned()
        assert self._account is not None
        return self._account

    @property
    def holdout(self) -> Holdout:
        """How documents fall into parts, and how much text each part has (makes a pass when there was none yet)."""
        self._ensure_scanned()
        assert self._holdout is not None
        return self._holdout

    def fingerprint(self) -> str:
        """Give a key of everything that decides what `documents` yields, without reading the text.

        Files count by resolved path, size and time of change, rows of a data set by the name of their folder, which is made of
        all that decides them, and standard input by its content.
        """
        files = [
            [
                source.content_hash or _file_state(source),
                source.kind,
                source.compression,
                source.role,
                self._modes.of(source),
            ]
            for source in self.sources.read
        ]
        facts = {"format": FORMAT, "files": files, "settings": self.settings.model_dump(), "seed": self.seed}
        return hashlib.blake2b(json.dumps(facts, sort_keys=True).encode(), digest_size=16).hexdigest()

    def close(self) -> None:
        """Remove the temporary copy of standard input, where there is one."""
        for spool in self.sources.spools:
            spool.close()

    def __enter__(self) -> Corpus:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _raw(self, progress: Progress | None) -> Iterator[Document]:
        done = 0
        for source in self.sources.read:
            on_read = None if progress is None else partial(_advance, progress, done)
            yield from iter_documents(source, self._modes.of(source), self.settings.field, on_read=on_read)
            done += source.path.stat().st_size

    def _ensure_scanned(self) -> None:
        if self._holdout is None:
            for _ in self.scan():
                pass

    def _tell(self, account: Account, holdout: Holdout) -> None:
        if not holdout.train.documents:
            raise UserError(
                f"no text to train on is left after cleaning ({account.summary()})",
                where=self.sources.train[0].name,
                fix="give more text, or set min_chars lower",
            )
        self._report.table("text", HEADER, account.rows())
        for line in account.remarks():
            self._report.warn(line)
        (self._report.say if holdout.valid.documents else self._report.warn)(holdout.sentence())


def read_corpus(sources: Sources, settings: TextSettings, *, seed: int, report: Reporter) -> Corpus:
    """Open a corpus: look at how its documents are separated, and tell the user that and what is not read.

    No more than the beginnings of the files is read here; the text is read when the corpus is streamed. Use it in a
    `with` statement, or close it, to remove the temporary copy of standard input.

    Args:
        sources: From `nlpsuite.text.sources.find_sources`.
        settings: How to cut, clean and hold out.
        seed: Decides which documents are the validation part, and what is sampled.
        report: Where the account and the choices made are told.

    Raises:
        UserError: A file that is looked at is empty, binary, damaged or not UTF-8.
    """
    for line in sources.sentences():
        report.say(line)
    modes = decide_modes(sources.read, settings.documents)
    for line in modes.sentences():
        report.say(line)
    return Corpus(sources, settings, modes, seed, report)


def _file_state(source: Source) -> list[str | int]:
    path = source.path.resolve()
    state = path.stat()
    if path.parent.parent == data_place().resolve():
        return [path.parent.name, path.name, state.st_size]
    return [str(path), state.st_size, state.st_mtime_ns]


def _advance(progress: Progress, before: int, n_bytes: int) -> None:
    progress.update(float(before + n_bytes))
