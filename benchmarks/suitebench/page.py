"""Putting a table between two marks of a page."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def put_between(page: Path, begin: str, end: str, text: str) -> None:
    """Put a text between two marks of a page, in place of what stands there.

    Raises:
        ValueError: The page lacks the marks.
    """
    before, found, rest = page.read_text(encoding="utf-8").partition(begin)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        raise ValueError(f"{page}: no place for the table; add the two lines `{begin}` and `{end}`")
    page.write_text(f"{before}{begin}\n\n{text}\n\n{end}{after}", encoding="utf-8")
