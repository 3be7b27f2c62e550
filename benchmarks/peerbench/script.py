"""What the scripts of several rows have in common: run the rows that are not done, keep each, show them."""

from __future__ import annotations

import argparse
import os
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from suitebench.machine import commit, machine, versions
from suitebench.page import put_between
from suitebench.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Records = dict[str, dict[str, Any]]


def run_script(
    about: str,
    *,
    results: Path,
    page: Path,
    marks: tuple[str, str],
    names: Sequence[str],
    run: Callable[[str, Records, Path, Path], dict[str, Any]],
    table: Callable[[Records], str],
) -> None:
    """Do what the command line says.

    Args:
        about: The script's docstring.
        results: Where rows are kept; one that is there is not run again.
        page: Where `--write` puts the table.
        marks: Between which two lines of the page.
        names: All rows, in an order in which each finds what it needs.
        run: Runs a row: its name, the rows that are done, the text, a folder to work in.
        table: Makes the table of what is done, in the order of `names`.
    """
    parser = argparse.ArgumentParser(description=about.splitlines()[0])
    parser.add_argument("rows", nargs="*", metavar="ROW")
    parser.add_argument("--work", type=Path, default=Path("runs") / results.stem)
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    store = Store(results)

    def shown() -> str:
        done = store.read()
        return table({name: done[name] for name in names if name in done})

    if arguments.list:
        print("\n".join(names))
        return
    if arguments.write:
        put_between(page, *marks, shown())
        return
    text = Path(os.environ.get("NLPSUITE_DATA", "../shared/data")) / "pretrain" / "enwiki_2015"
    for name in arguments.rows or names:
        if name in store.read():
            continue
        found = run(name, store.read(), text, arguments.work)
        found |= {"machine": machine(), "versions": versions(), "git": commit(), "date": date.today().isoformat()}
        store.put(name, found)
        print(f"{name}: {found['bits_per_byte']:.4f} bits per byte, {found['steps']:,.0f} steps", flush=True)
    print(shown())
