"""What the scripts of one measurement have in common: measure, keep with where and when, show; or put it on the page."""

from __future__ import annotations

import argparse
import json
from datetime import date
from typing import TYPE_CHECKING, Any

from suitebench.machine import commit, machine, versions
from suitebench.page import put_between

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def run_single(
    about: str,
    *,
    results: Path,
    page: Path,
    marks: tuple[str, str],
    measure: Callable[[], dict[str, Any]],
    table: Callable[[dict[str, Any]], str],
) -> None:
    """Do what the command line says.

    Args:
        about: The script's docstring.
        results: Where the record is kept.
        page: Where `--write` puts the table.
        marks: Between which two lines of the page.
        measure: Makes the record.
        table: Makes the table of it.
    """
    parser = argparse.ArgumentParser(description=about.splitlines()[0])
    parser.add_argument("--write", action="store_true")
    if parser.parse_args().write:
        put_between(page, *marks, table(json.loads(results.read_text(encoding="utf-8"))))
        return
    record = measure()
    record |= {"machine": machine(), "versions": versions(), "git": commit(), "date": date.today().isoformat()}
    results.write_text(json.dumps(record, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    print(table(record))
