"""Running a row: a fresh run, a stopped one that goes on, or a finished one whose figures are only to be read."""

from __future__ import annotations

import json
import shlex
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from suitebench.machine import ROOT, backbone, commit, machine, versions
from suitebench.store import locked

if TYPE_CHECKING:
    from pathlib import Path

    from suitebench.rows import Row
    from suitebench.store import Record, Store


class RowError(Exception):
    """A row cannot be run; the message is one line."""


class Stopped(Exception):
    """A signal stopped the table."""


@dataclass(frozen=True, slots=True)
class Places:
    """The folders of a run.

    Attributes:
        data: The data sets.
        work: Run folders and what is prepared for them.
    """

    data: Path
    work: Path

    def fill(self, text: str) -> str:
        """Put the folders in place of their names."""
        return text.replace("$NLPSUITE_DATA", str(self.data)).replace("$WORK", str(self.work))


def shown(row: Row) -> str:
    """Return a row's command as a reader types it."""
    if row.command is None:
        return f"python benchmarks/tasks.py {row.name}"
    return "suite " + " ".join(word if word.startswith("$") else shlex.quote(word) for word in row.command)


def state(folder: Path) -> str:
    """Return `absent`, `stopped` (it can go on), `finished`, or `broken` (nothing was saved yet)."""
    if (folder / "metrics.json").is_file() and (folder / "model" / "config.json").is_file():
        return "finished"
    if (folder / "checkpoints" / "last.ckpt").is_file():
        return "stopped"
    return "broken" if folder.exists() else "absent"


def run_row(row: Row, places: Places, store: Store, done: dict[str, Record]) -> None:
    """Run a row and keep its record.

    Raises:
        RowError: It needs a row that is not done, another process has it, or its command failed.
        Stopped: A signal came; what was trained is kept.
    """
    if missing := [name for name in row.needs if name not in done]:
        raise RowError(f"needs the row {', '.join(missing)}; run it first")
    places.work.mkdir(parents=True, exist_ok=True)
    with locked(places.work / f".{row.name}.lock", wait=False) as held:
        if not held:
            raise RowError("another process is running it")
        if row.prepare is not None:
            row.prepare(places.data, places.work)
        store.put(row.name, trained(row, places) if "--out" in (row.command or ()) else measured(row, places))


def forget(row: Row, places: Places, store: Store) -> None:
    """Take away a row's record and its run folder."""
    store.drop(row.name)
    shutil.rmtree(places.work / row.name, ignore_errors=True)
    (places.work / f"{row.name}.started.json").unlink(missing_ok=True)


def measured(row: Row, places: Places) -> Record:
    """Run a function, or a command that leaves no folder, and return its record."""
    record = about(row, places)
    begun, processor = time.perf_counter(), time.process_time()
    if row.call is not None:
        metrics: dict[str, Any] = dict(row.call(places.data))
        facts: dict[str, Any] = {}
        record["cpu_seconds"] = round(time.process_time() - processor, 1)
    else:
        facts = json.loads(suite([places.fill(word) for word in row.command or ()]).splitlines()[-1])
        metrics = {f"test/{name}": value for name, value in facts["metrics"].items()}
    wanted = ("tokens", "bytes", "documents", "overlap", "tokens_per_second")
    return record | {
        "wall_seconds": round(time.perf_counter() - begun, 1),
        "metrics": {name: round(value, 6) for name, value in metrics.items()},
        **{name: facts[name] for name in wanted if name in facts},
    }


def trained(row: Row, places: Places) -> Record:
    """Train, go on with a stopped run, or read a finished one; return the record of its folder."""
    folder, note = places.work / row.name, places.work / f"{row.name}.started.json"
    words = [places.fill(word) for word in row.command or ()]
    before = state(folder)
    begun = time.perf_counter()
    if before in ("stopped", "finished"):
        started = json.loads(note.read_text(encoding="utf-8")) if note.exists() else {}
        if started and started["command"] != shown(row):
            raise RowError(f"{folder} is of another command; `--again {row.name}` starts it anew")
        if before == "stopped":
            suite([words[0], "--resume", "--out", str(folder), "--json"])
    else:
        shutil.rmtree(folder, ignore_errors=True)
        started = about(row, places)
        note.write_text(json.dumps(started, indent=2) + "\n", encoding="utf-8")
        suite(words)
    wall = round(time.perf_counter() - begun, 1) if before in ("absent", "broken") else None
    facts = folder_facts(row, folder)
    facts["versions"] = started.get("versions", {}) | facts["versions"]
    return started | facts | {"wall_seconds": wall or facts["run_seconds"]}


def folder_facts(row: Row, folder: Path) -> Record:
    """Return what a finished run's folder says of itself; training seconds are those of its last logged step."""
    figures, environment = read_json(folder / "metrics.json"), read_json(folder / "environment.json")
    names = ("epochs", "steps", "best_step", "stopped_early", "parameters", "tokens", "tokens_per_second", "notes")
    logged = (folder / "metrics.csv").read_text(encoding="utf-8").splitlines()
    return {
        "row": row.name,
        "data": row.data,
        "column": row.column,
        "seed": row.seed,
        "command": shown(row),
        "date": environment["date"][:10],
        "device": environment["device"],
        "versions": environment["versions"],
        "run_seconds": figures["seconds"],
        "training_seconds": float(logged[-1].split(",")[logged[0].split(",").index("seconds")]),
        **{name: figures[name] for name in names if name in figures},
        "metrics": {name: value for name, value in figures.items() if "/" in name},
        "baseline": figures.get("baseline", {}),
    }


def about(row: Row, places: Places) -> Record:
    """Return what a record says before there are figures."""
    return {
        "row": row.name,
        "data": row.data,
        "column": row.column,
        "seed": row.seed,
        "command": shown(row),
        "date": date.today().isoformat(),
        "machine": machine(),
        "versions": versions(),
        "git": commit(),
        "backbone": None if row.backbone is None else backbone(places.fill(row.backbone)) | {"name": row.backbone},
    }


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object."""
    record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return record


def suite(words: list[str]) -> str:
    """Run `suite` and return what it printed; a signal is passed on, so that the run saves its state.

    Raises:
        RowError: It failed.
        Stopped: A signal stopped it.
    """
    print(f"$ suite {shlex.join(words)}", file=sys.stderr, flush=True)
    command = [sys.executable, "-m", "nlpsuite.cli", *words]
    caught: list[int] = []
    # In a session of its own, so that Ctrl-C reaches it once, through here.
    child = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True)

    def forward(number: int, _: object) -> None:
        caught.append(number)
        child.send_signal(number)

    old = {number: signal.signal(number, forward) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        printed, _ = child.communicate()
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)
    if child.returncode in (130, 143) or (caught and child.returncode):
        raise Stopped
    if child.returncode:
        raise RowError(f"`suite {words[0]}` ended with status {child.returncode}")
    return printed
