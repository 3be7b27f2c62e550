"""Right answers as exact spans of their context: checked, searched for where no place is given, repaired where it is wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from nlpsuite.api import UserError, occurrences

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nlpsuite.api import Reporter

Answer = tuple[str, int]
"""The words of an answer as they stand in the context, and the character where they begin."""
NOWHERE = -1
"""In place of that character, for the answer of a row to predict that its context does not hold."""


@dataclass(slots=True)
class Repairs:
    """What was done to the answers of one file, for people.

    Attributes:
        moved: Answers that stood elsewhere than said; the nearest place was taken.
        trimmed: Answers with white space around them, which was left out.
        respelt: Answers that the context spells with other capitals; its spelling was taken.
        found: Answers without a place; the first place where they stand as words of their own was taken.
        null: Questions whose answer is `null`, as an empty cell is exported; they were taken to have none.
        impossible: Questions with answers that are said to be impossible; they were taken to have none.
    """

    moved: int = 0
    trimmed: int = 0
    respelt: int = 0
    found: int = 0
    null: int = 0
    impossible: int = 0

    def tell(self, where: str, report: Reporter) -> None:
        """Say what was done, if anything was."""
        if self.found:
            report.say(f"{where}: {self.found} answers came without their place and were found in the context")
        done = [
            (self.moved, "did not stand where their offset says; the nearest place was taken"),
            (self.trimmed, "had white space around them, which was left out"),
            (self.respelt, "are spelt with other capitals in the context, whose spelling was taken"),
        ]
        for count, what in done:
            if count:
                report.warn(f"{where}: {count} answers {what}")
        for count, what in ((self.null, "an answer that is null"), (self.impossible, "is_impossible beside answers")):
            if count:
                report.warn(f"{where}: {count} questions with {what}; they are taken to have no answer")


def place_answers(
    context: str, given: Sequence[tuple[str, int | None]], where: str, line: int | None, repairs: Repairs
) -> tuple[Answer, ...]:
    """Return answers as exact parts of their context.

    Args:
        context: The context.
        given: The answers as given, each with the character where it is said to begin, or None.
        where: The file, for errors.
        line: Its line.
        repairs: Counts what had to be done.

    Raises:
        UserError: An answer is empty, or is nowhere in the context.
    """
    return tuple(_place(context, text, start, where, line, repairs) for text, start in given)


def _place(context: str, text: str, start: int | None, where: str, line: int | None, repairs: Repairs) -> Answer:
    answer = text.strip()
    if not answer:
        fix = "give its words; a question without an answer has an empty list of answers"
        raise UserError("an empty answer", where=where, line=line, fix=fix)
    if answer != text:
        repairs.trimmed += 1
        if start is not None:
            start += len(text) - len(text.lstrip())
    if start is not None and start >= 0 and context.startswith(answer, start):
        return answer, start
    places = _places(context, answer)
    if not places and len(context.lower()) == len(context):
        lowered = context.lower()
        places = [place for place in _places(lowered, answer.lower()) if _alone(lowered, place, len(answer))]
        if places:
            repairs.respelt += 1
    if not places:
        shown = answer if len(answer) <= 60 else answer[:59] + "…"
        fix = "an answer is a part of its context, letter for letter; correct it or take the question out"
        raise UserError(f"the answer {shown!r} is not in the context", where=where, line=line, fix=fix)
    if start is None:
        repairs.found += 1
        place = places[0]
    else:
        repairs.moved += 1
        place = min(places, key=lambda each: abs(each - start))
    return context[place : place + len(answer)], place


def _places(context: str, answer: str) -> list[int]:
    """Return where an answer stands: as words of their own if it does so anywhere, else inside longer words too."""
    everywhere = list(occurrences(context, answer))
    return [place for place in everywhere if _alone(context, place, len(answer))] or everywhere


def _alone(text: str, place: int, length: int) -> bool:
    before, after = text[max(0, place - 1) : place], text[place + length : place + length + 1]
    return not (before.isalnum() and text[place].isalnum()) and not (
        after.isalnum() and text[place + length - 1].isalnum()
    )
