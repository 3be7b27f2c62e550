"""From the name of a data set to a folder with `train.jsonl`, `validation.jsonl` and `test.jsonl`, read like a user's own."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

from nlpsuite.errors import UserError
from nlpsuite.files import temporary_name, writing_to
from nlpsuite.hub.failures import Unreachable
from nlpsuite.hub.opening import HUGE, fingerprint, open_data, quiet, revision_of, too_much
from nlpsuite.hub.places import find_folder, folder_for, last_folder, read_source, write_source
from nlpsuite.hub.plan import make_plan
from nlpsuite.hub.splits import FILES, SHOWN
from nlpsuite.hub.writing import write_rows

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from nlpsuite.hub.opened import Opened
    from nlpsuite.hub.plan import Plan, SplitPlan
    from nlpsuite.hub.request import DataRequest
    from nlpsuite.hub.writing import Account
    from nlpsuite.report import Reporter


_LOOK = 10_000
"""So many rows are written between looks at how much it is."""


def data_folder(request: DataRequest, report: Reporter) -> Path:
    """Return the folder of a data set's rows; read, or found where they were read before.

    Args:
        request: What is asked of which data set.
        report: Told what is read as what, and what is not.

    Raises:
        UserError: The data set, a split or a column is not there, or the hub cannot be reached.
    """
    name, revision, offline = request.name, "", ""
    if name.folder is not None:
        content = fingerprint(name.folder)
        found = find_folder(request, content)
    else:
        try:
            revision = content = revision_of(name)
            found = find_folder(request, content)
        except Unreachable:
            found, content, offline = last_folder(request), "", "the hub cannot be reached; "
            if found is None:
                raise
    if found is None:
        with quiet(name):
            return _read(request, revision, content, report)
    facts = read_source(found) or {}
    _tell(facts, request, report)
    report.say(f"{request.where}: {offline}as it was read on {str(facts.get('read'))[:10]}, in {found}")
    return found


def data_file(request: DataRequest, report: Reporter) -> Path:
    """Return the file with the rows to score or to predict: of the test split, else of the validation split.

    Raises:
        UserError: As `data_folder`.
    """
    folder = data_folder(request, report)
    return next(path for role in ("test", "valid") if (path := folder / FILES[role]).is_file())


def _read(request: DataRequest, revision: str, content: str, report: Reporter) -> Path:
    """Read a data set into a new folder, which is there when it is whole."""
    with _new_folder(folder_for(request, content, limited=False)) as new:
        scratch = new / ".scratch"
        data = open_data(request, revision, scratch, report)
        plan = make_plan(data, request)
        _tell({"told": plan.lines}, request, report)
        lines, left_out = _write(request, data, plan, new, report)
        for line in lines:
            report.say(f"{request.where}: {line}")
        shutil.rmtree(scratch, ignore_errors=True)
        limited = request.limit is not None and (data.streamed or request.purpose != "train")
        facts = {
            "request": request.facts(limited=limited),
            "commit": revision,
            "streamed": data.streamed,
            "read": datetime.now().astimezone().isoformat(timespec="seconds"),
            "told": [*plan.lines, *lines],
            "left_out": left_out,
        }
        write_source(new, facts)
        place = folder_for(request, content, limited=limited)
        _put(new, place)
    commit = f"commit {revision[:10]}, " if revision else ""
    report.say(f"{request.where}: {commit}rows in {place}")
    return place


def _tell(facts: dict[str, Any], request: DataRequest, report: Reporter) -> None:
    for line in facts.get("told", ()):
        report.say(f"{request.where}: {line}")
    for count, what, spec in facts.get("left_out", ()):
        report.left_out(count, what, f"{request.where}: {spec}")


def _write(
    request: DataRequest, data: Opened, plan: Plan, new: Path, report: Reporter
) -> tuple[list[str], list[tuple[int, str, str]]]:
    """Write the files; return lines that say which splits they are of, and which rows were left out.

    Raises:
        UserError: No rows are left to train on or to score.
    """
    used: list[str] = []
    unused = [f"`{name}`" for name in plan.unused]
    left_out: list[tuple[int, str, str]] = []
    for role, split in plan.splits.items():
        if used and request.scores:
            # The test split is what is scored; the validation split is there in its place alone.
            break
        path = new / FILES[role]
        account = _write_split(request, data, plan, split, path, report)
        for count, what in ((account.unlabelled, "rows without a label"), (account.blank, "rows without any text")):
            if count:
                left_out.append((count, what, split.spec))
                report.left_out(count, what, f"{request.where}: {split.spec}")
        why = _why_not(account, role, request)
        if why:
            path.unlink()
            unused.append(f"`{split.spec}` ({why})")
        else:
            used.append(f"{SHOWN[role]} `{split.spec}`, {account.kept:,} rows")
        if why and (role == "train" or (request.scores and role == list(plan.splits)[-1])):
            fix = "name another split, with --splits " + ("train=NAME" if role == "train" else "test=NAME")
            raise UserError(f"nothing to read in `{split.spec}`: {why}", where=request.where, fix=fix)
    return ["; ".join(used), *([f"not used: {', '.join(unused)}"] if unused else [])], left_out


def _write_split(
    request: DataRequest, data: Opened, plan: Plan, split: SplitPlan, path: Path, report: Reporter
) -> Account:
    counts = [each for each in (split.total, split.limit) if each is not None]
    total = float(min(counts)) if counts else None
    rows = plan.rows(data, split, request.name)
    with report.progress(f"{request.where}: {split.spec}", total, "rows") as bar, writing_to(path):
        every = request.purpose == "predict"
        if request.purpose == "text" and request.limit is None:
            rows = _bounded(rows, path, request)
        return write_rows(rows, plan.reading(split), path, every=every, limit=split.limit, bar=bar)


def _bounded(rows: Iterator[dict[str, Any]], path: Path, request: DataRequest) -> Iterator[dict[str, Any]]:
    """Pass rows on until what is written of them would fill a disk."""
    for number, row in enumerate(rows, start=1):
        if number % _LOOK == 0 and path.stat().st_size > HUGE:
            raise too_much(f"{HUGE / 1e9:,.0f} GB, and more", request.name)
        yield row


def _why_not(account: Account, role: str, request: DataRequest) -> str:
    """Return why the rows of a split are not used, or nothing where they are."""
    if not account.kept:
        return "no rows"
    if account.labelled is False and role != "train" and request.purpose != "predict":
        return "its labels are withheld"
    return ""


@contextmanager
def _new_folder(place: Path) -> Iterator[Path]:
    """Give a new folder beside a place, which is gone afterwards if it is not in a place of its own."""
    new = place.with_name(temporary_name(place.name))
    with writing_to(place.parent):
        new.mkdir(parents=True)
    try:
        yield new
    finally:
        shutil.rmtree(new, ignore_errors=True)


def _put(new: Path, place: Path) -> None:
    try:
        os.rename(new, place)
    except OSError:
        # Another process was faster, and its rows are the same.
        if read_source(place) is None:
            raise
