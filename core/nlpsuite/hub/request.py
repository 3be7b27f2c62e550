"""What is asked of a data set, and the key that everything which decides its rows makes."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from nlpsuite.hub.names import DataName, parse_name

if TYPE_CHECKING:
    from collections.abc import Mapping

Purpose = Literal["train", "score", "predict", "text"]
_FORM = 1
"""Of the folders that are written: one of another form is not taken for ours."""


@dataclass(frozen=True, slots=True)
class DataRequest:
    """A data set, and what is to be read of it.

    Attributes:
        name: The data set.
        purpose: All splits to `train` on; or the test split, else the validation split, to `score`, which needs labels, or to
            `predict`, which needs none and keeps every row; or as `text` to learn a language from, of which the columns that
            `columns` names are read and the test split is not.
        columns: The data set's column by the name it is to have; the others keep their names.
        splits: The data set's split, or a slice of it, by `train`, `valid` and `test`; empty for none. The others are found
            by their names.
        limit: The most rows that are needed: of training rows to train and as text, else of all; None: all.
    """

    name: DataName
    purpose: Purpose
    columns: Mapping[str, str] = field(default_factory=dict)
    splits: Mapping[str, str] = field(default_factory=dict)
    limit: int | None = None

    @property
    def scores(self) -> bool:
        """Whether the rows are given to what is trained already."""
        return self.purpose in ("score", "predict")

    @property
    def where(self) -> str:
        """The name, for messages."""
        return self.name.text

    def facts(self, *, limited: bool) -> dict[str, Any]:
        """Return what is asked, as JSON values.

        Args:
            limited: Whether no more is read than the limit.
        """
        name = self.name
        return {
            "form": _FORM,
            "repository": name.repository,
            "folder": None if name.folder is None else str(name.folder),
            "config": name.config,
            "revision": name.revision,
            "purpose": self.purpose,
            "columns": dict(sorted(self.columns.items())),
            "splits": dict(sorted(self.splits.items())),
            "limit": self.limit if limited else None,
        }

    def key(self, content: str, *, limited: bool) -> str:
        """Return a short hash of all that decides the rows.

        Args:
            content: What the data set itself is: a commit, or a fingerprint of a folder.
            limited: As `facts` has it.
        """
        facts = json.dumps([self.facts(limited=limited), content], sort_keys=True)
        return hashlib.sha256(facts.encode()).hexdigest()[:12]


def request(
    data: str, purpose: Purpose, columns: Mapping[str, str], splits: Mapping[str, str], limit: int | None
) -> DataRequest:
    """Make a request of what the user typed.

    Raises:
        UserError: The name is none.
    """
    return DataRequest(parse_name(data), purpose, columns, splits, limit)
