"""How numbers of things are said."""

from __future__ import annotations


def counted(number: int, noun: str, plural: str = "") -> str:
    """Return a number with its noun: `1 row`, `2 rows`; a plural that is not made with an s is given."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"
