"""Short rows first: early in a run attention sees little further than a few words, so it need not pay for more.

Rows are not packed anew: a full row is cut into equal parts, each of which sees itself alone. So the order of the text,
and with it resume, is the same whatever the schedule.
"""

from __future__ import annotations

SHORTEST = 32
"""No row is cut into parts shorter than this."""


def row_length(context: int, progress: float, share: float) -> int | None:
    """Return the inputs of a row at this point of a run, or None: whole rows.

    Quarter rows for the first half of the schedule, half rows for the rest of it.

    Args:
        context: Inputs of a whole row.
        progress: Share of the run that is done.
        share: Share of the run, at its start, that the schedule takes.
    """
    if progress >= share:
        return None
    parts = 4 if progress < share / 2 else 2
    while parts > 1 and (context % parts or context // parts < SHORTEST):
        parts //= 2
    return context // parts if parts > 1 else None
