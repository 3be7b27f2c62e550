"""The folder of a fine-tuning run: made anew, opened to go on, and taken away when nothing came of it."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from pathlib import Path

from pytorch_lightning.utilities import rank_zero_only

from nlpsuite.errors import UserError
from nlpsuite.training.checkpoints import LAST, MANIFEST, PREVIOUS
from nlpsuite.training.runfolder import RunFolder


def is_first_process() -> bool:
    """Whether this is the only process of the run, or the first of several: the one that writes and tells."""
    return not getattr(rank_zero_only, "rank", 0)


def open_run(path: Path, *, resume: bool, trusted: bool) -> RunFolder:
    """Make the run's folder, or open that of a stopped run.

    Only the first of several processes writes there; the others get a folder of their own that vanishes with them.

    Args:
        path: The folder.
        resume: Whether to open that of a stopped run.
        trusted: Whether to do so even if it was written elsewhere.

    Raises:
        UserError: A new folder is not empty, or there is no run to go on with.
    """
    if is_first_process():
        return _stopped_run(path, trusted) if resume else RunFolder.create(path)
    own = Path(tempfile.mkdtemp(prefix="nlpsuite-"))
    atexit.register(shutil.rmtree, own, ignore_errors=True)
    run = RunFolder.create(own)
    run.last = RunFolder(path).last
    if resume:
        first = _stopped_run(path, trusted)
        for file in first.checkpoints.glob("*"):
            if file.name not in (LAST, PREVIOUS, MANIFEST):
                shutil.copy(file, run.checkpoints)
    return run


def _stopped_run(path: Path, trusted: bool) -> RunFolder:
    if (path / "metrics.json").is_file():
        raise UserError("the run is finished", where=path, fix=f"use it: suite predict {path} FILE")
    open_ = RunFolder.reopened if is_first_process() else RunFolder.existing
    return open_(path, trusted=trusted)
