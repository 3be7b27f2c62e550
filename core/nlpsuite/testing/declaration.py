"""Checks of what a plugin declares: that declaring is cheap, and that its settings are plain data."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import yaml

from nlpsuite.config import build
from nlpsuite.errors import UserError
from nlpsuite.testing.check import Check, CheckFailed, expect
from nlpsuite.testing.subject import Subject  # noqa: TC001  (the functions' own types, for those who read them at run time)

HEAVY = ("torch", "numpy", "pytorch_lightning", "sentencepiece", "sklearn", "transformers")
MOST_MILLISECONDS = 50.0
TRIES = 5
_DECLARE = """
import json, sys, time
from importlib.metadata import EntryPoint
tried = []
def watch(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo"):
        tried.append(event)
        raise OSError("no network while a task is declared")
sys.addaudithook(watch)
import nlpsuite.api
from nlpsuite.api import Settings, TaskSpec, TextClassificationSettings, hookimpl
begun = time.perf_counter()
declared = EntryPoint("plugin", sys.argv[1], "nlpsuite").load().nlpsuite_tasks()
next(each for each in declared if each.name == sys.argv[2]).config()
spent = 1000 * (time.perf_counter() - begun)
loaded = [name for name in sys.argv[3].split(",") if name in sys.modules]
print(json.dumps({"loaded": loaded, "tried": tried, "milliseconds": spent}))
"""


def _declare(subject: Subject) -> dict[str, Any]:
    """Import and declare in a process of its own; return heavy libraries that came along, network events, milliseconds."""
    # -P: the folder where the user happens to be must not stand in for anything.
    command = [sys.executable, "-P", "-c", _DECLARE, subject.entry, subject.spec.name, ",".join(HEAVY)]
    paths = os.pathsep.join(path for path in sys.path if path)
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env=os.environ | {"PYTHONPATH": paths}, timeout=120
    )
    if done.returncode:
        said = done.stderr.strip().splitlines() or [f"it ended with status {done.returncode}"]
        raise CheckFailed(f"importing and declaring it failed: {said[-1]}")
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def _imports_nothing_heavy(subject: Subject) -> None:
    found = _declare(subject)
    expect(
        not found["loaded"], f"declaring the task imports {', '.join(found['loaded'])}; import inside TaskSpec.build"
    )
    expect(not found["tried"], f"declaring the task asks the network: {', '.join(sorted(set(found['tried'])))}")


def _imports_fast(subject: Subject) -> None:
    # The best of several: what disturbs a machine only ever makes it slower.
    spent = min(float(_declare(subject)["milliseconds"]) for _ in range(TRIES))
    expect(spent < MOST_MILLISECONDS, f"declaring the task takes {spent:.0f} ms of {MOST_MILLISECONDS:.0f}")


def _settings(subject: Subject) -> None:
    settings = subject.spec.config()
    written = yaml.safe_dump(settings.model_dump(mode="json"))
    again = build(subject.spec.config, yaml.safe_load(written), where="the settings")
    expect(again == settings, "settings written as YAML and read again are not the same")
    try:
        build(subject.spec.config, {"no_such_setting": 1}, where="the settings")
    except UserError:
        return
    raise CheckFailed("an unknown setting is accepted in silence")


CHECKS = (
    Check("imports", "declared without torch, numpy or network", _imports_nothing_heavy),
    Check("import_time", f"declared in less than {MOST_MILLISECONDS:.0f} ms", _imports_fast),
    Check("settings", "settings survive YAML and refuse unknown keys", _settings),
)
