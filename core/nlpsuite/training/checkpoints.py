"""A run's checkpoints: whole or not there at all, known by their SHA-256, and the one before kept until the next is good.

`last.ckpt` is the state to go on from, `previous.ckpt` the one before it, and `manifest.json` knows both, and the next one before
it takes its place: whatever the instant at which a process is killed, what lies under either name is whole and known. A file that
is not known, or not whole, is told and passed over.

The manifest also knows in which folder it was written. A state from elsewhere is read only if the user says so: reading one runs
no code, but what is trained on from it is somebody else's.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from lightning_fabric.plugins.io.checkpoint_io import CheckpointIO

from nlpsuite.errors import UserError
from nlpsuite.files import read_json, sync_folder, temporary_name, write_json, writing_to
from nlpsuite.own_key import is_signed, sign

if TYPE_CHECKING:
    from typing import BinaryIO

    from nlpsuite.report import Reporter

LAST, PREVIOUS, MANIFEST = "last.ckpt", "previous.ckpt", "manifest.json"
KEPT = 20
"""Checkpoints that the manifest knows: the two on disk, the one that takes their place, and some that never got their names."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the manifest says of a checkpoint.

    Attributes:
        sha256: Of the file.
        bytes: Its size.
        step: Optimiser steps done.
    """

    sha256: str
    bytes: int
    step: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """What is known of a folder's checkpoints.

    Attributes:
        folder: Where it was written, in full.
        signature: That a user wrote it there, by a key of the user's own.
        known: The checkpoints, the newest first.
    """

    folder: str
    signature: str
    known: list[Known]


class VerifiedCheckpointIO(CheckpointIO):
    """Saves and loads a run's checkpoints for Lightning."""

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | os.PathLike[str], storage_options: Any = None
    ) -> None:
        """Write a checkpoint beside the last one, read it back, and only then let it take that one's place.

        Raises:
            OSError: The disk is full.
            UserError: The disk gives back something else than was written, or the place cannot be written to.
        """
        place = Path(path)
        temporary = place.with_name(temporary_name(place.name))
        with writing_to(place):
            try:
                known = _write(checkpoint, temporary)
                if _sha256(temporary) != known.sha256:
                    raise UserError(
                        "the disk gives back something else than was written", where=place, fix="check the disk"
                    )
                _note(place.parent, known)
                if place.exists():
                    os.replace(place, place.with_name(PREVIOUS))
                os.replace(temporary, place)
                sync_folder(place.parent)
            finally:
                temporary.unlink(missing_ok=True)

    def load_checkpoint(
        self, path: str | os.PathLike[str], map_location: Any = None, weights_only: bool | None = None
    ) -> dict[str, Any]:
        """Read a checkpoint: tensors and plain values, never code."""
        found: dict[str, Any] = torch.load(path, map_location=map_location or "cpu", weights_only=True)
        return found

    def remove_checkpoint(self, path: str | os.PathLike[str]) -> None:
        """Take a checkpoint away."""
        Path(path).unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class Found:
    """A checkpoint to go on from.

    Attributes:
        path: The file.
        state: What it holds.
    """

    path: Path
    state: dict[str, Any]


def has_checkpoint(folder: Path) -> bool:
    """Whether there is a checkpoint of a run, whole or not."""
    return any((folder / name).is_file() for name in (LAST, PREVIOUS))


def check_written_here(folder: Path) -> None:
    """Check that a run's checkpoints were written in the folder where they lie, by this user.

    Raises:
        UserError: They were written elsewhere, or nothing says where.
    """
    manifest = _read_manifest(folder)
    if is_written_here(folder):
        return
    wrote = "nothing says where the run's state was written"
    if manifest is not None:
        same = manifest.folder == str(folder.resolve())
        wrote = "written by another user, or on another machine" if same else f"written in {manifest.folder}"
    raise UserError(wrote, where=folder, fix="if you know where it comes from, and trust it, add --trust-checkpoint")


def is_written_here(folder: Path) -> bool:
    """Whether the manifest in a run's `checkpoints/` was written there, by this user."""
    manifest = _read_manifest(folder)
    if manifest is None or manifest.folder != str(folder.resolve()):
        return False
    return is_signed(manifest.folder, manifest.signature)


def begin_manifest(folder: Path) -> None:
    """Write the manifest of a run that has saved nothing yet; it says whose folder this is."""
    _write_manifest(folder, [])


def find_checkpoint(folder: Path, report: Reporter) -> Found:
    """Return the newest checkpoint of a run that is whole.

    Args:
        folder: The run's `checkpoints/`.
        report: Told of one that is damaged.

    Raises:
        UserError: None is whole.
    """
    manifest = _read_manifest(folder)
    known = None if manifest is None else manifest.known
    wrong = ""
    for name in (LAST, PREVIOUS):
        path = folder / name
        if not path.is_file():
            continue
        fault, state = _read(path, known)
        if state is not None:
            if wrong:
                report.warn(f"{wrong}; going on from the one before, of step {state['global_step']:,}")
            return Found(path, state)
        wrong = wrong or f"{path} is damaged ({fault})"
    if not wrong:
        raise UserError(
            "the run has no checkpoint to go on from", where=folder, fix="start it afresh in another folder"
        )
    raise UserError(f"no checkpoint is whole: {wrong}", where=folder, fix="start the run afresh")


def _read(path: Path, known: list[Known] | None) -> tuple[str, dict[str, Any] | None]:
    """Return what is wrong with a checkpoint, or what it holds."""
    try:
        if known is not None and _sha256(path) not in {each.sha256 for each in known}:
            return "it is not what was written", None
        state = torch.load(path, map_location="cpu", weights_only=True)
        state["nlpsuite"]["seconds"], state["global_step"]
    except Exception as error:
        # Whatever torch makes of a damaged file, there is one thing to do about it.
        return f"{type(error).__name__}", None
    return "", dict(state)


class _Hashing:
    """A file that is written to, and the SHA-256 of what was."""

    def __init__(self, file: BinaryIO):
        self._file, self.sha256, self.size = file, hashlib.sha256(), 0

    def write(self, data: bytes | memoryview) -> int:
        self.sha256.update(data)
        self.size += len(data)
        return self._file.write(data)

    def flush(self) -> None:
        self._file.flush()


def _write(checkpoint: dict[str, Any], path: Path) -> Known:
    with path.open("wb") as file:
        hashing = _Hashing(file)
        torch.save(checkpoint, hashing)  # type: ignore[arg-type]  # it asks for no more than write and flush
        file.flush()
        os.fsync(file.fileno())
    return Known(hashing.sha256.hexdigest(), hashing.size, int(checkpoint.get("global_step", 0)))


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _note(folder: Path, new: Known) -> None:
    """Make the manifest know a checkpoint before it has its name, and still those that it may take the place of."""
    manifest = _read_manifest(folder)
    if manifest is None:
        # It was lost; what lies here was good enough to go on from.
        paths = [folder / name for name in (LAST, PREVIOUS) if (folder / name).is_file()]
        before = [Known(_sha256(path), path.stat().st_size, 0) for path in paths]
    else:
        before = manifest.known
    known = [each for each in before if each.sha256 != new.sha256]
    _write_manifest(folder, [new, *known][:KEPT])


def _write_manifest(folder: Path, known: list[Known]) -> None:
    here = str(folder.resolve())
    written = {"folder": here, "signature": sign(here), "checkpoints": [asdict(each) for each in known]}
    write_json(folder / MANIFEST, written, durable=True)


def _read_manifest(folder: Path) -> Manifest | None:
    """Return what the manifest knows; None where there is none that can be read, and files must be judged by themselves."""
    try:
        data = read_json(folder / MANIFEST)
        listed = [Known(str(each["sha256"]), int(each["bytes"]), int(each["step"])) for each in data["checkpoints"]]
        return Manifest(str(data["folder"]), str(data["signature"]), listed)
    except (OSError, ValueError, KeyError, TypeError):
        return None
