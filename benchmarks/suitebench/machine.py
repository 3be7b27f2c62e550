"""Where and with what a row was measured."""

from __future__ import annotations

import hashlib
import os
import platform
import subprocess
from importlib import metadata
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
WRITTEN = ("benchmarks/results", "docs/results.md")
"""What the benchmarks themselves write."""
LIBRARIES = ("nlpsuite", "torch", "numpy", "scikit-learn", "sklearn-crfsuite", "sacrebleu")


def machine() -> dict[str, Any]:
    """Return this machine: its processor, the cores that may be used, and the limits on threads."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {
        "processor": processor(),
        "cores": os.cpu_count(),
        "cores_usable": cores,
        "omp_num_threads": os.environ.get("OMP_NUM_THREADS"),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }


def processor() -> str:
    """Return the processor's name."""
    if Path("/proc/cpuinfo").exists():
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":")[1].strip()
    return platform.processor() or "unknown processor"


def versions() -> dict[str, str]:
    """Return the versions of the libraries that figures depend on, of those that are installed."""
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def commit() -> dict[str, Any] | None:
    """Return the checkout's commit, and whether files differ from it; None outside a checkout."""

    def git(*words: str) -> str:
        # Without locks: reading must not get in the way of someone who writes.
        done = subprocess.run(
            ["git", "--no-optional-locks", *words], cwd=ROOT, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    try:
        # The records of rows done before say nothing about the code of this one.
        changed = git("status", "--porcelain", "--", ":/", *(f":(top,exclude){name}" for name in WRITTEN))
        return {"commit": git("rev-parse", "HEAD"), "changed": bool(changed)}
    except (OSError, subprocess.CalledProcessError):
        return None


def backbone(name: str) -> dict[str, Any]:
    """Return which backbone a name means: the hash of its weights, and what its card says of its training."""
    if name == "scratch":
        return {"name": name}
    from nlpsuite.inference.locate import find_backbone

    folder = find_backbone(name)
    with (folder / "model.safetensors").open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"name": name, "sha256": digest, **card(folder / "README.md")}


def card(path: Path) -> dict[str, str]:
    """Return the first table of a model's card: of its last training; `tokens seen before` is the sum of those before."""
    facts: dict[str, str] = {}
    before = 0
    for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else []:
        fields = [field.strip() for field in line.strip("| ").split(" | ", 1)]
        if not line.startswith("| ") or len(fields) != 2:
            continue
        name, value = fields
        if name in facts and name == "tokens seen":
            before += int(value.split()[0].replace(",", ""))
        facts.setdefault(name, value)
    kept = {name: facts[name] for name in ("parameters", "tokens seen", "validation", "date") if name in facts}
    return kept | ({"tokens seen before": f"{before:,}"} if before else {})
