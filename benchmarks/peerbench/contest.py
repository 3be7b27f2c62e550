"""Running contestants: the prepared text, the processes, and what a row of a contest is."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from nlpsuite.backbone.config import PRESETS
from nlpsuite.config import build
from nlpsuite.report import Silent
from nlpsuite.training.pretraining.prepare import prepare_text
from nlpsuite.training.pretraining.settings import PretrainSettings

HERE = Path(__file__).parents[1]


def prepare(text: Path, work: Path, vocab_size: int = PRESETS["nano"].vocab_size) -> Path:
    """Tokenise the text as `suite pretrain TEXT --cache WORK/tokens` does, and return the folder."""
    settings = build(PretrainSettings, {}, where="benchmark")
    return prepare_text([str(text)], settings, vocab_size, work / "tokens", Silent()).folder


def peer(what: str, tokens: Path, **flags: Any) -> dict[str, Any]:
    """Run a peer in a process of its own and return what it found."""
    return _run(_worker(what, tokens, **flags))


def ours(text: Path, work: Path, *flags: str) -> dict[str, Any]:
    """Run `suite pretrain` on the text, tokenised already; return its figures, and the score that all share."""
    out = work / f"ours-{time.time_ns()}"
    command = [
        *(sys.executable, "-m", "nlpsuite.cli", "pretrain", str(text), "--size", "nano", "--json"),
        *("--cache", str(work / "tokens"), "--out", str(out), *flags),
    ]
    begun = time.perf_counter()
    found = _run(command)
    found["wall_seconds"] = time.perf_counter() - begun
    shown = ["suite", "pretrain", "TEXT", "--size", "nano", *flags]
    return found | {"command": " ".join(shown), "run": str(out)}


def finetune(plugin: str, data: Path, backbone: str, work: Path, *flags: str) -> dict[str, Any]:
    """Run one of our tasks on a backbone and return its figures."""
    out = work / f"{plugin}-{time.time_ns()}"
    return _run(
        [
            *(sys.executable, "-m", "nlpsuite.cli", "run", str(HERE.parent / "plugins" / plugin), "--data", str(data)),
            *("--backbone", backbone, "--out", str(out), "--json", *flags),
        ]
    )


def score(model: str, tokens: Path) -> float:
    """Score a run of ours as the peers are scored."""
    return float(_run(_worker("score", tokens, model=model))["bits_per_byte"])


def _worker(what: str, tokens: Path, **flags: Any) -> list[str]:
    words = [sys.executable, "-m", "peerbench.worker", what, "--tokens", str(tokens)]
    for name, value in flags.items():
        words += [f"--{name.replace('_', '-')}", str(value)]
    return words


def _run(command: list[str]) -> dict[str, Any]:
    paths = os.pathsep.join([str(HERE), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | {"PYTHONPATH": paths})
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}\n{done.stderr[-3000:]}")
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found
