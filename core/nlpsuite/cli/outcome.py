"""What the process says and returns when a command does not end well: one line, and an exit status."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import sys
import traceback
from typing import TYPE_CHECKING

import typer

from nlpsuite.errors import Interrupted, UserError
from nlpsuite.files import NO_ROOM

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nlpsuite.cli.console import Console

FAILED, WRONG_INPUT = 1, 2


def tell(error: BaseException, console: Console, *, verbose: bool) -> int:
    """Say in one line why the command failed, and return its exit status.

    Args:
        error: What ended the command.
        console: Where to say it.
        verbose: Whether to show the traceback of an error that nobody foresaw.
    """
    if isinstance(error, typer.Abort) and isinstance(error.__cause__, Exception):
        # Typer takes any EOFError for a prompt that got no answer; a file that ends early is one too.
        error = error.__cause__
    if isinstance(error, SystemExit):
        return error.code if isinstance(error.code, int) else 0 if error.code is None else FAILED
    if isinstance(error, UserError):
        console.error(str(error))
        return WRONG_INPUT
    if _is_usage(error):
        console.error(_usage(error))
        return WRONG_INPUT
    if isinstance(error, Interrupted):
        console.stopped(str(error))
        return 128 + error.signal_number
    if isinstance(error, KeyboardInterrupt):
        console.stopped("stopped")
        return 128 + signal.SIGINT
    if isinstance(error, BrokenPipeError):
        _drop_stdout()
        return FAILED
    if any(_is_full_disk(one) for one in _chain(error)):
        console.error(_full_disk(error))
        return FAILED
    if any(_is_no_memory(one) for one in _chain(error)):
        how = "--set micro_tokens=N when training, --batch-tokens N when predicting"
        console.error(f"out of memory; compute less at once ({how}), or use a smaller model")
        return FAILED
    if verbose:
        console.traceback("".join(traceback.format_exception(error)))
    console.error(_unforeseen(error) + ("" if verbose else "; run again with -v for the traceback"))
    return FAILED


def _is_usage(error: BaseException) -> bool:
    # Typer's usage errors have no public class in common; they share these two names.
    return getattr(error, "exit_code", None) == WRONG_INPUT and hasattr(error, "format_message")


def _usage(error: BaseException) -> str:
    option = getattr(error, "option_name", None)
    near = getattr(error, "possibilities", None)
    message = " ".join(error.format_message().split()).rstrip(".")  # type: ignore[attr-defined]
    if near and option:
        message = f"No such option: {option}; did you mean " + " or ".join(sorted(near)) + "?"
    context = getattr(error, "ctx", None)
    place = context.command_path if context is not None else "suite"
    return f"{message[:1].lower()}{message[1:]}{'' if message.endswith('?') else ';'} see {place} --help"


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _is_full_disk(error: BaseException) -> bool:
    if isinstance(error, OSError) and error.errno in NO_ROOM:
        return True
    # Writers in compiled code (safetensors, torch) pass on the system's words, not its number.
    return any(os.strerror(number) in str(error) for number in (errno.ENOSPC, errno.EFBIG))


def _is_no_memory(error: BaseException) -> bool:
    # Torch has a class of its own for a GPU's memory, and words alone for the machine's.
    words = ("alloc_cpu", "DefaultCPUAllocator", "not enough memory")
    return (
        isinstance(error, MemoryError)
        or type(error).__name__ == "OutOfMemoryError"
        or (isinstance(error, RuntimeError) and any(each in str(error) for each in words))
    )


def _full_disk(error: BaseException) -> str:
    names = [str(one.filename) for one in _chain(error) if isinstance(one, OSError) and one.filename]
    too_large = any(os.strerror(errno.EFBIG) in str(one) for one in _chain(error))
    what = "a file may not be that large here (ulimit -f, or the kind of disk)" if too_large else "the disk is full"
    then = "make room, and run the command again, or with --resume if training had begun"
    return (f"{names[0]}: " if names else "") + f"{what}; {then}"


def _unforeseen(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return type(error).__name__ + (f": {lines[0]}" if lines else "")


def _drop_stdout() -> None:
    """Point stdout at nothing, so that the interpreter's last flush does not complain about the closed pipe."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
