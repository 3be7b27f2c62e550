"""docs/plugin-authors.md is true: its reference and its table of promises are those of the code.

`NLPSUITE_WRITE_DOCS=1 python -m pytest tests/meta/test_plugin_authors.py` puts both in again.
"""

from __future__ import annotations

import inspect
import os
import re
from pathlib import Path

import pytest

from nlpsuite import api
from nlpsuite.host import hookspecs
from nlpsuite.host.checks import HOOKS
from nlpsuite.host.spec import TaskSpec
from nlpsuite.tasks.task import Batch, Row, Task, TaskContext, TaskMetrics, Window
from nlpsuite.testing.suite import CHECKS

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "plugin-authors.md"


def promises() -> str:
    lines = ["| check | promise |", "|---|---|"]
    return "\n".join(lines + [f"| `{check.name}` | {check.promise} |" for check in CHECKS])


def reference() -> str:
    parts = ["### Hooks", ""]
    for name in HOOKS:
        hook = getattr(hookspecs, name)
        parts += [f"`{name}{inspect.signature(hook)}`", "", first_paragraphs(hook), ""]
    for thing in (TaskSpec, TaskContext, Row, Window, Batch):
        parts += [f"### `{thing.__name__}`", "", *members_of(thing), ""]
    for base in (Task, TaskMetrics):
        parts += [f"### `{base.__name__}`", "", *members_of(base), ""]
        parts += ["| method | must be written | |", "|---|---|---|"]
        for name, method in vars(base).items():
            if name.startswith("_") or not inspect.isfunction(method):
                continue
            written = "yes" if name in base.__abstractmethods__ else ""
            names = ", ".join(list(inspect.signature(method).parameters)[1:])
            parts.append(f"| `{name}({names})` | {written} | {first_line(method)} |")
        parts.append("")
    parts += ["### Names of `nlpsuite.api`", "", "| name | |", "|---|---|"]
    parts += [f"| `{name}` | {first_line(getattr(api, name))} |" for name in api.__all__]
    return "\n".join(parts)


def members_of(thing: type) -> list[str]:
    """The attributes that a docstring names, one a line."""
    text = inspect.getdoc(thing) or ""
    _, found, rest = text.partition("Attributes:\n")
    if not found:
        return [text.split("\n\n")[0].replace("\n", " ")]
    lines: list[str] = []
    for line in inspect.cleandoc(rest).splitlines():
        if line.startswith(" "):
            lines[-1] += " " + line.strip()
        elif line.strip():
            name, _, about = line.partition(": ")
            lines.append(f"- `{name}`: {about}")
    return [text.split("\n\n")[0].replace("\n", " "), "", *lines]


def first_paragraphs(thing: object) -> str:
    text = (inspect.getdoc(thing) or "").split("Args:")[0].split("Returns:")[0]
    return " ".join(text.split())


def first_line(thing: object) -> str:
    if isinstance(thing, (int, str, tuple, list, frozenset)):
        return f"`{thing!r}`"
    text = (inspect.getdoc(thing) or "").split("\n\n")[0]
    # A builtin alias (such as a Literal) has the docstring of its class, which says nothing of it.
    if not inspect.isclass(thing) and not inspect.isroutine(thing):
        return ""
    return " ".join(text.split()).replace("|", "\\|")


@pytest.mark.parametrize(("mark", "made"), [("promises", promises), ("reference", reference)])
def test_what_is_made_from_the_code_is_on_the_page(mark, made):
    begin, end = f"<!-- {mark}: begin -->", f"<!-- {mark}: end -->"
    page = PAGE.read_text(encoding="utf-8")
    before, _, rest = page.partition(begin)
    _, _, after = rest.partition(end)
    should = f"{before}{begin}\n\n{made().strip()}\n\n{end}{after}"
    if os.environ.get("NLPSUITE_WRITE_DOCS"):
        PAGE.write_text(should, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == should, (
        "NLPSUITE_WRITE_DOCS=1 python -m pytest tests/meta/test_plugin_authors.py"
    )


def test_every_block_of_code_is_a_file_or_a_command():
    """And so is run by tests/e2e/test_plugin_authors.py."""
    for info in re.findall(r"^```(\S.*)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE):
        assert info == "bash" or re.fullmatch(r'(python|toml|csv) title="[\w./-]+"', info), info


def test_environment_variables_of_the_host_are_explained():
    text = PAGE.read_text(encoding="utf-8")
    for name in ("NLPSUITE_DISABLE_PLUGINS", "NLPSUITE_TRACE_PLUGINS", "--no-plugins", "api_version"):
        assert name in text
