"""Two example rows in every error about data, in the format of the file it is about."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, TypeVar

from nlpsuite.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

T = TypeVar("T")


def show_rows(examples: Sequence[Mapping[str, str]], suffix: str) -> str:
    """Write example rows as a file of this kind would hold them, on one line.

    Args:
        examples: Rows, with the fields in the usual order.
        suffix: Tells the kind, as `data_suffix` gives it; TSV where it does not.
    """
    if suffix in (".jsonl", ".ndjson", ".json", ".parquet"):
        shown = [json.dumps(dict(example), ensure_ascii=False) for example in examples]
    elif suffix == ".csv":
        shown = [",".join('"' + value.replace('"', '""') + '"' for value in example.values()) for example in examples]
    else:
        shown = ["<TAB>".join(example.values()) for example in examples]
    return "rows look like " + " and ".join(f"`{each}`" for each in shown)


def add_examples(error: UserError, examples: Sequence[Mapping[str, str]], suffix: str) -> UserError:
    """Return the error with example rows after its advice."""
    shown = show_rows(examples, suffix)
    fix = f"{error.fix}; {shown}" if error.fix else shown
    return UserError(error.what, where=error.where, line=error.line, fix=fix)


def with_examples(rows: Iterator[T], examples: Sequence[Mapping[str, str]], suffix: str) -> Iterator[T]:
    """Yield the rows; an error on the way gets example rows.

    Raises:
        UserError: Reading a row did.
    """
    try:
        yield from rows
    except UserError as error:
        raise add_examples(error, examples, suffix) from None
