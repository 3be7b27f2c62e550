"""Where the rows of data sets are kept, and what is written beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nlpsuite.files import data_place, read_json, write_json

if TYPE_CHECKING:
    from pathlib import Path

    from nlpsuite.hub.request import DataRequest

SOURCE = ".source.json"
"""The file beside the rows that says where they are from; hidden, since it is no data."""


def folder_for(request: DataRequest, content: str, *, limited: bool) -> Path:
    """Return the folder of a request's rows, whether it is there or not."""
    return data_place() / f"{request.name.slug}-{request.key(content, limited=limited)}"


def find_folder(request: DataRequest, content: str) -> Path | None:
    """Return a folder with the very rows of a request, if they were read before.

    Of a data set that is read as it comes, a limit takes the first rows to train on, where all of them would be drawn from; so
    that the same is asked and the same is given, whatever was read before.
    """
    for limited in (True, False):
        folder = folder_for(request, content, limited=limited)
        facts = read_source(folder)
        if facts is not None and (limited or _answers(facts, request)):
            return folder
    return None


def last_folder(request: DataRequest) -> Path | None:
    """Return the folder that was written last for a request, of whatever commit; for where the hub cannot be asked."""
    found: list[tuple[str, Path]] = []
    for folder in data_place().glob(f"{request.name.slug}-*"):
        facts = read_source(folder)
        if facts is None:
            continue
        limited = facts.get("request") == request.facts(limited=True)
        if limited or (facts.get("request") == request.facts(limited=False) and _answers(facts, request)):
            found.append((str(facts.get("read")), folder))
    return max(found)[1] if found else None


def read_source(folder: Path) -> dict[str, Any] | None:
    """Return what is written of where rows are from; None where there is no whole folder."""
    try:
        facts = read_json(folder / SOURCE)
    except (OSError, ValueError):
        return None
    return facts if isinstance(facts, dict) else None


def write_source(folder: Path, facts: dict[str, Any]) -> None:
    """Write where rows are from."""
    write_json(folder / SOURCE, facts)


def _answers(facts: dict[str, Any], request: DataRequest) -> bool:
    drawn_later = request.purpose == "train" and not facts.get("streamed")
    return request.limit is None or request.scores or drawn_later
