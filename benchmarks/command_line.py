"""How long the commands take that do nothing but tell: `suite --help` and `suite plugins list`, also with fifty plugins more.

    python benchmarks/command_line.py [--write]

Nine runs of each, one after another in turn; median, smallest and largest of wall time. Python that starts and does nothing is
measured beside them: it is the least that any command takes. Kept in benchmarks/results/command_line.json.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path
from statistics import median
from typing import Any

from suitebench.machine import commit, machine, versions
from suitebench.page import put_between

RESULTS = Path(__file__).parent / "results" / "command_line.json"
PAGE = Path(__file__).parents[1] / "docs" / "results.md"
MARKS = ("<!-- benchmarks/command_line.py --write: begin -->", "<!-- benchmarks/command_line.py --write: end -->")
ROUNDS, PLUGINS = 9, 50
COMMANDS = {
    "python -c pass": ["-c", "pass"],
    "suite --help": ["-m", "nlpsuite.cli", "--help"],
    "suite plugins list": ["-m", "nlpsuite.cli", "plugins", "list"],
}


def lay_plugins(folder: Path) -> None:
    """Lay plugins into a folder as pip installs them; importing one would end the command."""
    for number in range(PLUGINS):
        package = folder / f"bench_plugin_{number}"
        package.mkdir()
        (package / "__init__.py").write_text('"""A plugin that is never imported."""\nraise RuntimeError\n')
        info = folder / f"bench_plugin_{number}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: bench-plugin-{number}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[nlpsuite]\nbench-{number} = {package.name}\n")


def seconds(words: list[str], paths: str) -> float:
    """Return the wall time of a command."""
    begun = time.perf_counter()
    subprocess.run(
        [sys.executable, *words], check=True, stdout=subprocess.DEVNULL, env=os.environ | {"PYTHONPATH": paths}
    )
    return time.perf_counter() - begun


def measure() -> dict[str, Any]:
    """Measure every command without and with the plugins."""
    with tempfile.TemporaryDirectory() as name:
        lay_plugins(Path(name))
        before = os.environ.get("PYTHONPATH", "")
        cases = {
            (command, more): f"{before}:{name}" if more else before for command in COMMANDS for more in (False, True)
        }
        found: dict[tuple[str, bool], list[float]] = {case: [] for case in cases}
        for _ in range(ROUNDS):
            for case, paths in cases.items():
                found[case].append(seconds(COMMANDS[case[0]], paths))
    rows = [
        {"command": command, "plugins": PLUGINS if more else 0, "seconds": [round(each, 4) for each in times]}
        for (command, more), times in found.items()
    ]
    return {
        "rows": rows,
        "machine": machine(),
        "versions": versions(),
        "git": commit(),
        "date": date.today().isoformat(),
    }


def table(record: dict[str, Any]) -> str:
    """Return the figures in Markdown."""
    lines = ["| command | plugins besides the suite's own | seconds, median (smallest, largest) |", "|---|---|---|"]
    for row in record["rows"]:
        times = row["seconds"]
        shown = f"{median(times):.3f} ({min(times):.3f}, {max(times):.3f})"
        lines.append(f"| `{row['command']}` | {row['plugins']} | {shown} |")
    where = record["machine"]
    return "\n".join(
        [*lines, "", f"{ROUNDS} runs each, {record['date']}, {where['processor']}, {where['cores']} cores."]
    )


def main() -> None:
    """Measure and keep, or write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true")
    if parser.parse_args().write:
        put_between(PAGE, *MARKS, table(json.loads(RESULTS.read_text(encoding="utf-8"))))
        return
    record = measure()
    RESULTS.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    print(table(record))


if __name__ == "__main__":
    main()
