"""The table in Markdown, from rows and records alone."""

from __future__ import annotations

from statistics import mean, stdev
from typing import TYPE_CHECKING

from suitebench.lines import LINES
from suitebench.page import put_between
from suitebench.rows import COLUMNS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from suitebench.lines import Line
    from suitebench.rows import Row
    from suitebench.store import Record

BEGIN = "<!-- benchmarks/tasks.py --write: begin -->"
END = "<!-- benchmarks/tasks.py --write: end -->"
NOT_RUN = "not run"


def section(rows: Sequence[Row], records: Mapping[str, Record], shown: Mapping[str, str]) -> str:
    """Return everything between the marks of the page: table, machines, backbones, each run, and the commands.

    Args:
        rows: Every row.
        records: Of the rows that are done.
        shown: The command of each row, as a reader types it.
    """
    parts = [
        table(rows, records),
        machines(records),
        backbones(records),
        runs(rows, records),
        commands(rows, records, shown),
    ]
    return "\n\n".join(part for part in parts if part)


def table(rows: Sequence[Row], records: Mapping[str, Record]) -> str:
    """Return one line for each figure: what each column reached, floor and aim, wall times, and where."""
    marks = machine_marks(records)
    lines = [
        f"| data | {' | '.join(COLUMNS)} | floor | aim | time of {', '.join(COLUMNS)} | machine |",
        "|---" * (len(COLUMNS) + 5) + "|",
    ]
    for line in LINES:
        cells = [cell(line, planned(rows, line.data, column), records) for column in COLUMNS]
        times = [wall(planned(rows, line.data, column), records) for column in COLUMNS]
        used = [marks[place(record)] for record in records.values() if record["data"] == line.data]
        where = ", ".join(sorted(set(used)))
        reached = best(line, rows, records)
        targets = f"{floor(line, rows, records)} | {target(line.aim, reached, line.digits)}"
        lines.append(f"| {line.title} | {' | '.join(cells)} | {targets} | {', '.join(times)} | {where} |")
    return "\n".join(lines)


def planned(rows: Sequence[Row], data: str, column: str) -> list[str]:
    """Return the names of the rows behind a cell."""
    return [row.name for row in rows if row.data == data and row.column == column]


def cell(line: Line, names: Sequence[str], records: Mapping[str, Record]) -> str:
    """Return a cell: the mean over seeds and their standard deviation where there are several."""
    if not names:
        return ""
    done = [records[name]["metrics"] for name in names if name in records]
    if not done:
        return NOT_RUN
    figures = []
    for key in line.keys:
        values = [line.scale * metrics[key] for metrics in done if key in metrics]
        spread = f" ± {stdev(values):.{line.digits}f}" if len(values) > 1 else ""
        figures.append(f"{mean(values):.{line.digits}f}{spread}" if values else "–")
    seeds = "" if len(names) == 1 else f" ({len(done)} of {len(names)} seeds)" if len(done) < len(names) else ""
    return " / ".join(figures) + (seeds or (f" ({len(names)} seeds)" if len(names) > 1 else ""))


def means(line: Line, names: Sequence[str], records: Mapping[str, Record]) -> list[float]:
    """Return the mean of each figure of a cell; nothing where one is missing."""
    done = [records[name]["metrics"] for name in names if name in records]
    if not done or any(key not in metrics for metrics in done for key in line.keys):
        return []
    return [line.scale * mean(metrics[key] for metrics in done) for key in line.keys]


def best(line: Line, rows: Sequence[Row], records: Mapping[str, Record]) -> list[float]:
    """Return the figures of the better of scratch and pretrained: what a user of the suite has for the choosing."""
    return max(means(line, planned(rows, line.data, column), records) for column in ("scratch", "pretrained"))


def floor(line: Line, rows: Sequence[Row], records: Mapping[str, Record]) -> str:
    """Return the floor, and whether the pretrained column reaches it."""
    if line.below is not None:
        reached = means(line, planned(rows, line.data, "pretrained"), records)
        base = means(line, planned(rows, line.data, "conventional"), records)
        text = f"{line.below:.0%} below conventional"
        if not base or not reached:
            return text
        if backbone_hashes(rows, line.data, "pretrained", records) != backbone_hashes(
            rows, line.data, "conventional", records
        ):
            return f"{text}: not compared, the two started from different backbones"
        change = reached[0] / base[0] - 1
        return f"{text}: {'met' if -change >= line.below else 'missed'}, {change:+.1%}"
    return target(line.floor, best(line, rows, records), line.digits)


def target(wanted: Sequence[float], reached: Sequence[float], digits: int) -> str:
    """Return what is to be reached, and by how much it is missed where there are figures."""
    text = " / ".join(f"{value:g}" for value in wanted)
    if not wanted or not reached:
        return text
    short = [goal - value for goal, value in zip(wanted, reached, strict=False) if value < goal]
    return f"{text}: missed by {' / '.join(f'{value:.{digits}f}' for value in short)}" if short else f"{text}: met"


def backbone_hashes(rows: Sequence[Row], data: str, column: str, records: Mapping[str, Record]) -> set[str | None]:
    """Return the hashes of the backbones of a cell's rows."""
    done = (records[name] for name in planned(rows, data, column) if name in records)
    return {(record.get("backbone") or {}).get("sha256") for record in done}


def wall(names: Sequence[str], records: Mapping[str, Record]) -> str:
    """Return the mean time of a cell's rows: on the wall; of the processor for a function, which takes seconds."""
    done = [records[name] for name in names if name in records]
    seconds: list[float] = [record.get("cpu_seconds") or record["wall_seconds"] for record in done]
    return duration(mean(seconds)) if seconds else "–"


def duration(seconds: float) -> str:
    """Return a time for people."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min"


def place(record: Record) -> str:
    """Return the machine of a record in words."""
    about = record.get("machine")
    device: str = record.get("device", "")
    if about is None:
        return device
    threads = about["omp_num_threads"]
    limit = f", OMP_NUM_THREADS={threads}" if threads else ""
    on = f", on {device}" if device and not device.startswith("CPU") else ""
    return f"{about['processor']}, {about['cores_usable']} of {about['cores']} cores{limit}{on}"


def machine_marks(records: Mapping[str, Record]) -> dict[str, str]:
    """Return a letter for each machine there is."""
    places = sorted({place(record) for record in records.values()})
    return {text: chr(ord("a") + index) for index, text in enumerate(places)}


def machines(records: Mapping[str, Record]) -> str:
    """Return what the letters mean."""
    marks = machine_marks(records)
    times = "- times: on the wall; of what takes seconds and is no command of `suite`, of the processor"
    held = "- floor and aim: held against the better of scratch and pretrained"
    return "\n".join(
        [times, held] + [f"- machine {mark}: {text}" for text, mark in sorted(marks.items(), key=lambda item: item[1])]
    )


def backbones(records: Mapping[str, Record]) -> str:
    """Return the backbones that rows started from, each with its rows; a name may mean two over time."""
    found: dict[tuple[str, ...], list[str]] = {}
    for name, record in records.items():
        about = record.get("backbone")
        if about and "sha256" in about:
            seen = f"{about.get('tokens seen', 'tokens unknown')}"
            before = f", after {about['tokens seen before']} tokens before" if "tokens seen before" in about else ""
            key = (about["name"], about["sha256"][:12], about.get("parameters", ""), seen + before)
            found.setdefault(key, []).append(name)
    if not found:
        return ""
    lines = ["| backbone | SHA-256 | parameters | tokens seen | rows |", "|---|---|---|---|---|"]
    lines += [f"| {' | '.join(key)} | {', '.join(names)} |" for key, names in sorted(found.items())]
    return "\n".join(lines)


def runs(rows: Sequence[Row], records: Mapping[str, Record]) -> str:
    """Return one line for each training that was run."""
    head = "| run | seed | steps | epochs | tokens/s | training | in all | date | commit |"
    lines = [head, "|---" * 9 + "|"]
    for row in rows:
        record = records.get(row.name)
        if record is None or "training_seconds" not in record:
            continue
        git = record.get("git")
        commit = "" if git is None else git["commit"][:10] + (" and changes" if git["changed"] else "")
        epochs = f"{record['epochs']:.2f}" if "epochs" in record else ""
        lines.append(
            f"| {row.name} | {record['seed']} | {record['steps']:,} | {epochs} | {record['tokens_per_second']:,.0f} "
            f"| {duration(record['training_seconds'])} | {duration(record['wall_seconds'])} | {record['date']} | {commit} |"
        )
    return "\n".join(lines) if len(lines) > 2 else ""


def commands(rows: Sequence[Row], records: Mapping[str, Record], shown: Mapping[str, str]) -> str:
    """Return the command of every row, from its record where it is done."""
    lines = [records[row.name]["command"] if row.name in records else shown[row.name] for row in rows]
    return "```sh\n" + "\n".join(lines) + "\n```"


def write_section(page: Path, text: str) -> None:
    """Put a text between the two marks of a page.

    Raises:
        ValueError: The page lacks the marks.
    """
    put_between(page, BEGIN, END, text)
