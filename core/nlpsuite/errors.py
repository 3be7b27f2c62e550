"""The one exception for what a user can put right."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class UserError(Exception):
    """The user's input is wrong: one line that says what, where and what to do. The command exits with status 2.

    Args:
        what: What is wrong, in a few words, with the offending value.
        where: The file, folder, flag or setting it is about.
        line: The line in that file, from 1.
        fix: What to do about it.
    """

    def __init__(self, what: str, *, where: str | Path | None = None, line: int | None = None, fix: str | None = None):
        self.what, self.where, self.line, self.fix = what, where, line, fix
        place = "" if where is None else f"{where}:{line}: " if line is not None else f"{where}: "
        super().__init__(f"{place}{what}" + (f"; {fix}" if fix else ""))


class Interrupted(Exception):
    """A signal asked the run to stop.

    Args:
        signal_number: The signal; the command exits with status 128 + signal_number.
        resume_command: What the user types to go on from the saved state; None: nothing had begun, nothing is kept.
    """

    def __init__(self, signal_number: int, resume_command: str | None = None):
        self.signal_number, self.resume_command = signal_number, resume_command
        then = f"go on with: {resume_command}" if resume_command else "training had not begun, nothing is kept"
        super().__init__(f"stopped by signal {signal_number}; {then}")
