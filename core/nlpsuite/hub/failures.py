"""What goes wrong in the library `datasets` and on the hub, as one line for the user."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from nlpsuite.errors import Interrupted, UserError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from nlpsuite.hub.names import DataName

T = TypeVar("T")
_END = object()
LIBRARY = "pip install 'nlpsuite[hub]'"
_NETWORK = ("httpx", "httpcore", "requests", "urllib3", "aiohttp")
_NETWORK_NAMES = (
    "ConnectionError",
    "ConnectError",
    "TimeoutException",
    "OfflineModeIsEnabled",
    "LocalEntryNotFoundError",
)


class Unreachable(UserError):
    """The hub cannot be reached; what was read before may do."""


@contextmanager
def told(name: DataName) -> Iterator[None]:
    """Give the errors of that library and of the hub.

    Raises:
        UserError: Something went wrong there; an `Unreachable` where it is the network.
    """
    try:
        yield
    except (UserError, Interrupted):
        raise
    except Exception as error:
        # That library raises what its many file systems and parsers do: there is no list of it. It may wrap a signal, too.
        interrupted = next((each for each in _chain(error) if isinstance(each, Interrupted)), None)
        raise (interrupted or failure(error, name)) from error


def guarded(rows: Iterable[T], name: DataName) -> Iterator[T]:
    """Yield rows, and tell what goes wrong while they are read.

    Raises:
        UserError: As `told`.
    """
    stream = iter(rows)
    while True:
        with told(name):
            row = next(stream, _END)
        if row is _END:
            return
        yield row  # type: ignore[misc]


def failure(error: BaseException, name: DataName) -> UserError:
    """Return what to tell of an error."""
    chain = list(_chain(error))
    kinds = {base.__name__ for each in chain for base in type(each).__mro__}
    said = " ".join(str(error).split())
    page = f"https://huggingface.co/datasets/{name.repository}"
    if "GatedRepoError" in kinds or "is a gated dataset" in said:
        fix = f"accept its terms on {page}, then log in with `hf auth login`"
        return UserError("the data set needs a login", where=name.text, fix=fix)
    if "RevisionNotFoundError" in kinds:
        return UserError(f"no revision `{name.revision}`", where=name.text, fix=f"{page}/tree/main lists them")
    if "RepositoryNotFoundError" in kinds:
        fix = "check the name, ORG/NAME; `hf auth login` logs in for one that is private"
        return UserError("no such data set on the hub", where=name.text, fix=fix)
    if "scripts are no longer supported" in said:
        fix = "no code of a data set is ever run; read its Parquet conversion, if it has one: "
        fix += f"hf:{name.repository}@refs/convert/parquet" if name.repository else "save it with save_to_disk"
        return UserError("the data set is made by a script of its own", where=name.text, fix=fix)
    status = next((code for each in chain if (code := _status(each)) is not None), None)
    if status is not None:
        fix = "wait a while" if status in (429, 500, 502, 503, 504) else "check the name; `hf auth login` logs in"
        kind = Unreachable if status >= 500 else UserError
        return kind(f"the hub says {status}", where=name.text, fix=fix)
    if name.repository is not None and any(map(_is_of_network, chain)):
        fix = "check the network, or give data on this machine: a file, or hf:./folder"
        return Unreachable("the hub cannot be reached", where=name.text, fix=fix)
    if "DataFilesNotFoundError" in kinds or "EmptyDatasetError" in kinds:
        what = "no data files that are read: Parquet, CSV, JSON, Arrow, text"
        return UserError(what, where=name.text, fix="name another data set, or a folder with such files")
    cause = next((each for each in reversed(chain) if str(each).strip()), error)
    first = str(cause).strip().splitlines()[0] if str(cause).strip() else type(cause).__name__
    what = f"the data set cannot be read: {first[:200]}"
    return UserError(what, where=name.text, fix="check it with the library `datasets`")


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _status(error: BaseException) -> int | None:
    status = getattr(getattr(error, "response", None), "status_code", None)
    return status if isinstance(status, int) and status >= 400 else None


def _is_of_network(error: BaseException) -> bool:
    if isinstance(error, ConnectionError | TimeoutError):
        return True
    bases = type(error).__mro__
    return any(base.__name__ in _NETWORK_NAMES or base.__module__.startswith(_NETWORK) for base in bases)
