"""Checks of what a plugin declares: that declaring is cheap, and that its settings are plain data."""

from __future__ import annotations

import os
import subprocess
import sys

import yaml

from nlpsuite.config import build
from nlpsuite.errors import UserError
from nlpsuite.testing.check import Check, CheckFailed, expect
from nlpsuite.testing.subject import Subject  # noqa: TC001  (the functions' own types, for those who read them at run time)

HEAVY = ("torch", "numpy", "pytorch_lightning", "sentencepiece", "sklearn", "transformers")
MOST_MILLISECONDS = 50.0
TRIES = 5
_DECLARE = """
import importlib, sys, time
def no_network(*_):
    raise OSError("network")
sys.addaudithook(lambda event, _: no_network() if event in ("socket.connect", "socket.getaddrinfo") else None)
import nlpsuite.api
from nlpsuite.api import Settings, TaskSpec, TextClassificationSettings, hookimpl
begun = time.process_time()
module = importlib.import_module(sys.argv[1])
spec = next(each for each in module.nlpsuite_tasks() if each.name == sys.argv[2])
spec.config()
spent = 1000 * (time.process_time() - begun)
print(",".join(name for name in sys.argv[3].split(",") if name in sys.modules), spent)
"""


def _declare(subject: Subject) -> tuple[list[str], float]:
    """Import and declare in a process of its own; return which heavy libraries came along, and milliseconds of processor time."""
    command = [sys.executable, "-c", _DECLARE, subject.module, subject.spec.name, ",".join(HEAVY)]
    paths = os.pathsep.join(path for path in sys.path if path)
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env=os.environ | {"PYTHONPATH": paths}, timeout=120
    )
    if done.returncode:
        raise CheckFailed(f"importing and declaring it failed: {done.stderr.strip().splitlines()[-1]}")
    loaded, _, spent = done.stdout.strip().splitlines()[-1].rpartition(" ")
    return [name for name in loaded.split(",") if name], float(spent)


def _imports_nothing_heavy(subject: Subject) -> None:
    loaded, _ = _declare(subject)
    expect(not loaded, f"declaring the task imports {', '.join(loaded)}; import inside TaskSpec.build")


def _imports_fast(subject: Subject) -> None:
    # The best of several: what disturbs a machine only ever makes it slower.
    spent = min(_declare(subject)[1] for _ in range(TRIES))
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
