"""Durations, sizes and counts as people write them."""

from __future__ import annotations


def people_time(seconds: float) -> str:
    """Write a duration for people: `42 s`, `12 min 5 s`, `3 h 20 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s" if whole % 60 else f"{whole // 60} min"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def people_bytes(number: float) -> str:
    """Write a size for people: `512 B`, `1.5 MB`, `2.1 GB`."""
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if number >= size:
            return f"{number / size:.1f} {unit}"
    return f"{number:.0f} B"


def people_count(number: float) -> str:
    """Write a large count for people: `950`, `12.3k`, `6.8M`, `1.2B`."""
    for unit, size in (("B", 1e9), ("M", 1e6), ("k", 1e3)):
        if number >= size:
            return f"{number / size:.1f}{unit}"
    return f"{number:.0f}"


def counted(number: int, noun: str, plural: str = "") -> str:
    """Write a number with its noun: `1 row`, `2,000 rows`.

    Args:
        number: How many.
        noun: What one of them is called.
        plural: What several are called; the noun with an s if not given.
    """
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"
