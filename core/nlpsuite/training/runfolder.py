"""A run's folder: what is in it, and writing to it so that nothing half-written looks whole.

config.yaml (resolved), metrics.json, metrics.csv, predictions.jsonl, environment.json, train.log, model/ (complete), checkpoints/
"""

from __future__ import annotations

import csv
import os
import platform
import re
import shlex
import sys
from contextlib import contextmanager
from datetime import datetime
from importlib import metadata
from typing import TYPE_CHECKING, Any

import yaml

from nlpsuite.config import load_yaml
from nlpsuite.errors import Interrupted, UserError
from nlpsuite.files import (
    LOCK,
    empty,
    hold_folder,
    let_go,
    missing_folders,
    read_small,
    remove_empty,
    replacing,
    temporary_pattern,
    write_json,
    write_text,
)
from nlpsuite.training.checkpoints import LAST, begin_manifest, check_written_here, has_checkpoint, is_written_here

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_BEFORE_A_SAVE = {LOCK, "checkpoints", "config.yaml", "environment.json", "metrics.csv", "train.log"}
"""What is in a run's folder before its first checkpoint."""
_BEFORE_A_CHECKPOINT = re.compile(r"manifest\.json|tokenizer\.model|best-[0-9]+\.safetensors")
_LIBRARIES = ("nlpsuite", "torch", "pytorch-lightning", "torchmetrics", "sentencepiece", "numpy", "safetensors")


class RunFolder:
    """The output folder of one run.

    Args:
        path: The folder.

    Attributes:
        begun_before: Whether a run was begun here and stopped before its first checkpoint, so that this one starts again.
    """

    def __init__(self, path: Path):
        self.path = path
        self.begun_before = False
        self.model = path / "model"
        self.checkpoints = path / "checkpoints"
        self.last = self.checkpoints / LAST
        self.config = path / "config.yaml"
        self.log = path / "train.log"
        self._held: int | None = None
        self._made = [path]

    @classmethod
    def create(cls, path: Path, *, flag: str = "--out") -> RunFolder:
        """Make a new folder, or take one in which a run was begun that was stopped before it saved anything.

        Raises:
            UserError: It holds something else, another process is working in it, or it cannot be made.
        """
        if _holds_nothing_but_a_begin(path):
            run = cls(path)
            run.begun_before = True
            run.claim()
            for leftover in (path / "metrics.csv", *run.checkpoints.iterdir()):
                leftover.unlink(missing_ok=True)
            begin_manifest(run.checkpoints)
            return run
        if path.exists() and (not path.is_dir() or any(path.iterdir())):
            raise UserError(
                "the output folder is not empty" if path.is_dir() else "the output is a file",
                where=path,
                fix=f"give another {flag}, remove it, or go on with it through --resume",
            )
        run = cls(path)
        run._made = missing_folders(path)
        try:
            run._begin(flag)
        except Interrupted:
            # A signal: away with what this process holds, and with folders in which there is nothing.
            if run._held is not None:
                run.release()
                empty(path)
            remove_empty((run.checkpoints, *run._made))
            raise
        return run

    def _begin(self, flag: str) -> None:
        try:
            self.checkpoints.mkdir(parents=True)
        except OSError as error:
            raise UserError(f"cannot be made ({error.strerror})", where=self.path, fix=f"give another {flag}") from None
        self.claim()
        begin_manifest(self.checkpoints)

    @contextmanager
    def discarded_on_failure(self, *, keep: bool) -> Iterator[None]:
        """Leave things as they were before if the block fails, so that the same command can be typed again; not if `keep`."""
        try:
            yield
        except BaseException:
            self.release()
            if not keep:
                empty(self.path)
                remove_empty(self._made)
            raise

    @classmethod
    def existing(cls, path: Path, *, trusted: bool) -> RunFolder:
        """Open the folder of a stopped run.

        Args:
            path: The folder.
            trusted: Whether the user trusts it even if it was written elsewhere; nothing in it is read otherwise.

        Raises:
            UserError: There is none, it has no saved state, or it was written elsewhere and is not trusted.
        """
        run = cls(path)
        if not path.is_dir():
            raise UserError("no such run", where=path, fix="check --out; --resume goes on with a run that was stopped")
        if not has_checkpoint(run.checkpoints):
            raise UserError(
                "the run has no checkpoint to go on from", where=path, fix="start it afresh in another folder"
            )
        if not trusted:
            # Its settings, too, are somebody else's: they name files to read and a plugin to run.
            check_written_here(run.checkpoints)
        return run

    @classmethod
    def reopened(cls, path: Path, *, trusted: bool) -> RunFolder:
        """Open the folder of a stopped run and claim it; arguments as of `existing`.

        Raises:
            UserError: As there, or another process is working on it.
        """
        run = cls.existing(path, trusted=trusted)
        run.claim()
        return run

    def claim(self) -> None:
        """Keep other processes from working on this run, until `release` or the end of this one.

        What one that was killed has left half written is cleared away.

        Raises:
            UserError: Another process has it.
        """
        self._held = hold_folder(self.path)
        for leftover in self.path.rglob(temporary_pattern()):
            leftover.unlink(missing_ok=True)

    def release(self) -> None:
        """Let others have it."""
        if self._held is not None:
            let_go(self._held)
            self._held = None

    def write_config(self, values: Mapping[str, Any]) -> None:
        """Write the resolved settings."""
        write_text(self.config, yaml.safe_dump(dict(values), sort_keys=False, allow_unicode=True))

    def read_config(self) -> dict[str, Any]:
        """Read the resolved settings back.

        Raises:
            UserError: They are missing or damaged.
        """
        try:
            data = load_yaml(read_small(self.config))
        except (OSError, ValueError, yaml.YAMLError):
            data = None
        if not isinstance(data, dict):
            raise UserError("the run's settings are missing or damaged", where=self.config, fix="name a run's folder")
        return data

    def write_environment(self, device: str) -> None:
        """Write what the run ran on: versions, machine, command."""
        versions = {}
        for name in _LIBRARIES:
            try:
                versions[name] = metadata.version(name)
            except metadata.PackageNotFoundError:
                versions[name] = "not installed as a package"
        data = {
            "date": datetime.now().astimezone().isoformat(timespec="seconds"),
            "command": shlex.join(sys.argv),
            "python": platform.python_version(),
            "system": platform.platform(),
            "processors": os.cpu_count(),
            "device": device,
            "versions": versions,
        }
        write_json(self.path / "environment.json", data)

    def append_metrics(self, row: Mapping[str, float | int]) -> None:
        """Add one row to metrics.csv; a column that is new is added to the header too."""
        self._write_metrics_table([*self._metrics_table(), dict(row)])

    def forget_metrics_after(self, step: int) -> None:
        """Take the rows of later steps out of metrics.csv: a run that was killed goes on from before them."""
        rows = self._metrics_table()
        kept = [row for row in rows if not row.get("step", "").isdecimal() or int(row["step"]) <= step]
        if len(kept) < len(rows):
            self._write_metrics_table(kept)

    def _metrics_table(self) -> list[dict[str, Any]]:
        path = self.path / "metrics.csv"
        if not path.exists():
            return []
        with path.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    def _write_metrics_table(self, rows: list[dict[str, Any]]) -> None:
        columns = list(dict.fromkeys(name for row in rows for name in row))
        path = self.path / "metrics.csv"
        with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, columns, restval="")
            writer.writeheader()
            writer.writerows(rows)

    def write_metrics(self, metrics: Mapping[str, Any]) -> None:
        """Write the run's final figures."""
        write_json(self.path / "metrics.json", metrics)


def _holds_nothing_but_a_begin(path: Path) -> bool:
    """Whether all that is in a folder is what a run makes there before its first checkpoint."""
    checkpoints = path / "checkpoints"
    if not checkpoints.is_dir():
        return False
    # Killed before it wrote anything at all.
    if [each.name for each in path.iterdir()] == ["checkpoints"] and not any(checkpoints.iterdir()):
        return True
    # Folders of other tools may have the same names in them; they have no manifest that was written there.
    if not is_written_here(checkpoints) or has_checkpoint(checkpoints):
        return False
    passing = [*path.glob(temporary_pattern()), *checkpoints.glob(temporary_pattern())]
    made = all(each in passing or each.name in _BEFORE_A_SAVE for each in path.iterdir())
    return made and all(
        each in passing or _BEFORE_A_CHECKPOINT.fullmatch(each.name) is not None for each in checkpoints.iterdir()
    )
