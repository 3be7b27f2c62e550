"""What authors of plugins may rely on is written down in plugin_api.txt, and changes only when somebody changes that file.

A change that breaks plugins also takes a new `API_VERSION`, and a line under "Plugin API" in CHANGELOG.md.
"""

from __future__ import annotations

import difflib
import inspect
import re
from pathlib import Path

from nlpsuite import api
from nlpsuite.host import hookspecs
from nlpsuite.host.checks import HOOKS
from nlpsuite.testing import TaskConformance

PINNED = Path(__file__).with_name("plugin_api.txt")
ROOT = Path(__file__).resolve().parents[2]


def surface() -> list[str]:
    """Every public name with its signature, one a line."""
    lines = [f"API_VERSION = {api.API_VERSION}"]
    lines += [f"hook {name}{inspect.signature(getattr(hookspecs, name))}" for name in HOOKS]
    for name in api.__all__:
        if name != "API_VERSION":
            lines += described(name, getattr(api, name))
    lines += described("testing.TaskConformance", TaskConformance)
    return [re.sub(r" at 0x[0-9a-f]+", "", line) for line in lines]


def described(name: str, thing: object) -> list[str]:
    if inspect.isclass(thing):
        fields = getattr(thing, "model_fields", None)
        start = f"({', '.join(fields)})" if fields is not None else signature(thing)
        lines = [f"class {name}{start}"]
        for member, value in sorted(vars(thing).items()):
            if member.startswith("_") or (fields and member in fields) or member == "model_config":
                continue
            raw = value.__func__ if isinstance(value, (classmethod, staticmethod)) else value
            if inspect.isfunction(raw):
                lines.append(f"class {name}: {member}{signature(raw)}")
            elif isinstance(raw, property):
                lines.append(f"class {name}: {member}")
            elif isinstance(raw, (bool, int, float, str, tuple)):
                lines.append(f"class {name}: {member} = {raw!r}")
        return lines
    if inspect.isroutine(thing):
        return [f"def {name}{signature(thing)}"]
    return [f"{name} = {thing!r}"]


def signature(thing: object) -> str:
    try:
        return str(inspect.signature(thing))
    except ValueError:
        return "(...)"


def test_the_surface_is_the_one_written_down():
    pinned = PINNED.read_text(encoding="utf-8").splitlines()
    change = list(difflib.unified_diff(pinned, surface(), "plugin_api.txt", "the code", lineterm="", n=0))
    assert not change, "\n".join(["if this is meant, change tests/meta/plugin_api.txt by hand:", *change])


def test_the_changelog_has_a_place_for_what_changed():
    assert "### Plugin API" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
