"""Running all checks one after another, each with what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from nlpsuite.errors import UserError
from nlpsuite.host.checks import describe
from nlpsuite.testing.check import CheckFailed, DoesNotApply
from nlpsuite.testing.suite import CHECKS, read_skips

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nlpsuite.testing.check import Check
    from nlpsuite.testing.subject import Subject


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a check.

    Attributes:
        check: The check.
        result: Whether the promise is kept.
        message: What was found where it is not, or why it was left out or does not apply.
    """

    check: Check
    result: Literal["kept", "broken", "left out", "does not apply"]
    message: str = ""


def run_checks(subject: Subject) -> Iterator[Outcome]:
    """Yield the outcome of each check, in order.

    Raises:
        UserError: The file of checks to leave out is not as it should be.
    """
    skips = read_skips(subject.cases)
    for check in CHECKS:
        yield Outcome(check, "left out", skips[check.name]) if check.name in skips else _run(check, subject)


def _run(check: Check, subject: Subject) -> Outcome:
    try:
        check.run(subject)
    except DoesNotApply as why:
        return Outcome(check, "does not apply", str(why))
    except CheckFailed as failed:
        return Outcome(check, "broken", str(failed))
    except UserError as error:
        return Outcome(check, "broken", str(error))
    except Exception as error:
        # Whatever a plugin's own code raises is its own fault, and no reason to leave the other checks out.
        return Outcome(check, "broken", describe(error))
    return Outcome(check, "kept")
