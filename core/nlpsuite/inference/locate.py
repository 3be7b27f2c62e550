"""From what the user typed to a model's folder: `nano`, a run, or a model folder."""

from __future__ import annotations

import difflib
import itertools
import os
from pathlib import Path

from nlpsuite.backbone.folders import EMBEDDED, embedded_folder, is_model
from nlpsuite.errors import UserError
from nlpsuite.files import read_small


def find_backbone(target: str) -> Path:
    """Return the folder of the backbone that `target` means.

    Args:
        target: `nano` for the embedded backbone, a run's folder, or a model folder.

    Raises:
        UserError: Nothing is there, or what is there is no finished backbone.
    """
    if target == EMBEDDED:
        return embedded_folder()
    return _model_folder(target, "a run of `suite pretrain`, a model folder, or `nano`")


def evaluation_file(target: str, data: Path) -> Path | None:
    """Return a name in a run's folder for the predictions of the rows of `data`; None where there is no such folder.

    Args:
        target: A run's folder, or a model folder, which is an artifact and is not written to; a run that is not this user's to
            write to is scored all the same.
        data: The file or folder that is scored.
    """
    run = Path(target).expanduser()
    if not is_model(run / "model") or not os.access(run, os.W_OK):
        return None
    folder = run / "evaluations"
    stem = data.resolve().name.split(".")[0] or "rows"
    names = itertools.chain([stem], (f"{stem}-{number}" for number in itertools.count(2)))
    return next(path for name in names if not (path := folder / f"{name}.jsonl").exists())


def find_task_model(target: str) -> tuple[Path, str]:
    """Return the model folder that `target` means, and the name of its task.

    Args:
        target: A run's folder, or a model folder with one head.

    Raises:
        UserError: Nothing is there, or what is there is no finished fine-tuned model.
    """
    from nlpsuite.inference.artifact import only_head

    folder = _model_folder(target, "a run of `suite run`")
    return folder, only_head(folder)


def _model_folder(target: str, expected: str) -> Path:
    path = Path(target).expanduser()
    for folder in (path / "model", path):
        if is_model(folder):
            return folder
    if not path.exists():
        raise UserError("no such folder", where=target, fix=_near(path, expected))
    if path.is_file():
        raise UserError("a file, not a folder", where=target, fix=f"name {expected}")
    if any((path / "checkpoints" / name).is_file() for name in ("last.ckpt", "previous.ckpt")):
        raise UserError("the run is not finished: it has no model", where=target, fix=f"go on with it: {_resume(path)}")
    if (path / "checkpoints").is_dir():
        raise UserError("the run has no model; it did not finish", where=target, fix="start it again")
    raise UserError("no model in this folder: it has no config.json", where=target, fix=f"name {expected}")


def _resume(path: Path) -> str:
    import yaml

    from nlpsuite.config import load_yaml

    try:
        config = load_yaml(read_small(path / "config.yaml"))
    except (OSError, ValueError, yaml.YAMLError):
        config = None
    command = "run" if isinstance(config, dict) and "target" in config else "pretrain"
    return f"suite {command} --resume --out {path}"


def _near(path: Path, expected: str) -> str:
    """Name what lies beside the missing folder, or under `runs`, and is spelt almost the same."""
    places = [place for place in (path.parent, Path("runs")) if place.is_dir()]
    folders = {entry.name: entry for place in places for entry in place.iterdir() if entry.is_dir()}
    names = [name for name in (*folders, EMBEDDED) if not name.startswith(".")]
    near = difflib.get_close_matches(path.name, names, n=1)
    if not near:
        return f"name {expected}"
    return f"did you mean `{folders.get(near[0], near[0])}`?"
