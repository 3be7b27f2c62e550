"""The account of cleaning: every document and every byte read is kept or dropped for a reason."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Reason = Literal["empty", "duplicate", "undecodable", "too_short", "trimmed"]
REASONS: dict[Reason, str] = {
    "empty": "dropped: empty",
    "duplicate": "dropped: exact duplicate",
    "undecodable": "dropped: undecodable (not UTF-8)",
    "too_short": "dropped: too short",
    "trimmed": "dropped: white space around kept documents",
}
HEADER = ("", "documents", "bytes")


@dataclass(slots=True)
class Tally:
    """A number of documents and of their UTF-8 bytes."""

    documents: int = 0
    bytes: int = 0

    def add(self, documents: int, n_bytes: int) -> None:
        """Count some more."""
        self.documents += documents
        self.bytes += n_bytes


@dataclass(slots=True)
class Account:
    r"""What became of the text read. A piece of a document that was split counts as a document.

    Attributes:
        read: Everything cut out of the sources, without the separators between documents.
        kept: What is left, in bytes of the cleaned text.
        dropped: What is not, by reason. `trimmed` has bytes only: white space at the ends of kept documents, and the
            `\r` of their `\r\n`.
        split: Documents that were split for their length; nothing of them is lost.
        unremembered: Kept documents that later ones were not compared with, for want of memory.
        first_undecodable: Where the first undecodable document begins, `file:line`; empty when there is none.
    """

    read: Tally = field(default_factory=Tally)
    kept: Tally = field(default_factory=Tally)
    dropped: dict[Reason, Tally] = field(default_factory=lambda: {reason: Tally() for reason in REASONS})
    split: int = 0
    unremembered: int = 0
    first_undecodable: str = ""

    def check(self) -> None:
        """Assert that read = kept + dropped, for documents and for bytes."""
        dropped = self.dropped.values()
        assert self.read.documents == self.kept.documents + sum(tally.documents for tally in dropped), self
        assert self.read.bytes == self.kept.bytes + sum(tally.bytes for tally in dropped), self

    def rows(self) -> list[tuple[str, str, str]]:
        """The account as a table under `HEADER`; reasons that dropped nothing are left out."""
        lines = [
            ("read", self.read),
            *((words, self.dropped[reason]) for reason, words in REASONS.items()),
            ("kept", self.kept),
        ]
        shown = [
            (words, tally) for words, tally in lines if tally.documents or tally.bytes or words in {"read", "kept"}
        ]
        return [(words, f"{tally.documents:,}", f"{tally.bytes:,}") for words, tally in shown]

    def summary(self) -> str:
        """The account in a few words."""
        parts = [
            f"{tally.documents:,} {reason.replace('_', ' ')}"
            for reason, tally in self.dropped.items()
            if tally.documents
        ]
        return f"{self.read.documents:,} documents read" + (f", dropped: {', '.join(parts)}" if parts else "")

    def remarks(self) -> list[str]:
        """What else the user should know, one line each."""
        lines = []
        if self.first_undecodable:
            n = self.dropped["undecodable"].documents
            lines.append(f"{self.first_undecodable}: not UTF-8; {n:,} such documents are dropped, iconv converts files")
        if self.split:
            lines.append(
                f"{self.split:,} documents were too long to be held whole and are split; nothing of them is lost"
            )
        if self.unremembered:
            lines.append(
                f"duplicates of {self.unremembered:,} documents were not looked for: too many to be remembered"
            )
        return lines

    def to_json(self) -> dict[str, Any]:
        """The account as plain data."""
        return {
            "read": _plain(self.read),
            "kept": _plain(self.kept),
            "dropped": {reason: _plain(tally) for reason, tally in self.dropped.items()},
            "split": self.split,
            "unremembered": self.unremembered,
        }


def _plain(tally: Tally) -> dict[str, int]:
    return {"documents": tally.documents, "bytes": tally.bytes}
