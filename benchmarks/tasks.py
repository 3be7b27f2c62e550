"""Measure the six tasks on real data beside what a user would do without the suite: the table of docs/results.md.

    NLPSUITE_DATA=DIR python benchmarks/tasks.py [--work DIR] [ROW ...]    run what is not done yet, or some rows
    python benchmarks/tasks.py --list                                      what is done, and what is not
    python benchmarks/tasks.py --table | --write                           print the table, or put it in docs/results.md

A row that is done is kept in benchmarks/results/tasks.json and not run again, unless by `--again ROW`. A row that was stopped
goes on from its last checkpoint under --work.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from suitebench.rows import all_rows
from suitebench.runner import Places, RowError, Stopped, forget, run_row, shown
from suitebench.store import Store
from suitebench.table import duration, section, write_section

if TYPE_CHECKING:
    from suitebench.rows import Row

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results" / "tasks.json"
PAGE = HERE.parent / "docs" / "results.md"


def main() -> int:
    """Do what the flags say; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", nargs="*", metavar="ROW", help="rows to run; all that are not done by default")
    parser.add_argument("--work", type=Path, default=Path("runs/results"), help="where run folders are kept")
    parser.add_argument("--again", action="append", default=[], metavar="ROW", help="run a row anew; repeatable")
    parser.add_argument("--list", action="store_true", help="show what is done and what is not")
    parser.add_argument("--table", action="store_true", help="print the table in Markdown")
    parser.add_argument("--write", action="store_true", help="put the table in docs/results.md")
    chosen = parser.parse_args()
    rows, store = all_rows(), Store(RESULTS)
    names = [row.name for row in rows]
    if unknown := [name for name in [*chosen.rows, *chosen.again] if name not in names]:
        return fail(f"no row `{unknown[0]}`; --list shows them")
    if chosen.list:
        return show(rows, store)
    if chosen.table or chosen.write:
        return render(rows, store, write=chosen.write)
    given = os.environ.get("NLPSUITE_DATA")
    if not given or not Path(given).expanduser().is_dir():
        return fail(f"NLPSUITE_DATA is {given or 'not set'}; set it to the folder of the data sets")
    places = Places(Path(given).expanduser().resolve(), chosen.work.expanduser().resolve())
    wanted = [*chosen.rows, *chosen.again] or names
    return run([row for row in rows if row.name in wanted], chosen.again, places, store)


def run(rows: list[Row], again: list[str], places: Places, store: Store) -> int:
    """Run rows one after another; one that fails does not keep the others from being run."""
    failed = []
    for row in rows:
        if row.name in again:
            forget(row, places, store)
        done = store.read()
        if row.name in done:
            continue
        print(f"--- {row.name} ---", file=sys.stderr, flush=True)
        try:
            run_row(row, places, store, done)
        except (RowError, OSError, ImportError) as error:
            failed.append(row.name)
            print(f"{row.name}: {error}", file=sys.stderr, flush=True)
        except (Stopped, KeyboardInterrupt):
            return fail(f"stopped in row {row.name}; the same command goes on")
    return fail(f"not done: {', '.join(failed)}") if failed else 0


def show(rows: list[Row], store: Store) -> int:
    """Print each row with its figures, or what it will take."""
    done = store.read()
    for row in rows:
        record = done.get(row.name)
        if record is None:
            print(f"missing  {row.name:<28} {' '.join(row.limit or ())}".rstrip())
            continue
        figures = ", ".join(f"{name} {value:.4g}" for name, value in list(record["metrics"].items())[:6])
        stale = "" if record["command"] == shown(row) else f" [of another command: {record['command']}]"
        print(f"done     {row.name:<28} {duration(record['wall_seconds'])}: {figures}{stale}")
    return 0


def render(rows: list[Row], store: Store, *, write: bool) -> int:
    """Print the table, or put it on the page."""
    text = section(rows, store.read(), {row.name: shown(row) for row in rows})
    if not write:
        print(text)
        return 0
    try:
        write_section(PAGE, text)
    except ValueError as error:
        return fail(str(error))
    return 0


def fail(message: str) -> int:
    """Print one line and return the exit status of a failure."""
    print(f"tasks.py: {message}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
