"""The validation part: which documents are held out, decided by their content and the seed, never by their order."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from nlpsuite.text.account import Tally
from nlpsuite.text.lowest import Lowest
from nlpsuite.text.mixing import KEYS, Mixer, key_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nlpsuite.text.documents import Document

Part = Literal["train", "valid"]

_STREAM = 1
# No more than this share of the text is drawn (or the fraction asked for), however few and big the documents are.
_LARGEST_SHARE = 0.2
# Where that leaves none, the first of these with the lowest hashes that keeps to it is taken, else the smallest of all.
_CANDIDATES = 64
# The tail of a text that is one document is at least this much, or a tenth of it.
_LEAST_TAIL = 16_000


@dataclass(frozen=True, slots=True)
class Holdout:
    """How documents fall into parts.

    Attributes:
        kind: `files`: validation files; `documents`: whole documents drawn from the text; `tail`: the end of a text
            that is one document; `none`: nothing could be held out.
        draw: Gives the seeded hash of a document's key.
        below: For `documents`: those whose seeded hash is below this are held out,
        max_bytes: if they are no longer than this.
        only: For `documents`: the key of the one held out where none was drawn.
        long: Keys of documents that came in pieces: they are never held out, for what is held out is held out whole.
        cut_at: For `tail`: the byte of the cleaned text, counted over all pieces, near which it is cut.
        train: Documents and bytes of the training part (for `tail`, about).
        valid: Documents and bytes of the validation part (for `tail`, about).
    """

    kind: Literal["files", "documents", "tail", "none"]
    draw: Mixer
    below: int = 0
    max_bytes: int = 0
    only: int | None = None
    long: frozenset[int] = frozenset()
    cut_at: int = 0
    train: Tally = field(default_factory=Tally)
    valid: Tally = field(default_factory=Tally)

    def parts(self, document: Document, start: int) -> Iterator[tuple[Part, Document]]:
        """Give a document with its part; where the cut of a `tail` goes through it, its two halves.

        Args:
            document: A cleaned document.
            start: The bytes of all cleaned documents before it.
        """
        if self.kind == "tail" and start < self.cut_at < start + document.n_bytes:
            yield from _cut(document, self.cut_at - start, self.valid.bytes)
        else:
            yield self.part_of(document, start), document

    def part_of(self, document: Document, start: int) -> Part:
        """Give the part of a document that no cut goes through."""
        if self.kind == "files":
            return "valid" if document.source.role == "valid" else "train"
        if self.kind == "tail":
            return "valid" if start >= self.cut_at else "train"
        if self.kind == "documents":
            if document.piece or document.key in self.long:
                return "train"
            drawn = document.n_bytes <= self.max_bytes and self.draw(document.key) < self.below
            return "valid" if drawn or document.key == self.only else "train"
        return "train"

    def surely_train(self, document: Document, start: int, n_bytes: int) -> bool:
        """Tell whether a run of `n_bytes` of a document, from byte `start` of the whole text on, is training text."""
        if self.kind == "tail":
            return start + n_bytes <= self.cut_at - self.valid.bytes
        return self.part_of(document, start) == "train"

    def sentence(self) -> str:
        """Say in one line what is held out."""
        size = f"{self.valid.bytes / 1e6:,.2f} MB"
        n = f"{self.valid.documents:,} document{'s' if self.valid.documents != 1 else ''}"
        if self.kind == "files":
            return f"validation part: {n}, {size}, from the validation files"
        if self.kind == "documents":
            return f"validation part: {n}, {size}, drawn whole from the text with seed {self.draw.seed}"
        if self.kind == "tail":
            return f"validation part: the last {size} or so of the text, which is one document, or a few very long ones"
        return "no validation part: the text is a single document too short to be cut"


class HoldoutPlan:
    """Sees every cleaned document once, in bounded memory, and then decides.

    Args:
        fraction: About which fraction of the documents is drawn.
        max_bytes: How many bytes are drawn at most; a longer document is never drawn.
        seed: What the draw hangs on.
    """

    def __init__(self, fraction: float, max_bytes: int, seed: int):
        self._fraction, self._max_bytes, self._draw = fraction, max_bytes, Mixer(seed, _STREAM)
        self._total, self._held_files = Tally(), Tally()
        self._n_whole = 0
        self._drawn: Lowest[int] = Lowest(max_bytes, below=int(fraction * KEYS))
        self._candidates: list[tuple[int, int, int]] = []
        self._smallest = (KEYS, 0)
        # The latest document, which may be the beginning of a longer one, and those that were.
        self._latest: tuple[int, int] | None = None
        self._long: set[int] = set()

    def add(self, document: Document) -> None:
        """See a document."""
        self._total.add(1, document.n_bytes)
        if document.source.role == "valid":
            self._held_files.add(1, document.n_bytes)
            return
        if not document.piece:
            self._see_latest()
            self._latest = document.key, document.n_bytes
        elif self._latest is not None:
            self._long.add(self._latest[0])
            self._latest = None

    def _see_latest(self) -> None:
        """Let the latest document, which is whole, be one that may be held out."""
        if self._latest is None:
            return
        key, n_bytes = self._latest
        self._latest = None
        self._n_whole += 1
        draw = self._draw(key)
        if draw < self._drawn.below and n_bytes <= self._max_bytes:
            self._drawn.push(draw, n_bytes, key)
        if n_bytes <= self._smallest[0]:
            self._smallest = min(self._smallest, (n_bytes, key))
        if len(self._candidates) < _CANDIDATES:
            heapq.heappush(self._candidates, (-draw, n_bytes, key))
        elif -draw > self._candidates[0][0]:
            heapq.heapreplace(self._candidates, (-draw, n_bytes, key))

    def finish(self) -> Holdout:
        """Decide: validation files where they hold text, else documents, else the tail of the only document."""
        self._see_latest()
        total = self._total
        if self._held_files.documents:
            return Holdout("files", self._draw, train=_minus(total, self._held_files), valid=self._held_files)
        if self._n_whole <= 1:
            return self._tail()
        most = max(self._fraction, _LARGEST_SHARE) * total.bytes
        while len(self._drawn) and (len(self._drawn) == total.documents or self._drawn.n_bytes > most):
            self._drawn.drop_highest()
        if len(self._drawn):
            valid = Tally(len(self._drawn), self._drawn.n_bytes)
            below, only = self._drawn.below, None
        else:
            n_bytes, only = self._one()
            valid, below = Tally(1, n_bytes), 0
        left = _minus(total, valid)
        return Holdout("documents", self._draw, below, self._max_bytes, only, frozenset(self._long), 0, left, valid)

    def _one(self) -> tuple[int, int]:
        """Choose the one document to hold out where none was drawn: its bytes and key."""
        for _, n_bytes, key in sorted(self._candidates, reverse=True):
            if n_bytes <= _LARGEST_SHARE * self._total.bytes:
                return n_bytes, key
        return self._smallest

    def _tail(self) -> Holdout:
        total = self._total
        tail = min(self._max_bytes, max(int(self._fraction * total.bytes), min(total.bytes // 10, _LEAST_TAIL)))
        if not tail:
            return Holdout("none", self._draw, train=total)
        valid = Tally(1, tail)
        train = Tally(total.documents, total.bytes - tail)
        return Holdout("tail", self._draw, cut_at=total.bytes - tail, train=train, valid=valid)


def _minus(whole: Tally, part: Tally) -> Tally:
    return Tally(whole.documents - part.documents, whole.bytes - part.bytes)


def _cut(document: Document, place: int, slack: int) -> Iterator[tuple[Part, Document]]:
    """Cut a document after the last line, else space, that ends at most `slack` bytes before `place`; else there."""
    data = document.text.encode()
    window = max(0, place - slack)
    end = data.rfind(b"\n", window, place)
    end = end if end > 0 else data.rfind(b" ", window, place)
    end = end if end > 0 else place
    while end < len(data) and data[end] & 0xC0 == 0x80:
        end -= 1
    head, tail = data[:end].decode().rstrip(), data[end:].decode()
    line = document.line + data.count(b"\n", 0, end + len(tail.encode()) - len(tail.lstrip().encode()))
    tail = tail.lstrip()
    if not head or not tail:
        yield "train", document
        return
    yield "train", document._replace(text=head, n_bytes=len(head.encode()))
    yield (
        "valid",
        document._replace(text=tail, n_bytes=len(tail.encode()), line=line, key=key_of(data[end:])),
    )
