"""What a check is, and how one fails."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from nlpsuite.testing.subject import Subject


class CheckFailed(AssertionError):
    """A promise is not kept; the message says what was found and what to do."""


class DoesNotApply(Exception):
    """A promise says nothing of this task; the message says why."""


@dataclass(frozen=True, slots=True)
class Check:
    """One promise that every task keeps.

    Attributes:
        name: What a skip names.
        promise: What is promised, in a few words.
        run: Raises `CheckFailed` where it is not kept, and `DoesNotApply` where there is nothing to keep.
    """

    name: str
    promise: str
    run: Callable[[Subject], None]


def expect(kept: bool, message: str) -> None:
    """Fail with a message where a condition does not hold.

    Raises:
        CheckFailed: It does not.
    """
    if not kept:
        raise CheckFailed(message)


def same(one: Any, other: Any, tolerance: float) -> bool:
    """Whether two JSON values are equal, fractions within a tolerance."""
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=tolerance, abs_tol=tolerance)
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key], tolerance) for key in one)
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):
        return len(one) == len(other) and all(same(a, b, tolerance) for a, b in zip(one, other, strict=True))
    return bool(one == other)
