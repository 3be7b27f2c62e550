"""Values of tables as JSON has them."""

from __future__ import annotations

import math
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any


def plain(value: Any) -> Any:
    """Return a value as JSON has it: NaN as null, times and decimal numbers as text; bytes, which are no text, as null."""
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(name): plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if isinstance(value, date | datetime | time):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else None


def readable(value: Any) -> Any:
    """Return a value of a binary file as `plain` does, with bytes as the text that they hold, or else in hexadecimal."""
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return value.hex()
    if isinstance(value, dict):
        return {str(name): readable(each) for name, each in value.items()}
    return [readable(each) for each in value] if isinstance(value, list | tuple) else plain(value)
